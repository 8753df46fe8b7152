"""Rules about single drives."""

from __future__ import annotations

from math import isfinite
from typing import cast

from cell_controller.messages import DriveCondition, DriveState
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AxisLimits, SpindleLimits
from cell_controller.safety.snapshot import Snapshot

# Grinding practice: wheel overspeed warns at 102 % and trips at 105 % of the permitted speed. Axes and
# welding spindles follow the same figures.
OVERSPEED_WARNING = 1.02
OVERSPEED_TRIP = 1.05
# Friction stir practice: warn at 110 %, trip at 125 % of the design force; the cell file has the trip limit.
FORCE_WARNING = 1.10 / 1.25
# Overshoot and quantisation of a servo that stands on its soft limit; a tenth of the weld's depth floor.
POSITION_TOLERANCE_M = 1.0e-5


def fault(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the drive reports no fault."""
    state = _reported(snapshot, drive)
    if state is None or state.condition is not DriveCondition.FAULT:
        return None
    return Finding(RuleName.DRIVE_FAULT, drive, f"fault {state.fault_code} {state.fault_text}".rstrip())


def offline(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the drive answers."""
    if not snapshot.line_of(drive).is_up:
        return None  # line_down
    state = snapshot.line_of(drive).drives.get(drive)
    if state is not None and state.condition is not DriveCondition.OFFLINE:
        return None
    return Finding(RuleName.DRIVE_OFFLINE, drive, "does not answer")


def not_armed(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when identity, watchdog and settings of the drive are proved."""
    state = _reported(snapshot, drive)
    if state is None or state.is_armed:
        return None
    return Finding(RuleName.NOT_ARMED, drive, "its watchdog and settings are not proved")


def axis_numbers(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when position and speed, and a force that has a limit, are numbers."""
    state = _reported(snapshot, drive)
    if state is None:
        return None
    if not (isfinite(state.measured_position_m) and isfinite(state.measured_speed_m_s)):
        return Finding(RuleName.NOT_A_NUMBER, drive, "position or speed is not a number")
    limit_n = cast("AxisLimits", snapshot.limits.drives[drive]).max_axial_force_n
    if limit_n is not None and not isfinite(state.measured_force_n):
        return Finding(RuleName.NOT_A_NUMBER, drive, "force is not a number")
    return None


def spindle_numbers(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the measured speed is a number."""
    state = _reported(snapshot, drive)
    if state is None or isfinite(state.measured_speed_rpm):
        return None
    return Finding(RuleName.NOT_A_NUMBER, drive, "speed is not a number")


def position(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the axis, once homed, is inside its soft limits."""
    state = _reported(snapshot, drive)
    if state is None or not state.is_homed:
        return None
    axis = cast("AxisLimits", snapshot.limits.drives[drive])
    at_m = state.measured_position_m
    if at_m < axis.min_m - POSITION_TOLERANCE_M:
        return Finding(RuleName.LIMITS, drive, "is below its lower limit", at_m, axis.min_m, "m")
    if at_m > axis.max_m + POSITION_TOLERANCE_M:
        return Finding(RuleName.LIMITS, drive, "is above its upper limit", at_m, axis.max_m, "m")
    return None


def axis_overspeed(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the axis is not faster than its limit; standstill noise is added."""
    state = _reported(snapshot, drive)
    if state is None:
        return None
    axis = cast("AxisLimits", snapshot.limits.drives[drive])
    speed_m_s = abs(state.measured_speed_m_s)
    over_m_s = speed_m_s - axis.standstill_m_s
    if over_m_s > OVERSPEED_TRIP * axis.max_speed_m_s:
        return Finding(RuleName.OVERSPEED, drive, "is too fast", speed_m_s, axis.max_speed_m_s, "m/s")
    if over_m_s > OVERSPEED_WARNING * axis.max_speed_m_s:
        return Finding(
            RuleName.OVERSPEED, drive, "is nearly too fast", speed_m_s, axis.max_speed_m_s, "m/s", True
        )
    return None


def spindle_overspeed(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the spindle is not faster than its limit, the wheel's marked speed included."""
    state = _reported(snapshot, drive)
    if state is None:
        return None
    limit_rpm = cast("SpindleLimits", snapshot.limits.drives[drive]).max_speed_rpm
    speed_rpm = abs(state.measured_speed_rpm)
    if speed_rpm > OVERSPEED_TRIP * limit_rpm:
        return Finding(RuleName.OVERSPEED, drive, "is too fast", speed_rpm, limit_rpm, "rpm")
    if speed_rpm > OVERSPEED_WARNING * limit_rpm:
        return Finding(RuleName.OVERSPEED, drive, "is nearly too fast", speed_rpm, limit_rpm, "rpm", True)
    return None


def axial_force(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the force of an axis with a limit is below it."""
    state = _reported(snapshot, drive)
    limit_n = cast("AxisLimits", snapshot.limits.drives[drive]).max_axial_force_n
    if state is None or limit_n is None:
        return None
    force_n = abs(state.measured_force_n)
    if force_n > limit_n:
        return Finding(RuleName.FORCE, drive, "force is too high", force_n, limit_n, "N")
    if force_n > FORCE_WARNING * limit_n:
        return Finding(RuleName.FORCE, drive, "force is nearly too high", force_n, limit_n, "N", True)
    return None


def _reported(snapshot: Snapshot, drive: str) -> DriveState | None:
    """The state to judge; a line that is down and a silent drive have rules of their own."""
    view = snapshot.line_of(drive)
    state = view.drives.get(drive)
    if state is None or not view.is_up or state.condition is DriveCondition.OFFLINE:
        return None
    return state
