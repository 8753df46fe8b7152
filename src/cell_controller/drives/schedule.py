"""The cyclic schedule of one serial line, and the intervals that ages, watchdogs and budgets derive from.

Each cycle serves every fast drive once and then at most one other exchange, in a round of slots, and begins
not earlier than LEAST_CYCLE_S after the one before:

    read of slow drive 1, pending write, read of slow drive 2, pending write, ..., one slow block or audit

A pending write belongs to a slow drive; drives that wait take turns. A slot without work is left out, so the
round below is the longest one. A fast drive writes and reads in one exchange where it knows function 23.
The audit re-reads one armed setting of one drive, which finds a drive that lost its settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from cell_controller.config.values import DriveKind, ReferenceMethod
from cell_controller.drives.broadcast import broadcast_s, can_broadcast
from cell_controller.drives.errors import DriveError
from cell_controller.drives.line_time import ExchangeShape, LineSpeed, cycle_s
from cell_controller.drives.profile import DriveProfile, Exchange, Verb
from cell_controller.drives.requests import read_shape, write_shape

# Nothing in a cell asks for more than 50 readings a second of a drive (safety inputs); a line that could go
# faster begins a cycle at 67 Hz and leaves the processor to others. Stops never wait for it.
LEAST_CYCLE_S = 0.015


class ScheduleError(DriveError):
    """A drive cannot be served on this line: it does not know the baud rate, format or kind of setpoint."""

    def __init__(self, drive: str, profile: str, what: str, value: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{drive} ({profile}): {what} {value} is not among {', '.join(allowed) or 'none'}")
        self.drive, self.profile, self.what, self.value, self.allowed = drive, profile, what, value, allowed


class Purpose(StrEnum):
    """What a slot is for."""

    CYCLIC = "cyclic"  # of a fast drive: setpoint and fast block
    READ = "read"  # fast block of a slow drive
    WRITE = "write"  # one exchange of a pending setpoint of a slow drive
    AUDIT = "audit"  # a slow block, or one armed setting


@dataclass(frozen=True, slots=True)
class LineMember:
    """One drive on the line and the kinds of setpoint that the cell uses of it, and how it is referenced."""

    name: str
    profile: DriveProfile
    verbs: tuple[Verb, ...] = ()
    reference: ReferenceMethod | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """One exchange in the longest round; `drive` is the costliest where several may stand."""

    cycle: int
    drive: str
    purpose: Purpose
    frames_s: float  # without gaps, with the longest reply delay


@dataclass(frozen=True, slots=True)
class VerbTime:
    """Cost of one kind of setpoint."""

    verb: Verb
    exchanges: int
    line_s: float  # all its exchanges alone on the line, usual reply delay
    complete_s: float  # longest time from the setpoint's arrival to the end of its last exchange


@dataclass(frozen=True, slots=True)
class DriveSchedule:
    """What one drive gets of its line; everything at the longest reply delays of healthy drives.

    watchdog_s: time to write into the drive, rounded up to its resolution; None when it has no watchdog.
    watchdog_min_s: what the rule demands before rounding. stop_latency_s: from 'stop wanted' to the end of
    this drive's first stop request, with the longest exchange in flight and all other drives stopped before.
    """

    name: str
    is_fast: bool
    read_interval_s: float
    write_interval_s: float
    watchdog_s: float | None
    watchdog_min_s: float
    watchdog_fits: bool
    stop_latency_s: float
    verbs: tuple[VerbTime, ...]


@dataclass(frozen=True, slots=True)
class LineSchedule:
    """The schedule of one line."""

    speed: LineSpeed
    cycle_s: float  # usual: fast drives and one read, usual reply delays
    longest_cycle_s: float
    round_s: float  # longest round of the slots
    slots: tuple[Slot, ...]
    drives: tuple[DriveSchedule, ...]

    def drive(self, name: str) -> DriveSchedule:
        """The schedule of one drive of the line."""
        return next(d for d in self.drives if d.name == name)


@dataclass(frozen=True, slots=True)
class _Shapes:
    """All exchanges of one drive that the schedule knows, in their longest or usual form."""

    name: str
    read: ExchangeShape
    cyclic: tuple[ExchangeShape, ...]  # of a fast drive
    writes: tuple[ExchangeShape, ...]  # every exchange of the verbs and the reference used
    audits: tuple[ExchangeShape, ...]


def _shapes(member: LineMember, is_worst: bool) -> _Shapes:
    profile = member.profile
    read = read_shape(profile, profile.reads.fast.fields, is_worst=is_worst)
    sequences = [profile.setpoints[verb] for verb in member.verbs]
    if member.reference is not None:
        sequences.append(profile.references[member.reference])
    writes = tuple(write_shape(profile, e, is_worst=is_worst) for s in sequences for e in s)
    cyclic: tuple[ExchangeShape, ...] = (read,)
    if writes:
        with_read = all(e.with_read for s in sequences for e in s)
        longest = max(writes, key=_bytes)
        cyclic = (longest,) if with_read else (longest, read)
    slow = [read_shape(profile, block.fields, is_worst=is_worst) for block in profile.reads.slow]
    armed = [read_shape(profile, tuple(w.field for w in e.write), is_worst=is_worst) for e in profile.arming]
    return _Shapes(member.name, read, cyclic, writes, (*slow, *armed))


def _bytes(shape: ExchangeShape) -> int:
    return shape.request_bytes + shape.reply_bytes


class _Round:
    """Durations of the cycles of the longest round on one line."""

    def __init__(self, speed: LineSpeed, members: tuple[LineMember, ...], is_worst: bool) -> None:
        self.speed = speed
        self.shapes = {m.name: _shapes(m, is_worst) for m in members}
        self.fast = [m.name for m in members if m.profile.reads.every_cycle]
        self.slow = [m.name for m in members if not m.profile.reads.every_cycle]
        self.writers = [name for name in self.slow if self.shapes[name].writes]
        self.base = tuple(shape for name in self.fast for shape in self.shapes[name].cyclic)

    def with_one(self, shape: ExchangeShape | None) -> float:
        """A cycle with the fast drives and one other exchange."""
        shapes = self.base if shape is None else (*self.base, shape)
        return max(cycle_s(self.speed, shapes), LEAST_CYCLE_S)

    def costliest(self, names: list[str], attribute: str) -> tuple[str, ExchangeShape] | None:
        found = [(name, shape) for name in names for shape in getattr(self.shapes[name], attribute)]
        return max(found, key=lambda item: self.with_one(item[1]), default=None)

    def slots(self) -> list[tuple[str, Purpose, ExchangeShape]]:
        """The exchanges after the fast drives, one a cycle."""
        found: list[tuple[str, Purpose, ExchangeShape]] = []
        write = self.costliest(self.writers, "writes")
        for name in self.slow:
            found.append((name, Purpose.READ, self.shapes[name].read))
            if write:
                found.append((write[0], Purpose.WRITE, write[1]))
        audit = self.costliest([*self.fast, *self.slow], "audits")
        if audit:
            found.append((audit[0], Purpose.AUDIT, audit[1]))
        return found


def schedule_line(speed: LineSpeed, members: tuple[LineMember, ...]) -> LineSchedule:
    """Compute the schedule of a line; ScheduleError names a drive that cannot work on it."""
    for member in members:
        _check(speed, member)
    if not members:
        return LineSchedule(speed, 0.0, 0.0, 0.0, (), ())
    worst, usual = _Round(speed, members, True), _Round(speed, members, False)
    slots = worst.slots()
    cycles = [worst.with_one(shape) for _, _, shape in slots] or [worst.with_one(None)]
    longest_s, round_s = max(cycles), sum(cycles)
    usual_reads = [usual.with_one(usual.shapes[name].read) for name in usual.slow]
    usual_s = sum(usual_reads) / len(usual_reads) if usual_reads else usual.with_one(None)
    drives = tuple(_drive(worst, usual, members, member, longest_s, round_s) for member in members)
    return LineSchedule(speed, usual_s, longest_s, round_s, _slots(worst, slots), drives)


def _check(speed: LineSpeed, member: LineMember) -> None:
    profile = member.profile
    if speed.baud not in profile.serial.bauds:
        allowed = tuple(str(b) for b in profile.serial.bauds)
        raise ScheduleError(member.name, profile.name, "baud", str(speed.baud), allowed)
    if speed.format not in profile.serial.formats:
        raise ScheduleError(member.name, profile.name, "format", speed.format, tuple(profile.serial.formats))
    for verb in member.verbs:
        if verb not in profile.setpoints:
            raise ScheduleError(member.name, profile.name, "setpoint kind", verb, tuple(profile.setpoints))


def _slots(worst: _Round, slots: list[tuple[str, Purpose, ExchangeShape]]) -> tuple[Slot, ...]:
    found = []
    for cycle in range(max(1, len(slots))):
        for name in worst.fast:
            frames_s = sum(shape.frames_s(worst.speed) for shape in worst.shapes[name].cyclic)
            found.append(Slot(cycle, name, Purpose.CYCLIC, frames_s))
        if slots:
            name, purpose, shape = slots[cycle]
            found.append(Slot(cycle, name, purpose, shape.frames_s(worst.speed)))
    return tuple(found)


def _drive(
    worst: _Round,
    usual: _Round,
    members: tuple[LineMember, ...],
    member: LineMember,
    longest_s: float,
    round_s: float,
) -> DriveSchedule:
    is_fast = member.profile.reads.every_cycle
    read_s = longest_s if is_fast else round_s
    verbs = tuple(_verb(worst, usual, member, verb, longest_s) for verb in member.verbs)
    write_s = longest_s if is_fast else max((v.complete_s for v in verbs), default=round_s)
    least_s = watchdog_min_s(read_s, max(_recovery_s(m.profile) for m in members))
    watchdog = member.profile.watchdog
    watchdog_s = round_up(max(least_s, watchdog.min_s), watchdog.resolution_s) if watchdog.exists else None
    fits = watchdog_s is not None and watchdog_s <= watchdog.max_s
    stop_s = _stop_latency_s(worst, members, member)
    return DriveSchedule(member.name, is_fast, read_s, write_s, watchdog_s, least_s, fits, stop_s, verbs)


def _recovery_s(profile: DriveProfile) -> float:
    """What one failed exchange costs the line."""
    return profile.timing.timeout_s + profile.timing.drain_s


def watchdog_min_s(longest_interval_s: float, recovery_s: float) -> float:
    """Least watchdog that survives two lost exchanges; recovery_s is the line's longest timeout + drain."""
    return max(3 * longest_interval_s, longest_interval_s + 2 * recovery_s)


