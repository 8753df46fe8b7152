"""Invariants 1 and 2, at the wire: permits as they were delivered, requests as the drives took them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from cell_controller.config import AxisDrive, CellFile, MoveStep, SpindleDrive
from cell_controller.messages import Allowed, DriveStates, LineCommand, LineDrive, LinePhase, Tx
from cell_controller.plan import CellPlan
from cell_sim.plant import CellPlant
from cell_sim.plant.record import MOTION_KINDS, MotionSample, SetpointWrite

if TYPE_CHECKING:
    from cell_sim.host.simhost import SimHost

Broken = Callable[[float, int, str], None]
MOVES = (Allowed.MOTION, Allowed.RECOVERY)
CAP_S = 0.1  # no permit is valid for longer, whatever it says
SAME_PLACE_M = 1e-5  # ten times the coarsest register of a position
SAMPLE_S = 0.02  # two samples of the record: the last one faster than standstill
EXCUSE_S = 1.0  # a disturbance so shortly before the end of the permit
WATCHDOG_S = 1.5  # then the drive's own watchdog stops it, the longest of them, or the line tries again
IN_FORCE_S = 0.3  # programs named by permits so shortly before a stop may be the one in force


@dataclass(slots=True)
class _Story:
    """What the watcher knows of one line, newest last."""

    sent_s: deque[float] = field(default_factory=lambda: deque([-inf], maxlen=16))
    phases: deque[tuple[float, LinePhase]] = field(
        default_factory=lambda: deque([(-inf, LinePhase.CLOSED)], maxlen=16)
    )
    commands: deque[tuple[float, LineCommand]] = field(default_factory=lambda: deque(maxlen=16))
    named: deque[tuple[float, tuple[str, ...]]] = field(default_factory=lambda: deque(maxlen=64))
    programs: frozenset[str] = frozenset()  # that may be played in the present stop
    stopped_epoch: int = 0
    stopped_s: float = inf  # since when: a request of before may be on its way
    stream: tuple[int, int] = (0, 0)  # session and seq of the newest command
    epoch: int = 0
    session: int = 0  # of the bus

    def phase_at(self, at_s: float) -> LinePhase:
        return next(phase for since_s, phase in reversed(self.phases) if since_s <= at_s)

    def command_at(self, at_s: float) -> LineCommand | None:
        return next((c for since_s, c in reversed(self.commands) if since_s <= at_s), None)


class WireWatch:
    """Joins permits, requests and motion of every drive."""

    def __init__(
        self, cell: CellFile, plan: CellPlan, plant: CellPlant, host: SimHost, broken: Broken
    ) -> None:
        self._cell, self._plan, self._plant, self._host, self._broken = cell, plan, plant, host, broken
        self._stories = {line: _Story() for line in cell.lines}
        self._line_of = {name: drive.line for name, drive in cell.drives.items()}
        self._standstill: dict[str, float] = {}
        for name, drive in cell.drives.items():
            if isinstance(drive, AxisDrive):
                self._standstill[name] = drive.standstill_m_s
            elif isinstance(drive, SpindleDrive):
                self._standstill[name] = drive.standstill_rpm
        self._permitted_s = dict.fromkeys(cell.drives, -inf)
        self._is_late: set[str] = set()  # drives whose overlong stop has been told
        self._excused_s: dict[str, float] = {}  # by line or drive

    def excuse(self, name: str, until_s: float) -> None:
        """Until then a line or a drive does not work as its stop time supposes."""
        self._excused_s[name] = max(self._excused_s.get(name, -inf), until_s)

    # permits

    def take_command(self, now_s: float, receiver: str, message: object) -> None:
        """A LineCommand reaches the process of a line; those of all lines come in one stream."""
        if not isinstance(message, LineCommand) or receiver not in self._stories:
            return
        story, runner = self._stories[receiver], self._host.nodes[receiver].runner
        guard = message.guard
        if guard.session == story.stream[0] and guard.seq <= story.stream[1]:
            return  # repeated or overtaken
        story.stream = (guard.session, guard.seq)
        if message.line != receiver:
            return
        if runner is None or message.echo.session != runner.session or message.epoch < story.epoch:
            return  # not meant for this life of the bus
        story.epoch = message.epoch
        story.commands.append((now_s, message))
        if story.phase_at(now_s) is LinePhase.PERMITTED or message.epoch > story.stopped_epoch:
            story.named.append((now_s, tuple(d.program for d in message.drives if d.program)))
        for drive in message.drives:
            if drive.allowed in MOVES:
                self._permitted_s[drive.drive] = now_s
                self._is_late.discard(drive.drive)

    def hear_tx(self, now_s: float, source: str, message: Tx) -> None:
        """A bus puts a request on its line."""
        if source in self._stories:
            self._stories[source].sent_s.append(now_s)

    def hear_states(self, now_s: float, source: str, message: DriveStates) -> None:
        """A bus says what it is doing; of a stop it also follows which programs it may play."""
        if source != message.line:
            return  # a former process
        story = self._stories[message.line]
        if message.guard.session != story.session:  # a new life of the bus knows no epochs
            story.session, story.epoch, story.stopped_epoch = message.guard.session, 0, 0
        before = story.phases[-1][1]
        if message.phase is before:
            return
        story.phases.append((now_s, message.phase))
        if before is LinePhase.PERMITTED:
            story.stopped_epoch, story.stopped_s = message.epoch, now_s
            recent = (names for at_s, names in story.named if at_s >= now_s - IN_FORCE_S)
            story.programs = frozenset(name for names in recent for name in names)
        elif message.phase is LinePhase.CLOSED:
            story.programs = frozenset()

    # what the drives take and do

    def see_setpoint(self, write: SetpointWrite) -> None:
        """Every request that may move a drive: by a permit, or by the program in force."""
        if write.kind not in MOTION_KINDS:
            return
        story = self._stories[self._line_of[write.drive]]
        sent_s = next((t for t in reversed(story.sent_s) if t <= write.at_s), -inf)
        if story.phase_at(sent_s) is LinePhase.STOPPING:
            self._check_program(write, story)
        else:
            self._check_permit(write, story, sent_s)

    def _check_permit(self, write: SetpointWrite, story: _Story, sent_s: float) -> None:
        command = story.command_at(sent_s)
        words = f"{write.drive} was told to {write.kind} {write.value:g}"
        if command is None:
            self._broken(write.at_s, 1, f"{words}, never permitted")
            return
        permit = next((d for d in command.drives if d.drive == write.drive), LineDrive(write.drive))
        if permit.allowed not in MOVES:
            self._broken(write.at_s, 1, f"{words} while {permit.allowed.name} was allowed")
            return
        late_s = sent_s - command.echo.stamp_s - min(command.valid_for_s, CAP_S)
        if late_s > 0.0:
            self._broken(write.at_s, 1, f"{words}, {late_s:.3f} s after the end of its permit")
        if command.epoch <= story.stopped_epoch and sent_s > story.stopped_s:
            self._broken(write.at_s, 2, f"{words} in epoch {command.epoch}, in which the line has stopped")

    def _check_program(self, write: SetpointWrite, story: _Story) -> None:
        for name in sorted(story.programs):
            for step in self._cell.stop_programs[name].steps:
                is_move = isinstance(step, MoveStep) and write.drive in step.drives and write.kind == "move"
                if is_move and abs(write.value - step.position_m) <= SAME_PLACE_M:  # type: ignore[union-attr]
                    return
        programs = ", ".join(sorted(story.programs)) or "a plain stop"
        words = f"{write.drive} was told to {write.kind} {write.value:g}"
        self._broken(write.at_s, 2, f"{words}, which is not in {programs}")

    def see_motion(self, sample: MotionSample) -> None:
        """Without a permit everything stands after the line's stop time."""
        if abs(sample.speed) <= self._standstill[sample.mover] or sample.mover in self._is_late:
            return
        spindle = self._plant.spindles.get(sample.mover)
        if spindle is not None and not spindle.is_running:
            return  # without torque nothing brakes it
        longest_s = self._plan.lines[self._line_of[sample.mover]].stop_time_s
        permitted_s = self._permitted_s[sample.mover]
        since_s = sample.at_s - permitted_s
        names = (sample.mover, self._line_of[sample.mover])
        excused_s = max(self._excused_s.get(name, -inf) for name in names)
        if excused_s > permitted_s - EXCUSE_S:
            longest_s += max(0.0, excused_s - permitted_s) + WATCHDOG_S
        if since_s > longest_s + SAMPLE_S:
            self._is_late.add(sample.mover)
            end = "which was never permitted" if since_s == inf else f"{since_s:.3f} s after its permit"
            self._broken(sample.at_s, 2, f"{sample.mover} moves, {end}; its stop takes {longest_s:.3f} s")
