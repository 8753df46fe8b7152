"""The supervisor: one thread that starts, watches, replaces and ends the processes of one cell.

The kernel ties each process's death to the thread that started it: this one lives until all of them are gone.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping

from cell_controller.bringup.children import Child, Output, Print
from cell_controller.bringup.errors import StartError
from cell_controller.bringup.table import NodeSpec, Role
from cell_controller.bringup.urgency import make_urgent
from cell_controller.bringup.watch import HANG_S, Settling, Sight, Verdict, judge
from cell_controller.config import CELL_MANAGER
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.operator_client import OperatorClient

LOOK_S = 0.1
OWN_STALL_S = 1.0  # ten looks
READY_WORD = "ready"  # in a line of a process that the cell file names
READY_LIMIT_S = 30.0  # for that line
LEAVE_S = 5.0  # for a node that has nothing to stop
HURRY_S = 1.0

_GOING = (Role.MANAGER, Role.STATION, Role.INTERLOCK, Role.BUS, Role.RECORDER, Role.DISPLAY, Role.PROCESS)


class Supervisor:
    """The processes of a table. `start` once, then `end` once."""

    def __init__(
        self,
        specs: Iterable[NodeSpec],
        client: OperatorClient,
        *,
        show: Print,
        descriptors: tuple[int, ...] = (),
        bus_patience_s: Mapping[str, float],
    ) -> None:
        """`bus_patience_s`: a bus that is told to end plays its stop program, and is not killed before."""
        self._client, self._show = client, show
        self._bus_patience_s = bus_patience_s
        output = self._output = Output(self._hear)
        self._children = {spec.name: Child(spec, output, descriptors) for spec in specs}
        self._thread = threading.Thread(target=self._supervise, name="supervisor")
        self._looks = threading.Condition()
        self._is_over = False
        self._ready: set[str] = set()
        self._settling = Settling(SETTLED_S)
        self._lost: list[str] = []
        self._started = threading.Event()
        self._failure: BaseException | None = None
        # Plain, because a signal handler sets them: an Event's lock may be held by the code it interrupts.
        self.gives_up = False  # starting
        self.is_hurried = False  # ending

    # life

    def start(self) -> None:
        """Returns when all processes run, or it was given up; raises what kept one from starting."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """End the processes in their order; returns when the last one is gone. May be called twice."""
        self.gives_up = True
        with self._looks:
            self._is_over = True
            self._looks.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._output.close()

    # what is known about them

    @property
    def is_running(self) -> bool:
        """Until the last process is gone."""
        return self._thread.is_alive()

    @property
    def lost(self) -> tuple[str, ...]:
        """Required processes that are dead for good."""
        return tuple(self._lost)

    def pids(self) -> dict[str, int | None]:
        """Process ids of the present lives."""
        return {name: child.pid for name, child in self._children.items()}

    def starts(self, name: str) -> int:
        """How often a process has been started."""
        return self._children[name].starts

    def exit_codes(self) -> dict[str, tuple[int, ...]]:
        """By process, one code per life that has ended."""
        return {name: tuple(child.exit_codes) for name, child in self._children.items()}

    def missing(self) -> list[str]:
        """Names of the processes that are not up yet, or not any more; a node needs a moment to settle."""
        now_s = time.monotonic()
        missing = [
            child.name
            for child in self._children.values()
            if not self._settling.is_settled(child.name, self._sight(child), now_s)
        ]
        if not missing and self._client.state is None:
            missing.append(CELL_MANAGER)
        return missing

    def kill(self, name: str, number: signal.Signals) -> int:
        """A signal to one process, as a test or an accident would send it; returns its pid."""
        pid = self._children[name].pid
        if pid is None:
            raise StartError(name, "it does not run")
        os.kill(pid, number)
        return pid

    # the thread

    def _supervise(self) -> None:
        is_complete = False
        try:
            is_complete = self._start_all()
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that called start
            self._failure = error
        finally:
            self._started.set()
        try:
            self._watch(replaces=is_complete)
        finally:
            self._end_all()

    def _start_all(self) -> bool:
        """False when it was given up on the way."""
        for child in self._children.values():
            if not all(self._has_said_ready(self._children[name]) for name in child.spec.start_after):
                return False
            if self.gives_up:
                return False
            try:
                child.start()
            except OSError as error:
                raise StartError(child.name, str(error)) from error
        return True

    def _has_said_ready(self, child: Child) -> bool:
        """Waits until a process that the cell file names says so; False when that is given up."""
        deadline_s = child.started_at_s + READY_LIMIT_S
        while child.name not in self._ready:
            if not child.poll():
                raise StartError(child.name, f"exit code {child.exit_codes[-1]}")
            if time.monotonic() > deadline_s:
                raise StartError(child.name, f"no line with the word {READY_WORD!r}")
            if self.gives_up:
                return False
            time.sleep(0.02)
        if child.pid is not None:
            make_urgent(child.spec.priority, child.pid)  # the nodes see to it themselves
        return True

    def _hear(self, name: str, line: str) -> None:
        if name not in self._ready and READY_WORD in line.lower():
            self._ready.add(name)
        self._show(name, line)

    def _watch(self, *, replaces: bool) -> None:
        looked_at_s = blind_until_s = time.monotonic()
        with self._looks:
            while not self._is_over:
                self._looks.wait(LOOK_S)
                now_s = time.monotonic()
                if now_s - looked_at_s > OWN_STALL_S:
                    blind_until_s = now_s + HANG_S  # it was us who stood still: heartbeats are still queued
                looked_at_s = now_s
                if replaces and not self._is_over:
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
            heard_at_s=min(map(self._client.heard_at_s, child.spec.units)),
            starts=child.starts,
            respawns=child.spec.respawns,
        )

    def _say(self, line: str) -> None:
        self._show("cell", line)

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
        default_s = HURRY_S if self.is_hurried else LEAVE_S
        return self._bus_patience_s.get(child.name, default_s)
