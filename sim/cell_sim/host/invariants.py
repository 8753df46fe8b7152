"""Watches a whole simulated cell for what must never happen, whatever else does."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

from cell_controller.config import CELL_MANAGER, AxisDrive, CellFile, SpindleDrive
from cell_controller.messages import (
    Allowed,
    CellCommand,
    CommandResult,
    DriveStates,
    JournalWrite,
    LineCommand,
    LinePhase,
    PartEventKind,
)
from cell_controller.plan import CellPlan
from cell_controller.runtime import Sent
from cell_sim.host.node import Life
from cell_sim.plant import CellPlant
from cell_sim.plant.record import MOTION_KINDS, Entry, MotionSample, SetpointWrite

if TYPE_CHECKING:
    from cell_sim.host.simhost import SimHost

MOVES = (Allowed.MOTION, Allowed.RECOVERY)
EXCHANGE_S = 0.1  # a request that was on its way when the permit ended: queue, gap, frame, retry
ANSWER_S = 0.5  # for an answer to an operator, over the network and through a step of the manager
OVERSPEED = 1.02  # slip and ripple of an inverter at its set speed
MOST_VIOLATIONS = 50  # one fault repeats itself every few milliseconds


class InvariantError(AssertionError):
    """Something happened that must never happen."""


class Invariants:
    """Hears every message and sees every motion of one cell; `check` raises what it has found.

    It judges by the plant's truth and by what the interlock has sent, never by what a Unit believes.
    """

    def __init__(self, cell: CellFile, plan: CellPlan, plant: CellPlant, host: SimHost) -> None:
        self._cell, self._plan, self._plant, self._host = cell, plan, plant, host
        self.violations: list[str] = []
        self._permitted_s: dict[str, float] = {}  # per drive: when a LineCommand last let it move
        self._phases: dict[str, LinePhase] = {}  # of the buses, as they said
        self._stopping_s: dict[str, float] = {}  # when a bus last said that it plays a stop program
        self._asked: deque[tuple[float, str, int]] = deque()  # time, id, starts of the manager
        self._answers: Counter[str] = Counter()
        self._created: Counter[str] = Counter()
        self._was_locked = False
        self._tools_of = _tools_by_belt(cell)

    def hear(self, now_s: float, source: str, sent: Sent) -> None:
        """Every message at the moment it is sent."""
        message = sent.message
        if isinstance(message, LineCommand):
            for drive in message.drives:
                if drive.allowed in MOVES:
                    self._permitted_s[drive.drive] = now_s
        elif isinstance(message, DriveStates):
            self._phases[message.line] = message.phase
            if message.phase is LinePhase.STOPPING:
                self._stopping_s[message.line] = now_s
        elif isinstance(message, CellCommand):
            self._asked.append((now_s, message.id, self._host.nodes[CELL_MANAGER].starts))
        elif isinstance(message, CommandResult) and source == CELL_MANAGER:
            self._answers[message.id] += 1
        elif isinstance(message, JournalWrite):
            for event in message.events:
                if event.kind is PartEventKind.CREATED:
                    self._created[event.part_id] += 1

    def see(self, entry: Entry) -> None:
        """Every motion and every request that a drive has taken."""
        if isinstance(entry, MotionSample):
            self._see_motion(entry)
        elif isinstance(entry, SetpointWrite) and entry.kind in MOTION_KINDS and entry.value != 0.0:
            self._see_setpoint(entry)

    def check(self) -> None:
        """Raise when an invariant has been broken, or is broken now that the run is over."""
        found = [*self.violations, *self._unanswered(), *self._records()]
        if found:
            raise InvariantError(
                "; ".join(found[:5]) + (f" (and {len(found) - 5} more)" if found[5:] else "")
            )

    def _broken(self, at_s: float, text: str) -> None:
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(f"t={at_s:.3f} s: {text}")

    def _see_motion(self, sample: MotionSample) -> None:
        drive = self._cell.drives[sample.mover]
        if isinstance(drive, AxisDrive):
            if abs(sample.speed) > drive.standstill_m_s:
                self._see_moving(sample)
            for zone, tool, below_m, belt, free_m in self._tools_of.get(sample.mover, ()):
                self._see_zone(sample.at_s, zone, tool, below_m, belt, free_m)
        elif isinstance(drive, SpindleDrive):
            if abs(sample.speed) > drive.max_speed_rpm * OVERSPEED:
                self._broken(sample.at_s, f"{sample.mover} turns at {sample.speed:.0f} rpm")
            if abs(sample.speed) > drive.standstill_rpm:
                self._see_moving(sample)

    def _see_moving(self, sample: MotionSample) -> None:
        """A lock that is open while something moves was opened too early, or not waited for."""
        is_locked, relay = self._plant.guard.is_locked, self._plant.relay
        if self._was_locked and not is_locked and relay.guard_closed:
            self._broken(sample.at_s, f"the guard is unlocked while {sample.mover} moves")
        self._was_locked = is_locked

    def _see_zone(self, at_s: float, zone: str, tool: str, below_m: float, belt: str, free_m: float) -> None:
        if self._plant.axes[tool].position_m >= below_m:
            return
        axis, spec = self._plant.axes[belt], self._cell.drives[belt]
        standstill_m_s = spec.standstill_m_s if isinstance(spec, AxisDrive) else 0.0
        off_m = next(b.off_pitch_m for b in self._plant.belts.values() if b.axis is axis)
        if off_m > free_m or abs(axis.speed_m_s) > standstill_m_s:
            self._broken(at_s, f"zone {zone}: {tool} is inside while {belt} moves or is off its pitch")

    def _see_setpoint(self, write: SetpointWrite) -> None:
        line = self._cell.drives[write.drive].line
        if self._phases.get(line) is LinePhase.STOPPING:
            return  # the stop program in force
        latest_s = max(self._permitted_s.get(write.drive, -1.0), self._stopping_s.get(line, -1.0))
        allowance_s = self._plan.permit_valid_s + self._plan.lines[line].stop_latency_s + EXCHANGE_S
        if latest_s < 0.0 or write.at_s - latest_s > allowance_s:
            since = (
                f"{write.at_s - latest_s:.3f} s after its permit" if latest_s >= 0.0 else "never permitted"
            )
            self._broken(write.at_s, f"{write.drive} was told to {write.kind} {write.value:g}, {since}")

    def _unanswered(self) -> list[str]:
        """A manager that was not there, or did not live to answer, owes none."""
        manager, found = self._host.nodes[CELL_MANAGER], []
        for at_s, command_id, starts in self._asked:
            is_due = self._host.now_s - at_s > ANSWER_S
            owes = manager.life is Life.RUNNING and starts == manager.starts
            asked, answers = sum(1 for _, i, _ in self._asked if i == command_id), self._answers[command_id]
            if answers > asked or (is_due and owes and answers < asked):
                found.append(f"command {command_id} of t={at_s:.3f} s: {answers} answers to {asked}")
        return found

    def _records(self) -> list[str]:
        found = [f"{part} was created {n} times" for part, n in self._created.items() if n > 1]
        made = sum(belt.loader.made for belt in self._plant.belts.values())
        if len(self._created) > made:
            found.append(f"{len(self._created)} records for {made} parts")
        return found


def _tools_by_belt(cell: CellFile) -> dict[str, list[tuple[str, str, float, str, float]]]:
    """For each axis that shares a zone: zone, tool axis, its height, belt axis, distance off its pitch."""
    found: dict[str, list[tuple[str, str, float, str, float]]] = {}
    for zone, members in cell.zones.items():
        tools = [(m.drive, m.below_m) for m in members.values() if m.below_m is not None]
        belts = [(m.drive, m.off_pitch_m) for m in members.values() if m.off_pitch_m is not None]
        for tool, below_m in tools:
            for belt, free_m in belts:
                for axis in (tool, belt):
                    found.setdefault(axis, []).append((zone, tool, below_m, belt, free_m))
    return found
