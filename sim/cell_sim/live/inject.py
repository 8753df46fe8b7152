"""Carries one fault out on a running cell and takes it back."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cell_controller.config import CELL_MANAGER, INTERLOCK, RECORDER
from cell_controller.messages import DriveStates, Setpoint
from cell_controller.nodes.operator_client import NoAnswerError
from cell_controller.nodes.tap import say_next
from cell_controller.runtime import ports
from cell_sim.episodes.faults import FaultKind
from cell_sim.episodes.schedule import FAULT_CODES
from cell_sim.host.not_a_number import with_nan
from cell_sim.live import wallclock
from cell_sim.live.catalog import BY_NAME, LiveFault
from cell_sim.live.errors import FaultError, TargetError, UnknownFaultError
from cell_sim.live.running import RunningCell

FRAMES = 2  # spoilt in a row: two failed exchanges are tolerated
EVERY = 1_000_000  # replies: all of them
LATE_TIMEOUTS = 1.5  # of the slowest drive of the line
AGAIN_S = 0.02  # between two looks while a fault lasts
AHEAD = 20  # messages: its sender may send some before ours is there; receivers see a small loss
NEXT_S = 0.001  # a stamp that is newer, and past when it arrives
TIMES = 3  # a fast line's own next message may be there first, and one with an older stamp is thrown away
HEARD_S = 10.0  # until a message of the target has come that can be spoilt


def resolve(name: str, target: str, cell: RunningCell) -> tuple[LiveFault, str]:
    """The fault of a name and its target; UnknownFaultError, TargetError."""
    fault = BY_NAME.get(name)
    if fault is None:
        raise UnknownFaultError(name, BY_NAME)
    known = fault.targets(cell.cell)
    if fault.kind is FaultKind.CLOCK and not target:
        return fault, known[0]
    if target not in (known or ("",)):
        raise TargetError(name, target, known)
    return fault, target


@dataclass(slots=True)
class Injection:
    """One fault on its way; times are CLOCK_MONOTONIC."""

    fault: LiveFault
    target: str
    lasts: bool
    at_s: float = 0.0
    ended_at_s: float = 0.0
    did: str = ""
    again: Callable[[], None] | None = None  # while it lasts
    take_back: Callable[[], None] | None = None
    _is_over: bool = field(default=False)

    def end(self) -> None:
        """Take it back; may be called twice."""
        if not self._is_over:
            self._is_over = True
            if self.take_back is not None:
                self.take_back()
            self.ended_at_s = time.monotonic()


@contextmanager
def injected(cell: RunningCell, fault: LiveFault, target: str, *, lasts: bool = False) -> Iterator[Injection]:
    """The fault is there when the context opens and taken back when it closes; or FaultError."""
    injection = Injection(fault, target, lasts)
    _ACTIONS[fault.kind](cell, injection)
    try:
        yield injection
    finally:
        injection.end()


def serve(injection: Injection, for_s: float) -> None:
    """Let the fault last."""
    end_s = injection.at_s + for_s
    while (left_s := end_s - time.monotonic()) > 0.0:
        if injection.again is not None:
            injection.again()
        time.sleep(min(AGAIN_S, left_s))


# processes


def _pid(cell: RunningCell, name: str) -> int:
    pid = cell.pids.get(name)
    if pid is None:
        raise FaultError(f"{name} does not run")
    return pid


def _signal(cell: RunningCell, injection: Injection) -> None:
    pid = _pid(cell, injection.target)
    number = signal.SIGKILL if injection.fault.kind is FaultKind.KILL else signal.SIGSTOP
    started = _started(pid)
    injection.at_s = time.monotonic()
    os.kill(pid, number)
    injection.did = f"{number.name} to {injection.target}, pid {pid}"

    def go_on() -> None:
        if _started(pid) == started:  # it has not been ended, and nobody else has its number
            os.kill(pid, signal.SIGCONT)

    if number is signal.SIGSTOP:
        injection.take_back = go_on


def _started(pid: int) -> str:
    """When a process began, in ticks; "" when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _disk_full(cell: RunningCell, injection: Injection) -> None:
    """No file may grow: Python ignores SIGXFSZ, a write fails with EFBIG as it would with ENOSPC."""
    pids = [cell.pids[name] for name in (CELL_MANAGER, RECORDER) if name in cell.pids]
    if not pids:
        raise FaultError(f"neither {CELL_MANAGER} nor {RECORDER} runs")
    former: dict[int, tuple[int, int]] = {}
    injection.at_s = time.monotonic()
    for pid in pids:
        former[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, former[pid][1]))
    injection.did = f"a file size limit of 0 for pid {', '.join(map(str, pids))}"

    def put_back() -> None:
        for pid, limits in former.items():
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
            except ProcessLookupError:
                continue  # it has ended meanwhile; its successor was never limited

    injection.take_back = put_back


def _clock(cell: RunningCell, injection: Injection) -> None:
    by_s = wallclock.HOUR_S if injection.target == "forward" else -wallclock.HOUR_S
    clocks = wallclock.clocks_of(cell.pids.values(), cell.namespace)
    injection.at_s = time.monotonic()
    wallclock.set_offset(clocks, by_s)
    injection.did = f"the wall clock of {len(cell.pids)} processes stepped by {by_s:+d} s"
    injection.take_back = lambda: wallclock.set_offset(clocks, 0)