def round_up(value: float, resolution: float) -> float:
    """The next multiple of the resolution; a value that is one already, but for rounding noise, stays."""
    return round(ceil(value / resolution - 1e-9) * resolution, 9)


def _verb(worst: _Round, usual: _Round, member: LineMember, verb: Verb, longest_s: float) -> VerbTime:
    sequence: tuple[Exchange, ...] = member.profile.setpoints[verb]
    count = len(sequence)
    alone = tuple(write_shape(member.profile, e, is_worst=False) for e in sequence)
    line_s = sum(cycle_s(usual.speed, (shape,)) for shape in alone)
    if member.profile.reads.every_cycle:
        return VerbTime(verb, count, line_s, (count + 1) * longest_s)  # it has just missed its first cycle
    # Every second cycle is a write, every write goes to the next drive that waits, every round has an audit.
    writes = count * len(worst.writers)
    audits = ceil(writes / len(worst.slow))
    return VerbTime(verb, count, line_s, (2 * writes + audits) * longest_s)


def _stop_latency_s(worst: _Round, members: tuple[LineMember, ...], member: LineMember) -> float:
    """Longest exchange in flight, its gap, the stop requests of the others, and this drive's first one."""
    if member.profile.kind is DriveKind.IO:
        return 0.0
    speed = worst.speed
    everything = [shape for s in worst.shapes.values() for shape in (s.read, *s.cyclic, *s.writes, *s.audits)]
    widest_s = speed.silence_s(*(shape.gap_s for shape in everything))
    total = max(shape.frames_s(speed) for shape in everything) + widest_s
    if len(members) > 1 and can_broadcast(m.profile for m in members):
        total += broadcast_s(speed, member.profile)  # if this drive does not hear it, its own comes after it
    for other in members:
        if other.profile.kind is DriveKind.IO:
            continue
        ramp = other.profile.stops[other.profile.hold_category].ramp
        if other is member:
            total += speed.sent_s(write_shape(other.profile, ramp[0], is_worst=True).request_bytes)
        else:
            for exchange in ramp:
                shape = write_shape(other.profile, exchange, is_worst=True)
                total += shape.frames_s(speed) + speed.silence_s(shape.gap_s, member.profile.timing.gap_s)
    return total
