"""CellUp: a whole cell as processes of this one. `cell up`, `cell run` and the integration tests use it.

Order of coming: what the cell file names (the simulator), buses, interlock, stations, manager, recorder.
Order of going: Stop, standstill, manager, stations, interlock, buses, simulator. When this process is killed,
the kernel sends every node SIGTERM, and the buses play their stop programs.

The default run directory is emptied before and removed after a run, with everything in it; one that is given
stays. So a part journal inside {run_dir} of a simulated cell lives as long as the simulated parts; the cell
file of a real machine names a journal outside.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cell_controller.bringup.children import Child, Output, Print, remove_tree
from cell_controller.bringup.errors import StartError
from cell_controller.bringup.locks import Locks
from cell_controller.bringup.table import Arguments, NodeSpec, Role, build, settle
from cell_controller.bringup.urgency import make_urgent
from cell_controller.bringup.watch import HANG_S, Sight, Verdict, is_up, judge
from cell_controller.config import CELL_MANAGER
from cell_controller.errors import CellError
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.packml import Command, State
from cell_controller.plan import CellPlan, load_plan
from cell_controller.runtime import ports

LOOK_S = 0.1
OWN_STALL_S = 1.0  # ten looks
READY_WORD = "ready"  # in a line of a process that the cell file names
LEAVE_S = 5.0  # for a node that has nothing to stop
HURRY_S = 1.0
# A bus also waits for the request in flight and closes its port; KILL must come later than that.
BUS_MARGIN_S = 3.0
# Finishing what a Stop allows to be finished (a weld from contact on) takes as long as the process does.
STANDSTILL_S = 60.0

_GOING = (Role.MANAGER, Role.STATION, Role.INTERLOCK, Role.BUS, Role.RECORDER, Role.PROCESS)


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
        self.arguments, self.cell = settle(arguments)
        self.specs = table(arguments)
        self._keeps_run_dir = arguments.run_dir is not None
        self._show = show
        self._plan: CellPlan | None = None
        self._locks = Locks()
        self._output: Output | None = None
        self._children: dict[str, Child] = {}
        self._client: OperatorClient | None = None
        self._supervisor: threading.Thread | None = None
        self._jobs = threading.Condition()
        self._is_supervising = False
        self._is_over = False
        self._ready: set[str] = set()
        self._up_since: dict[str, tuple[int, float]] = {}  # life and first sight in it
        self._lost: list[str] = []
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._is_hurried = threading.Event()

    # life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def run_dir(self) -> Path:
        assert self.arguments.run_dir is not None
        return self.arguments.run_dir

    @property
    def namespace(self) -> str:
        assert self.arguments.namespace is not None
        return self.arguments.namespace

    @property
    def client(self) -> OperatorClient:
        """The supervisor's own view of the cell, for whoever holds this object."""
        if self._client is None:
            raise StartError("the cell", "it has not been started")
        return self._client

    @property
    def lost(self) -> tuple[str, ...]:
        """Required processes that are dead for good; the cell is to be stopped then."""
        return tuple(self._lost)

    def start(self) -> None:
        """Lock, then start everything; returns when all processes run. ConfigError or BringupError if not."""
        _, self._plan = load_plan(self.arguments.cell)
        self._take_locks()
        try:
            self._prepare_run_dir()
            self._output = Output(self._hear)
            self._client = OperatorClient(self.namespace, operator="cell up", node_name="supervisor")
            self._client.open()
            # Children are tied to the thread that starts them: this one lives until all of them are gone.
            self._supervisor = threading.Thread(target=self._supervise, name="supervisor")
            self._supervisor.start()
            self._started.wait()
            if self._failure is not None:
                raise self._failure
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, timeout_s: float) -> None:
        """Until every node is heard and the cell tells its state; raises StartError naming who is missing."""
        deadline_s = time.monotonic() + timeout_s
        while missing := self.missing():
            if self._lost:
                raise StartError(self._lost[0], f"exit codes {self.exit_codes()[self._lost[0]]}")
            if time.monotonic() > deadline_s:
                raise StartError(", ".join(missing), f"nothing heard within {timeout_s:g} s")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the motion, then the processes in their order; leaves nothing behind. May be called twice."""
        if self._supervisor is not None and self._supervisor.is_alive():
            self._stop_motion()
            with self._jobs:
                self._is_supervising = False
                self._is_over = True
                self._jobs.notify_all()
            self._supervisor.join()
        if self._client is not None:
            self._client.close()
        if self._output is not None:
            self._output.close()
            self._output = None
        if self._locks.descriptors and not self._keeps_run_dir:
            remove_tree(self.run_dir)
        self._locks.release()

    def hurry(self) -> None:
        """Wait for nothing but the buses' stop programs; from a signal handler or another thread."""
        self._is_hurried.set()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """A signal to one process, as a test or an accident would send it; returns its pid."""
        child = self._children[name]
        pid = child.pid
        if pid is None:
            raise StartError(name, "it does not run")
        os.kill(pid, number)
        return pid

    def pids(self) -> dict[str, int | None]:
        """Process ids of the present lives."""
        return {name: child.pid for name, child in self._children.items()}

    def starts(self, name: str) -> int:
        """How often a process has been started."""
        return self._children[name].starts

    def exit_codes(self) -> dict[str, tuple[int, ...]]:
        """By process, one code per life that has ended."""
        return {name: tuple(child.exit_codes) for name, child in self._children.items()}

    # starting

    def _take_locks(self) -> None:
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        try:
            self._locks.take(
                f"namespace {domain} {self.namespace}", f"namespace {self.namespace} (domain {domain})"
            )
            for name, line in self.cell.lines.items():
                self._locks.take(
                    f"line {os.path.realpath(line.device)}", f"serial line {name} ({line.device})"
                )
        except CellError:
            self._locks.release()
            raise

    def _prepare_run_dir(self) -> None:
        if not self._keeps_run_dir:
            remove_tree(self.run_dir)
        for directory in (self.run_dir, self.arguments.trace_dir):
            if directory is not None:
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _start_all(self) -> None:
        assert self._output is not None
        for spec in self.specs:
            child = self._children[spec.name] = Child(spec, self._output, self._locks.descriptors)
            for name in spec.start_after:
                self._wait_for_word(self._children[name])
            try:
                child.start()
            except OSError as error:
                raise StartError(spec.name, str(error)) from error

    def _wait_for_word(self, child: Child) -> None:
        """Until a process that the cell file names says it is ready."""
        deadline_s = child.started_at_s + LEAVE_S * 6
        while child.name not in self._ready:
            if not child.poll():
                raise StartError(child.name, f"exit code {child.exit_codes[-1]}")
            if time.monotonic() > deadline_s or self._is_over or self._is_hurried.is_set():
                raise StartError(child.name, f"no line with the word {READY_WORD!r}")
            time.sleep(0.02)
        if child.pid is not None:
            make_urgent(child.spec.priority, child.pid)  # the nodes see to it themselves

    def _hear(self, name: str, line: str) -> None:
        if name not in self._ready and READY_WORD in line.lower():
            self._ready.add(name)
        self._show(name, line)

    def missing(self) -> list[str]:
        """Names of the processes that are not up yet, or not any more; a node needs a moment to settle."""
        now_s = time.monotonic()
        missing = [child.name for child in self._children.values() if not self._is_settled(child, now_s)]
        if not missing and self.client.state is None:
            missing.append(CELL_MANAGER)
        return missing

    def _is_settled(self, child: Child, now_s: float) -> bool:
        if not is_up(self._sight(child), now_s):
            return False
        life, since_s = self._up_since.get(child.name, (0, 0.0))
        if life != child.starts:
            self._up_since[child.name] = (child.starts, now_s)
            return not child.spec.is_node
        return not child.spec.is_node or now_s - since_s >= SETTLED_S

    # supervising: one thread starts, watches, replaces and ends the processes

    def _supervise(self) -> None:
        try:
            self._start_all()
            self._is_supervising = True
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that called start
            self._failure = error
        finally:
            self._started.set()
        try:
            self._watch()
        finally:
            self._end_all()

    def _watch(self) -> None:
        looked_at_s = blind_until_s = time.monotonic()
        with self._jobs:
            while not self._is_over:
                self._jobs.wait(LOOK_S)
                now_s = time.monotonic()
                if now_s - looked_at_s > OWN_STALL_S:
                    blind_until_s = now_s + HANG_S  # it was us who stood still: heartbeats are still queued
                looked_at_s = now_s
                if self._is_supervising:
                    for child in self._children.values():
                        self._look(child, now_s, is_blind=now_s < blind_until_s)

    def _look(self, child: Child, now_s: float, *, is_blind: bool) -> None:
        sight = self._sight(child)
        verdict = judge(sight, now_s)
        if verdict is Verdict.KILL and not is_blind:
            self._say(f"{child.name} (pid {child.pid}) has no heartbeat: killed")
            child.kill()
        elif verdict is Verdict.RESPAWN:
            self._say(
                f"{child.name} died (exit code {child.exit_codes[-1]}): "
                f"started again, {child.starts} of {sight.respawns}"
            )
            try:
                child.start()
            except OSError as error:  # no memory or no process left: the next look tries again
                self._say(f"{child.name} cannot be started: {error}")
        elif verdict is Verdict.LOST and child.spec.is_required and child.name not in self._lost:
            self._say(f"{child.name} is dead for good (exit code {child.exit_codes[-1]})")
            self._lost.append(child.name)

    def _sight(self, child: Child) -> Sight:
        return Sight(
            is_running=child.poll(),
            is_node=child.spec.is_node,
            started_at_s=child.started_at_s,
            heard_at_s=self.client.heard_at_s(child.name),
            starts=child.starts,
            respawns=child.spec.respawns,
        )

    def _say(self, line: str) -> None:
        self._show("cell", line)

    # going

    def _stop_motion(self) -> None:
        """Stop as an operator would and wait for standstill, unless nobody is there to do it."""
        manager = self._children.get(CELL_MANAGER)
        client = self.client
        if (
            manager is None
            or client.state is None
            or client.age_s(ports.STATE) > 1.0
            or self._is_hurried.is_set()
        ):
            return
        try:
            if client.state.state not in (State.STOPPED, State.ABORTED):
                client.command(Command.STOP, timeout_s=2.0)
            client.wait_until(
                lambda: self._is_hurried.is_set() or self._is_at_rest(), STANDSTILL_S, "standstill"
            )
        except NoAnswerError as error:
            self._say(f"{error}; the buses stop the drives")

    def _is_at_rest(self) -> bool:
        state = self.client.state
        states = self.client.drive_states.values()
        return (
            state is not None
            and state.state in (State.STOPPED, State.ABORTED)
            and all(s.is_stopped for s in states)
        )

    def _end_all(self) -> None:
        for role in _GOING:
            group = [child for child in self._children.values() if child.spec.role is role]
            for child in group:
                child.send(signal.SIGTERM)
                child.send(signal.SIGCONT)  # a stopped process cannot end itself
            for child in group:
                if not child.wait(self._patience_s(child)):
                    self._say(f"{child.name} (pid {child.pid}) did not leave: killed")
                    child.kill()
                    child.wait(LEAVE_S)

    def _patience_s(self, child: Child) -> float:
        """Longer than the longest stop program of a bus, hurried or not."""
        if child.spec.role is Role.BUS and self._plan is not None:
            line = self._plan.lines[child.name]
            return line.program_s + line.stop_latency_s + BUS_MARGIN_S
        return HURRY_S if self._is_hurried.is_set() else LEAVE_S
