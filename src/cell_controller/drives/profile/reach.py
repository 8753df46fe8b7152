"""What a drive can be told: registers have ends and steps, and 0 can mean "without limit"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import copysign, inf

from cell_controller.drives.profile.model import DriveProfile
from cell_controller.drives.profile.quantities import Source
from cell_controller.drives.profile.values import value_limits
from cell_controller.drives.profile.writes import Exchange

_SPEEDS = (Source.TARGET_SPEED, Source.SPEED_MAGNITUDE)


def within_reach(
    profile: DriveProfile,
    sequence: Sequence[Exchange],
    values: Mapping[Source, float],
    most_acceleration: float = inf,
) -> dict[Source, float] | None:
    """The values as the registers of the sequence take them, changed towards what moves less; else None.

    Speed, torque and acceleration above a register's end are lowered to it, a ramp time below it is raised to
    it. A ramp that is too gentle for the register becomes the gentlest that it holds, unless that is steeper
    than `most_acceleration`, in the unit of the acceleration field. What rounds to 0 cannot be told, but
    where 0 is a standstill: in the speed of either sign.
    """
    fitted = dict(values)
    for source in values:
        low, high = _ends(profile, sequence, source)
        if low > high:
            return None
        value = _fitted(source, values[source], low, high)
        if value is None:
            return None
        fitted[source] = value
    acceleration = fitted.get(Source.ACCELERATION, 0.0)
    if acceleration > most_acceleration:
        return None
    if fitted.get(Source.RAMP_TIME, inf) < values.get(Source.RAMP_TIME, 0.0):
        steeper = values[Source.RAMP_TIME] / fitted[Source.RAMP_TIME]
        return fitted if values.get(Source.ACCELERATION, 0.0) * steeper <= most_acceleration else None
    return fitted


def _ends(profile: DriveProfile, sequence: Sequence[Exchange], source: Source) -> tuple[float, float]:
    """Smallest and largest value that every register takes to which the sequence writes this source."""
    sources = _SPEEDS if source in _SPEEDS else (source,)
    low, high = -inf, inf
    for exchange in sequence:
        for write in exchange.write:
            if write.source not in sources:
                continue
            field = profile.field(write.field)
            bottom, top = value_limits(field)
            if write.source is Source.TARGET_SPEED:  # of either sign
                bottom, top = 0.0, min(top, -bottom)
            elif source in _SPEEDS or source is Source.TORQUE_LIMIT:
                bottom = max(bottom, field.scale)
            low, high = max(low, bottom), min(high, top)
    return low, high


def _fitted(source: Source, value: float, low: float, high: float) -> float | None:
    if source in _SPEEDS:
        return None if abs(value) < low else copysign(min(abs(value), high), value)
    if source is Source.TORQUE_LIMIT:
        return None if value < low else min(value, high)
    if source is Source.STOP_RAMP_TIME:  # longer would be weaker than every stop is planned with
        return None if value > high else max(value, low)
    if source in (Source.ACCELERATION, Source.RAMP_TIME):
        return min(max(value, low), high)
    return value if low <= value <= high else None
