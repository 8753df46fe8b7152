"""From what was seen before and after a silence to how long the drive took to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cell_controller.config import AxisDrive, Drive
from cell_controller.drives.profile import DriveProfile, Quantity
from cell_controller.messages import DriveCondition
from cell_controller.proving.look import Reading
from cell_controller.proving.trial import Trial

STANDS_S = 0.05  # two readings this far apart that agree: it stands, and did not just turn round
NEAR_S = 0.1  # of the target, which is half a second of way behind the end of the silence
STEADY = 0.05  # share of the speed by which a reading of a steady motion may be off
TIMER = 0.03  # share of its time by which a watchdog may be late
SLOWER = 0.9  # share of the speed below which it is on its way to rest, whatever the readings waver by


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of the drive in motion."""

    at_s: float
    position_m: float  # NaN of a spindle
    speed: float


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence: the motion before it, the last frame to the drive, and what was read after it."""

    samples: tuple[Sample, ...]
    told_at_s: float
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """How a silence ended. `time_s` from the last frame to standstill; None when it was not seen."""

    in_time: bool  # it stood when it was looked at for the first time
    time_s: float | None
    resolution_s: float | None
    distance_m: float | None
    detail: str
    is_seen_slowing: bool = False  # read between its speed and standstill


def is_steady(sample: Sample, trial: Trial) -> bool:
    """At the speed of the trial, in its direction."""
    return abs(sample.speed - trial.speed) <= STEADY * abs(trial.speed)


def has_come_to_rest(readings: Sequence[Reading]) -> bool:
    """The newest readings show the drive standing for long enough."""
    rest: list[Reading] = []
    for reading in reversed(readings):
        if not reading.is_standing:
            break
        rest.append(reading)
    return len(rest) > 1 and rest[0].at_s - rest[-1].at_s >= STANDS_S


def speed_of(samples: Sequence[Sample]) -> float:
    """Mean speed of an axis by its positions, a magnitude."""
    first, last = samples[0], samples[-1]
    return abs(last.position_m - first.position_m) / (last.at_s - first.at_s)


def measure(
    silence: Silence, trial: Trial, drive: Drive, profile: DriveProfile, *, axis_unit: str = "m/s"
) -> Measured:
    """What one silence has shown; `axis_unit` is what a person reads."""
    readings = silence.readings
    unit = axis_unit if isinstance(drive, AxisDrive) else "rpm"
    if not readings:
        return Measured(False, None, None, None, "it does not answer after the silence")
    since_s = readings[0].at_s - silence.told_at_s
    if not has_come_to_rest(readings):
        newest = readings[-1]
        text = (
            f"it did not stop: {abs(newest.speed):.4g} {unit} {newest.at_s - silence.told_at_s:.2f} s "
            f"after the last frame, its {trial.by} does not work"
        )
        return Measured(False, None, None, None, text)
    if isinstance(drive, AxisDrive) and _has_arrived(readings[-1], trial):
        text = f"it did not stop, but ran on to its target: its {trial.by} does not work"
        return Measured(False, None, None, None, text)
    first = next(i for i, r in enumerate(readings) if all(x.is_standing for x in readings[i:]))
    how = _words(readings[-1], profile)
    if first > 0:  # seen while it stopped
        time_s = readings[first].at_s - silence.told_at_s
        resolution_s = readings[first].at_s - readings[first - 1].at_s
        text = f"it stood only {time_s:.2f} s after the last frame"
        slows = any(abs(r.speed) < SLOWER * abs(trial.speed) and not r.is_standing for r in readings[:first])
        return Measured(False, time_s, resolution_s, None, text, slows)
    if not isinstance(drive, AxisDrive):
        return Measured(True, since_s, since_s, None, how)  # some time before it was looked at
    return _by_distance(silence, trial, drive, profile, how)


def _has_arrived(reading: Reading, trial: Trial) -> bool:
    return abs(trial.target_m - reading.position_m) < NEAR_S * abs(trial.speed)


def _by_distance(
    silence: Silence, trial: Trial, drive: AxisDrive, profile: DriveProfile, how: str
) -> Measured:
    """The way that it ran on tells how long it ran: at its speed until the ramp, then half of it."""
    last, end = silence.samples[-1], silence.readings[-1]
    way_m = abs(end.position_m - last.position_m)
    speed = speed_of(silence.samples)
    half_ramp_s = trial.ramp_s / 2.0
    time_s = last.at_s - silence.told_at_s + way_m / speed + half_ramp_s
    time_s = max(min(time_s, silence.readings[0].at_s - silence.told_at_s), 0.0)
    count_m = profile.field(Quantity.POSITION).scale * drive.m_per_rev
    resolution_s = half_ramp_s + profile.timing.max_reply_delay_s + count_m / speed
    distance_m = max(way_m - speed * (silence.told_at_s - last.at_s), 0.0)
    late = too_late(trial, time_s, resolution_s)
    return Measured(not late, time_s, resolution_s, distance_m, late or how)


def too_late(trial: Trial, time_s: float, resolution_s: float) -> str:
    """Why a stop is weaker than the plan counts on, "" when it is not: at the speed of the trial, which is a
    part of full speed, a weak stop is over within the time that a good one takes from there."""
    longest_s = (1.0 + TIMER) * trial.watchdog_s + trial.ramp_s
    if time_s - resolution_s <= longest_s:
        return ""
    return (
        f"it stopped, but took {time_s:.3f} s ± {resolution_s:.3f} s where {longest_s:.3f} s are counted on: "
        f"its {trial.by} comes late, or it slows too little"
    )


def _words(reading: Reading, profile: DriveProfile) -> str:
    if reading.condition is DriveCondition.FAULT and (reading.fault_code or 0 in profile.faults):
        return f"it shows: {profile.fault(reading.fault_code).text}"
    return f"it is {reading.condition.name.lower().replace('_', ' ')}"


def reaction_s(samples: Sequence[Sample], end_m: float, written_at_s: float, drive: AxisDrive) -> float:
    """From the end of a stop request to the beginning of the ramp, by the way that the axis ran on."""
    last, speed = samples[-1], speed_of(samples)
    half_ramp_s = speed / (2.0 * drive.max_acceleration_m_s2)
    way_s = abs(end_m - last.position_m) / speed
    return max(last.at_s + way_s - half_ramp_s - written_at_s, 0.0)
