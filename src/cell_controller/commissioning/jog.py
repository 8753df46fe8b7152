"""Hold-to-run of one drive, slowly, for as long as somebody holds the button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from cell_controller.commissioning.bench import BENCH_TORQUE
from cell_controller.commissioning.session import Session, refuse_unless_safe_to_move
from cell_controller.config import AxisDrive, CellFile, Drive, SpindleDrive
from cell_controller.drives.goal import rated_force_n
from cell_controller.drives.profile import DriveProfile
from cell_controller.proving.trial import SPINDLE_SHARE

REACTION_S = 0.2  # from a reading to the ramp: two exchanges of a slow line


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person may do by hand: m/s of an axis, rpm of a spindle."""

    speed: float
    force_n: float


@dataclass(frozen=True, slots=True)
class Jogged:
    """What became of it."""

    began_m: float  # NaN of a spindle
    ended_m: float
    limited_speed: float  # magnitude of what was asked for, after the limit
    let_go_speed: float  # measured when the button was let go
    stands: bool
    at_end: bool  # stopped before a soft limit


def limits_of(profile: DriveProfile, drive: Drive, cell: CellFile | None) -> Limits:
    """Manual speed and force of the cell file; on a bench what bench.py says."""
    if isinstance(drive, SpindleDrive):
        share = 1.0 if cell is None else SPINDLE_SHARE
        return Limits(share * drive.permitted_rpm, 0.0)
    if not isinstance(drive, AxisDrive):
        return Limits(0.0, 0.0)
    if cell is None:
        return Limits(drive.max_speed_m_s, BENCH_TORQUE * rated_force_n(profile, drive))
    safety = cell.safety
    return Limits(
        min(safety.manual_speed_m_s, drive.max_speed_m_s), min(safety.manual_force_n, drive.max_force_n)
    )


def jog(
    session: Session,
    speed: float,
    limits: Limits,
    is_held: Callable[[], bool],
    show: Callable[[], None] = lambda: None,
) -> Jogged:
    """Arm, switch on, move while held, stop, off; `stands` says whether it was measured to."""
    refuse_unless_safe_to_move(session.device)
    session.arm()
    session.clear_fault()
    try:
        session.switch_on()
        began_m = session.position_m
        session.go(speed, limits.speed, limits.force_n)

        def is_over() -> bool:
            show()
            return not is_held() or _is_at_end(session, speed)

        session.run(is_over, inf)
        at_end, let_go_speed = is_held(), session.speed
    finally:
        stands = session.stop()
    limited = min(abs(speed), limits.speed)
    return Jogged(began_m, session.position_m, limited, let_go_speed, stands, at_end)


def _is_at_end(session: Session, speed: float) -> bool:
    """So near to a soft limit that its ramp ends there; an axis that does not know where it is has none."""
    drive, image = session.device.drive, session.device.image
    if not isinstance(drive, AxisDrive) or not image.is_homed:
        return False
    way_m = image.speed_m_s**2 / (2.0 * drive.max_acceleration_m_s2) + abs(image.speed_m_s) * REACTION_S
    ahead_m = drive.max_m - image.position_m if speed > 0.0 else image.position_m - drive.min_m
    return ahead_m <= way_m