# messages


def _nan(cell: RunningCell, injection: Injection) -> None:
    name = injection.target
    port = ports.DRIVE_STATES if name in cell.cell.lines else ports.SETPOINT

    def spoil(message: object) -> object | None:
        if not isinstance(message, Setpoint | DriveStates) or message.guard.source != name:
            return None
        spoilt = with_nan(message)
        if not isinstance(spoilt, Setpoint | DriveStates):
            return None
        return _as_next(spoilt, message)

    try:
        injection.at_s = say_next(cell.namespace, port, spoil, HEARD_S, INTERLOCK, TIMES)
    except NoAnswerError as error:
        raise FaultError(f"{name} sends no number that can be spoilt now: {error}") from error
    injection.did = f"a {port.name} of {name} with NaN, {TIMES} times, as the next ones of its session"


def _as_next(spoilt: Setpoint | DriveStates, message: Setpoint | DriveStates) -> Setpoint | DriveStates:
    """What its sender would have sent next: a bus has measured anew what it tells anew."""
    stamp_s = message.guard.stamp_s + NEXT_S
    guard = replace(message.guard, seq=message.guard.seq + AHEAD, stamp_s=stamp_s)
    if isinstance(spoilt, Setpoint):
        return replace(spoilt, guard=guard)
    drives = tuple(
        drive if drive is before else replace(drive, measured_at_s=stamp_s)
        for drive, before in zip(spoilt.drives, message.drives, strict=True)
    )
    return replace(spoilt, drives=drives, guard=guard)


# the simulated machine

_Sim = tuple[Mapping[str, Any], Mapping[str, Any] | None]


def _machine(cell: RunningCell, injection: Injection) -> None:
    wanted, back = _sim_commands(cell, injection)
    injection.at_s = time.monotonic()
    cell.sim(**wanted)
    injection.did = "the simulator was told: " + ", ".join(f"{k} {v}" for k, v in wanted.items())
    if back is not None:
        injection.take_back = lambda: _told(cell, back)
    if injection.lasts and injection.fault.kind is FaultKind.SERIAL_LATE:
        injection.again = lambda: _told(cell, wanted)


def _told(cell: RunningCell, command: Mapping[str, Any]) -> None:
    cell.sim(**command)


def _sim_commands(cell: RunningCell, injection: Injection) -> _Sim:
    """What the simulator is told, and what takes it back."""
    kind, target = injection.fault.kind, injection.target
    if kind in _REPLIES:
        reply = {"do": "reply", "line": target}
        spoilt = _REPLIES[kind](cell, target, EVERY if injection.lasts else FRAMES)
        return {**reply, **spoilt}, reply if injection.lasts else None
    if kind is FaultKind.UNPLUG:
        return {"do": "unplug", "line": target}, {"do": "plug", "line": target}
    if kind is FaultKind.DRIVE_TRIP:
        code = FAULT_CODES.get(cell.cell.drives[target].profile, 1)
        return {"do": "fault", "drive": target, "code": code}, None
    if kind in (FaultKind.MUTE, FaultKind.FREEZE):
        command = {"do": kind.value, "drive": target}
        return {**command, "on": True}, {**command, "on": False}
    if kind is FaultKind.POWER:
        command = {"do": "power", "drive": target}
        return {**command, "on": False}, {**command, "on": True}
    if kind is FaultKind.JAM:
        command = {"do": "jam", "conveyor": target}
        return {**command, "on": True}, {**command, "on": False}
    if kind is FaultKind.GUARD:
        return {"do": "guard", "open": True, "force": True}, {"do": "guard", "open": False}
    if kind is FaultKind.AIR:
        return {"do": "air", "on": False}, {"do": "air", "on": True}
    return {"do": "estop", "on": True}, {"do": "estop", "on": False}


def _late_s(cell: RunningCell, line: str) -> float:
    drives = cell.cell.drives_of_line(line)
    return LATE_TIMEOUTS * max(cell.plan.profile_of(name).timing.timeout_s for name in drives)


_REPLIES: Mapping[FaultKind, Callable[[RunningCell, str, int], Mapping[str, Any]]] = {
    FaultKind.SERIAL_CRC: lambda cell, line, frames: {"corrupt": frames},
    FaultKind.SERIAL_LOST: lambda cell, line, frames: {"drop": frames},
    FaultKind.SERIAL_LATE: lambda cell, line, frames: {"delay_s": _late_s(cell, line)},
    FaultKind.SERIAL_TRUNCATED: lambda cell, line, frames: {"truncate_to": 3},
}
_ACTIONS: Mapping[FaultKind, Callable[[RunningCell, Injection], None]] = {
    **dict.fromkeys((fault.kind for fault in BY_NAME.values()), _machine),
    FaultKind.KILL: _signal,
    FaultKind.HANG: _signal,
    FaultKind.DISK_FULL: _disk_full,
    FaultKind.CLOCK: _clock,
    FaultKind.NAN: _nan,
}
