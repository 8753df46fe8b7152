"""Where an axis comes to rest that is stopped by its ramp, for drives that are only told a place."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from cell_controller.config import AxisDrive
from cell_controller.drives.image import Image
from cell_controller.drives.profile import DriveProfile, Quantity, Source, value_limits

STOP_READING_S = 0.5  # an older reading says nothing about where a stop by the ramp would end
LEAST_STOP_RPM = 1.0  # cruising speed of a stop that begins at standstill: 0 would be no limit in some drives
NOISE_REV = 0.01  # of a reading that stands
UNTRUE_SHARE = 2.0  # of the motor's highest speed: its drive trips far below, so a reading above is none


@dataclass(frozen=True, slots=True)
class Motion:
    """An axis at its newest reading, at the motor shaft; the ramp is that of its stops.

    low_rev, high_rev: ends of its travel. A stop is not aimed beyond them, nor back from beyond.
    fastest_rpm: what reads faster is not believed.
    """

    position_rev: float
    speed_rpm: float
    ramp_rpm_s: float
    low_rev: float = -inf
    high_rev: float = inf
    fastest_rpm: float = inf

    def stop(self, age_s: float, braking_s: float = 0.0) -> tuple[tuple[Source, float], ...] | None:
        """Values of a stop by the ramp; None when the reading cannot tell where it would end.

        braking_s: how long the axis has obeyed a stop already. Aimed as if it had not, a repeated stop would
        lead beyond the place where the axis stands by now, and move it again.
        """
        if not age_s <= STOP_READING_S or not abs(self.speed_rpm) <= self.fastest_rpm:
            return None
        here_rev = self.position_rev
        steady_s = max(age_s - braking_s, 0.0)  # since the reading, at its speed
        way_rev = self.speed_rpm / 60.0 * (steady_s + 0.5 * abs(self.speed_rpm) / self.ramp_rpm_s)
        low_rev, high_rev = min(self.low_rev, here_rev), max(self.high_rev, here_rev)
        return (
            (Source.STOP_POSITION, min(max(here_rev + way_rev, low_rev), high_rev)),
            (Source.TARGET_SPEED, max(abs(self.speed_rpm), LEAST_STOP_RPM)),
            (Source.ACCELERATION, self.ramp_rpm_s),
        )


class Track:
    """Whether the newest reading can follow from those before: an old answer that comes again does not.

    Two readings that follow from each other are believed, wherever they are.
    """

    def __init__(self, fastest_rpm: float) -> None:
        self._fastest_rpm = fastest_rpm
        self._known: tuple[tuple[float, float], ...] = ()  # the last believed, and the last: rev, s
        self.is_believed = True

    def take(self, position_rev: float, at_s: float) -> None:
        """A reading of the drive, measured at this time."""
        newest = (position_rev, at_s)
        self.is_believed = not self._known or any(self._follows(newest, before) for before in self._known)
        believed = newest if self.is_believed else self._known[0]
        self._known = (believed, newest)

    def _follows(self, newest: tuple[float, float], before: tuple[float, float]) -> bool:
        way_rev = self._fastest_rpm / 60.0 * max(newest[1] - before[1], 0.0)
        return abs(newest[0] - before[0]) <= way_rev + NOISE_REV


def motion_of(image: Image, drive: AxisDrive, fastest_rpm: float) -> Motion:
    """As the drive was read last."""
    return Motion(
        image.value(Quantity.POSITION),
        image.value(Quantity.SPEED),
        drive.max_acceleration_m_s2 / drive.m_per_rev * 60.0,
        drive.min_m / drive.m_per_rev,
        drive.max_m / drive.m_per_rev,
        fastest_rpm,
    )


def fastest_reading_rpm(profile: DriveProfile) -> float:
    """Speed that the motor cannot have, or that its stop could not be told."""
    fastest_rpm = UNTRUE_SHARE * (profile.nameplate.max_speed_rpm or inf)
    for exchange in profile.stops[profile.hold_category].ramp:
        for write in exchange.write:
            if write.source is Source.SPEED_MAGNITUDE:
                fastest_rpm = min(fastest_rpm, value_limits(profile.field(write.field))[1])
    return fastest_rpm
