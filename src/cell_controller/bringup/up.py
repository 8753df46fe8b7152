"""CellUp: a whole cell as processes of this one. `cell up`, `cell run` and the integration tests use it.

Order of coming: what the cell file names (the simulator), buses, interlock, stations, manager, recorder,
display.
Order of going: Stop, standstill, manager, stations, interlock, buses, simulator. When this process is killed,
the kernel sends every node SIGTERM, and the buses play their stop programs.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cell_controller.bringup.children import Print
from cell_controller.bringup.claim import Claim
from cell_controller.bringup.errors import StartError
from cell_controller.bringup.proof_file import unproved
from cell_controller.bringup.supervisor import Supervisor
from cell_controller.bringup.table import Arguments, NodeSpec, build
from cell_controller.bringup.urgency import losses
from cell_controller.config import CellFile
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.packml import Command, State
from cell_controller.plan import CellPlan, load_plan
from cell_controller.runtime import ports

# A bus also waits for the request in flight and closes its port; KILL must come later than that.
BUS_MARGIN_S = 3.0
# Finishing what a Stop allows to be finished (a weld from contact on) takes as long as the process does.
STANDSTILL_S = 60.0


def quiet(name: str, line: str) -> None:
    """Shows nothing."""


class CellUp:
    """One running cell. A context manager: `start` on entry, `stop` on exit."""

    def __init__(
        self,
        arguments: Arguments,
        *,
        show: Print = quiet,
        table: Callable[[Arguments], list[NodeSpec]] = build,
    ) -> None:
        """`show` gets every line of the processes, and the supervisor's own under the name `cell`."""
        self._claim = Claim(arguments)
        self.specs = table(arguments)
        self._show = show
        self._client: OperatorClient | None = None
        self._supervisor: Supervisor | None = None
        self._gives_up = self._is_hurried = False

    # life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except KeyboardInterrupt:  # a second Ctrl-C: nothing may run on that was to be stopped
            self.hurry()
            self.stop()
            raise

    def start(self) -> None:
        """Lock, then start everything; returns when all processes run. ConfigError or BringupError if not."""
        loaded, plan = load_plan(self.arguments.cell)
        lines = plan.lines
        self._claim.take()
        self._say_what_is_lost()
        self._say_what_is_not_proved(loaded.cell, plan)
        try:
            self._client = OperatorClient(self.namespace, operator="cell up", node_name="supervisor")
            self._client.open()
            self._supervisor = Supervisor(
                self.specs,
                self._client,
                show=self._show,
                descriptors=self._claim.descriptors,
                bus_patience_s={
                    name: line.program_s + line.stop_latency_s + BUS_MARGIN_S for name, line in lines.items()
                },
            )
            self._supervisor.gives_up = self._gives_up
            self._supervisor.start()
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, timeout_s: float) -> None:
        """Until every node is heard and the cell tells its state; raises StartError naming who is missing."""
        deadline_s = time.monotonic() + timeout_s
        while missing := self.missing():
            if lost := self.lost:
                raise StartError(lost[0], f"exit codes {self.exit_codes()[lost[0]]}")
            if time.monotonic() > deadline_s:
                raise StartError(", ".join(missing), f"nothing heard within {timeout_s:g} s")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the motion, then the processes in their order; leaves nothing behind. May be called twice."""
        if self._supervisor is not None:
            if self._supervisor.is_running:
                self._stop_motion()
            self._supervisor.end()
        if self._client is not None:
            self._client.close()
        self._claim.release()

    def give_up(self) -> None:
        """Start nothing more: a `start` under way returns at once, to be followed by `stop`.

        From a signal handler or another thread, as `hurry`.
        """
        self._gives_up = True
        if self._supervisor is not None:
            self._supervisor.gives_up = True

    def hurry(self) -> None:
        """Wait for nothing but the buses' stop programs."""
        self._is_hurried = True
        if self._supervisor is not None:
            self._supervisor.is_hurried = True

    # what is known about it

    @property
    def arguments(self) -> Arguments:
        """With everything filled in."""
        return self._claim.arguments

    @property
    def cell(self) -> CellFile:
        return self._claim.cell

    @property
    def run_dir(self) -> Path:
        return self._claim.run_dir

    @property
    def namespace(self) -> str:
        return self._claim.namespace

    @property
    def client(self) -> OperatorClient:
        """The supervisor's own view of the cell, for whoever holds this object."""
        if self._client is None:
            raise StartError("the cell", "it has not been started")
        return self._client

    @property
    def supervisor(self) -> Supervisor:
        """Who knows the processes, from `start` on."""
        if self._supervisor is None:
            raise StartError("the cell", "it has not been started")
        return self._supervisor

    @property
    def lost(self) -> tuple[str, ...]:
        """Required processes that are dead for good; the cell is to be stopped then."""
        return self.supervisor.lost

    def missing(self) -> list[str]:
        """Names of the processes that are not up yet, or not any more."""
        return self.supervisor.missing()

    def starts(self, name: str) -> int:
        """How often a process has been started."""
        return self.supervisor.starts(name)

    def exit_codes(self) -> dict[str, tuple[int, ...]]:
        """By process, one code per life that has ended."""
        return self.supervisor.exit_codes()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """A signal to one process, as a test or an accident would send it; returns its pid."""
        return self.supervisor.kill(name, number)

    # inside

    def _say_what_is_lost(self) -> None:
        """Once for the whole cell, not by every process of it."""
        priority = max(spec.priority for spec in self.specs)
        if priority:
            for text in losses(priority, locks_memory=self.cell.realtime.lock_memory):
                self._show("cell", text)

    def _say_what_is_not_proved(self, cell: CellFile, plan: CellPlan) -> None:
        """In a line; with `production: true` the manager refuses Production for the same reason."""
        text = unproved(cell, plan)
        if text:
            self._show("cell", f"{'Production is refused' if cell.production else 'warning'}: {text}")

    def _stop_motion(self) -> None:
        """Stop as an operator would and wait for standstill, unless nobody is there to do it."""
        client = self.client
        if client.state is None or client.age_s(ports.STATE) > 1.0 or self._is_hurried:
            return
        try:
            if client.state.state not in (State.STOPPED, State.ABORTED):
                client.command(Command.STOP, timeout_s=2.0)
            client.wait_until(lambda: self._is_hurried or self._is_at_rest(), STANDSTILL_S, "standstill")
        except NoAnswerError as error:
            self._show("cell", f"{error}; the buses stop the drives")

    def _is_at_rest(self) -> bool:
        state = self.client.state
        states = self.client.drive_states.values()
        return (
            state is not None
            and state.state in (State.STOPPED, State.ABORTED)
            and all(s.is_stopped for s in states)
        )
