"""A drive on a bench, before any cell file knows it: how it may be moved, in revolutions."""

from __future__ import annotations

from math import pi
from typing import Any

from cell_controller.commissioning.errors import RefusedError
from cell_controller.config import AxisDrive, Drive, IoDrive, SpindleDrive
from cell_controller.config.values import DriveKind
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, Quantity, Verb, value_limits
from cell_controller.drives.schedule import LineMember, schedule_line

BENCH_RPM = 60.0  # of a servo, once round in a second: the eye follows it, a hand gets away from it
INVERTER_RPM = 300.0  # 10 Hz of a motor with four poles; below some 3 Hz few inverters turn one steadily
BENCH_TORQUE = 0.3  # of the rated torque: turns a free motor, and slips in a person's glove
RAMP_S = 0.2  # of a servo to BENCH_RPM
INVERTER_RAMP_S = 1.0  # gentle: what hangs on the shaft is not known
POLE_PAIRS = 2  # of an inverter's motor: four poles are the usual ones
STANDSTILL_RPM = 3.0
M_PER_REV = 1.0  # what it will move is not known: a metre stands for a revolution
FAR_REV = 20000.0


def bench_drive(profile: DriveProfile, unit: int) -> Drive:
    """The entry of a cell file that such a drive would have, with limits of a bench."""
    common: dict[str, Any] = {
        "line": "bench",
        "unit": unit,
        "profile": profile.name,
        "label": profile.family,
    }
    if profile.kind is DriveKind.IO:
        return IoDrive(**common, kind=DriveKind.IO)
    rps = BENCH_RPM / 60.0
    if profile.kind is DriveKind.AXIS:
        if profile.nameplate.rated_torque_nm is None:
            raise RefusedError(f"profile {profile.name} has no rated_torque_nm on its nameplate")
        low, high = _range_rev(profile)
        return AxisDrive(
            **common,
            kind=DriveKind.AXIS,
            m_per_rev=M_PER_REV,
            absolute=False,
            min_m=low,
            max_m=high,
            max_speed_m_s=rps,
            max_acceleration_m_s2=rps / RAMP_S,
            max_force_n=BENCH_TORQUE * profile.nameplate.rated_torque_nm * 2.0 * pi / M_PER_REV,
            moving_mass_kg=1.0,
            standstill_m_s=STANDSTILL_RPM / 60.0,
        )
    return SpindleDrive(
        **common,
        kind=DriveKind.SPINDLE,
        rpm_per_hz=60.0 / POLE_PAIRS,
        max_speed_rpm=INVERTER_RPM,
        ramp_s=INVERTER_RAMP_S,
        inertia_kg_m2=0.001,
        max_torque_nm=BENCH_TORQUE * (profile.nameplate.rated_torque_nm or 1.0),
        standstill_rpm=STANDSTILL_RPM,
    )


def _range_rev(profile: DriveProfile) -> tuple[float, float]:
    """As far as its registers count; a motor on a bench has no ends."""
    if Quantity.TARGET_POSITION not in profile.fields:
        return -FAR_REV, FAR_REV
    low, high = value_limits(profile.field(Quantity.TARGET_POSITION))
    return max(low, -FAR_REV), min(high, FAR_REV)


def believed(profile: DriveProfile) -> DriveProfile:
    """Of an inverter without an encoder, 0 is taken as standstill: on a bench somebody sees the shaft."""
    return profile.model_copy(update={"sees_coasting": True})


def verbs_of(profile: DriveProfile) -> tuple[Verb, ...]:
    """Kinds of setpoint that a jog may use."""
    return tuple(v for v in (Verb.VELOCITY, Verb.PROFILE_MOVE) if v in profile.setpoints)


def bench_watchdog_s(profile: DriveProfile, speed: LineSpeed) -> float | None:
    """Of a line with this drive alone; None when it has no watchdog. ScheduleError for a wrong line."""
    schedule = schedule_line(speed, (LineMember(profile.name, profile, verbs_of(profile)),))
    return schedule.drive(profile.name).watchdog_s
