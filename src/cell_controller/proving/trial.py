"""How one drive is tried: what moves, how fast, which way, how long the silence lasts. Or why it is not."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from cell_controller.config import AxisDrive, CellFile, IoDrive, SpindleDrive
from cell_controller.messages import DriveState
from cell_controller.plan import CellPlan
from cell_controller.proving.errors import UnprovableError
from cell_controller.proving.proof import StoppedBy, stopped_by

SPINDLE_SHARE = 0.25  # of the permitted speed: what a recovery permit allows a spindle
READINGS = 3  # at steady speed before the silence: two would not show that it is steady
SETTLE_S = 0.3  # to be switched on and up to speed, beside the ramp and the readings
BEYOND_S = 0.5  # the target is this far behind the end of the silence: arriving there is no stop
LEAST_STANDSTILLS = 4.0  # slower than this many times its standstill speed nobody can tell motion from rest


@dataclass(frozen=True, slots=True)
class Trial:
    """One drive in motion at `speed` (m/s or rpm, signed), then a silence of `silence_s`."""

    drive: str
    line: str
    by: StoppedBy
    silent: tuple[str, ...]  # lines that fall silent together
    fed: str  # drive or module whose last frame counts: what stops it waits from there
    speed: float
    target_m: float  # axis
    ramp_s: float  # from `speed` to standstill, by the drive's ramp or without torque
    watchdog_s: float  # from the last frame until it is made to stop
    silence_s: float  # the longest that it may take from full speed, as the plan computes it


def limits_of(cell: CellFile, plan: CellPlan, name: str) -> tuple[StoppedBy, str, float]:
    """What stops the drive, who has to miss its frames, and for how long."""
    by = stopped_by(cell, plan, name)
    drive = cell.drives[name]
    if by is None or not isinstance(drive, AxisDrive | SpindleDrive):
        raise UnprovableError(name, "it has neither a watchdog nor a hardwired enable")
    own_s = plan.drives[name].watchdog_s
    if own_s is not None:
        return by, name, own_s
    assert drive.enable is not None  # what stopped_by has found
    module = cell.signals.outputs[drive.enable].module
    module_s = plan.drives[module].watchdog_s
    if module_s is None:
        raise UnprovableError(name, f"{module}, which opens its enable, has no watchdog either")
    relay_s = cell.safety.relay.delay_s if drive.enable == cell.safety.drive_enable else 0.0
    return by, module, module_s + relay_s


def trial_of(cell: CellFile, plan: CellPlan, state: DriveState) -> Trial:
    """The trial of a drive where it now stands; UnprovableError says what stands against it."""
    name = state.drive
    drive = cell.drives[name]
    by, fed, watchdog_s = limits_of(cell, plan, name)
    silent = tuple(dict.fromkeys((drive.line, cell.drives[fed].line)))
    silence_s = plan.drives[name].coast_s
    if isinstance(drive, SpindleDrive):
        speed = SPINDLE_SHARE * drive.permitted_rpm
        ramp_s = slowing_s(cell, plan, name, speed)
        return Trial(name, drive.line, by, silent, fed, speed, 0.0, ramp_s, watchdog_s, silence_s)
    assert isinstance(drive, AxisDrive)  # limits_of has refused all others
    if not isfinite(state.measured_position_m):
        raise UnprovableError(name, "it does not tell where it is")
    is_belt = any(c.axis == name for c in cell.conveyors.values())
    if not is_belt and not state.is_homed:
        raise UnprovableError(name, "it is not homed: bring the cell up once, Clear and Reset home it")
    low_m, high_m = _range(cell, name, drive, state.measured_position_m, is_belt=is_belt)
    speed, target_m = _way(cell, plan, drive, name, (low_m, high_m), state.measured_position_m, silence_s)
    ramp_s = slowing_s(cell, plan, name, speed)
    return Trial(name, drive.line, by, silent, fed, speed, target_m, ramp_s, watchdog_s, silence_s)


def slowing_s(cell: CellFile, plan: CellPlan, name: str, speed: float) -> float:
    """From this speed to standstill on a silent line: the same deceleration as from full speed."""
    drive = cell.drives[name]
    if isinstance(drive, IoDrive):
        return 0.0
    fastest = drive.max_speed_m_s if isinstance(drive, AxisDrive) else drive.max_speed_rpm
    return plan.drives[name].slowing_s * abs(speed) / fastest


def _range(
    cell: CellFile, name: str, drive: AxisDrive, position_m: float, *, is_belt: bool
) -> tuple[float, float]:
    """Where it may be: tools above their safe position, a belt anywhere."""
    if is_belt:
        return -1.0 + position_m, 1.0 + position_m
    return max(drive.min_m, tool_floors(cell).get(name, drive.min_m)), drive.max_m


def _way(
    cell: CellFile,
    plan: CellPlan,
    drive: AxisDrive,
    name: str,
    limits_m: tuple[float, float],
    position_m: float,
    silence_s: float,
) -> tuple[float, float]:
    """Speed and target: manual speed, slower where there is no room for it, to the side with more room."""
    lead_s = SETTLE_S + (READINGS + 1) * plan.drives[name].read_interval_s
    lead_s += plan.drives[name].write_interval_s
    need_s = lead_s + silence_s + BEYOND_S
    up_m, down_m = limits_m[1] - position_m, position_m - limits_m[0]
    room_m = max(up_m, down_m)
    speed = min(cell.safety.manual_speed_m_s, drive.max_speed_m_s, room_m / need_s)
    if speed < LEAST_STANDSTILLS * drive.standstill_m_s:
        text = f"it has {1000 * max(room_m, 0.0):.1f} mm of room, too little: jog it away from its end"
        raise UnprovableError(name, text)
    side = 1.0 if up_m >= down_m else -1.0
    return side * speed, position_m + side * speed * need_s


def tool_floors(cell: CellFile) -> dict[str, float]:
    """Axes that enter the material, with the position above which they are surely out of it."""
    floors = {robot.z: robot.safe_z_m for robot in cell.welding_robots.values()}
    return floors | {s.infeed: s.safe_infeed_m for s in cell.grinding_spindles.values()}


def describe(trial: Trial, cell: CellFile) -> str:
    """What will happen, for the person who is asked."""
    if isinstance(cell.drives[trial.drive], SpindleDrive):
        return f"{trial.drive} turns at {trial.speed:.0f} rpm"
    way_m = abs(trial.speed) * (trial.silence_s + BEYOND_S)
    return f"{trial.drive} moves at {1000 * trial.speed:+.1f} mm/s, about {1000 * way_m:.0f} mm"
