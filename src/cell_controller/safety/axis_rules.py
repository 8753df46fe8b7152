"""Rules about axes: place, speed, acceleration, force, and whether what is measured can be true."""

from __future__ import annotations

from math import isfinite, sqrt

from cell_controller.messages import SafetyPhase
from cell_controller.packml import Mode
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import REDUCED_SPEED_M_S
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import AxisTrace

# Overshoot and quantisation of a servo that stands on its soft limit; a tenth of the weld's depth floor.
POSITION_TOLERANCE_M = 1.0e-5
REDUCED_WARNING = 0.95  # a command is 90 %, a servo overshoots by some percent
_MOVING_PHASES = (SafetyPhase.MOTION, SafetyPhase.RECOVERY)


def numbers(_: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when position and speed, and the force of a drive that measures it, are numbers."""
    state = axis.state
    if state is None:
        return None
    if not (isfinite(state.measured_position_m) and isfinite(state.measured_speed_m_s)):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "position or speed is not a number")
    if axis.limits.measures_force and not isfinite(state.measured_force_n):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "force is not a number")
    return None


def jump(_: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when a position follows from the one before at a speed that the axis can have."""
    if axis.state is None or axis.jump_m == 0.0:
        return None
    text = "position has jumped further than it can have moved"
    return Finding(RuleName.IMPLAUSIBLE, axis.state.drive, text, axis.jump_m, 0.0, "m")


def frozen(snapshot: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the position changes while motion is commanded."""
    limit_s = snapshot.limits.trips.frozen_s
    if axis.state is None or not axis.is_frozen(limit_s):
        return None
    text = "position does not change while motion is commanded"
    return Finding(RuleName.FROZEN, axis.state.drive, text, axis.still_s, limit_s, "s")


def depth_floor(_: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the tool is above its floor over the anvil."""
    state, floor_m = axis.state, axis.limits.floor_m
    if state is None or floor_m is None or not state.is_homed or state.measured_position_m >= floor_m:
        return None
    at_m = state.measured_position_m
    if at_m < floor_m - POSITION_TOLERANCE_M:
        return Finding(RuleName.DEPTH_FLOOR, state.drive, "is below its depth floor", at_m, floor_m, "m")
    return Finding(RuleName.DEPTH_FLOOR, state.drive, "is at its depth floor", at_m, floor_m, "m", True)


def position(_: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the axis, once homed, is inside its soft limits."""
    state, limits = axis.state, axis.limits
    if state is None or not state.is_homed:
        return None
    at_m = state.measured_position_m
    if limits.min_m <= at_m <= limits.max_m:
        return None
    is_low = at_m < limits.min_m
    limit_m = limits.min_m if is_low else limits.max_m
    is_warning = abs(at_m - limit_m) <= POSITION_TOLERANCE_M
    words = (
        f"{'at' if is_warning else 'below' if is_low else 'above'} its {'lower' if is_low else 'upper'} limit"
    )
    return Finding(RuleName.LIMITS, state.drive, f"is {words}", at_m, limit_m, "m", is_warning)


def overspeed(snapshot: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the axis is not faster than its limit; standstill noise is added."""
    state, limit_m_s = axis.state, axis.limits.max_speed_m_s
    if state is None:
        return None
    speed_m_s = abs(state.measured_speed_m_s)
    over_m_s = speed_m_s - axis.limits.standstill_m_s
    trips = snapshot.limits.trips
    if over_m_s <= trips.overspeed_warning * limit_m_s:
        return None
    if over_m_s > trips.overspeed_trip * limit_m_s:
        return Finding(RuleName.OVERSPEED, state.drive, "is too fast", speed_m_s, limit_m_s, "m/s")
    return Finding(RuleName.OVERSPEED, state.drive, "is nearly too fast", speed_m_s, limit_m_s, "m/s", True)


def acceleration(snapshot: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the speed changes as fast as the drive's ramp does; asked while something may move."""
    state, limit = axis.state, axis.limits.max_acceleration_m_s2
    if state is None or snapshot.phase not in _MOVING_PHASES:
        return None
    value, trips = axis.acceleration_m_s2, snapshot.limits.trips
    if value <= trips.acceleration_warning * limit:
        return None
    if value > trips.acceleration_trip * limit:
        return Finding(RuleName.ACCELERATION, state.drive, "acceleration is too high", value, limit, "m/s²")
    text = "acceleration is nearly too high"
    return Finding(RuleName.ACCELERATION, state.drive, text, value, limit, "m/s²", True)


def axial_force(snapshot: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the force of an axis with a trip limit is below it."""
    state, limit_n = axis.state, axis.limits.max_axial_force_n
    if state is None or limit_n is None:
        return None
    force_n = abs(state.measured_force_n)
    if force_n > limit_n:
        return Finding(RuleName.FORCE, state.drive, "force is too high", force_n, limit_n, "N")
    if force_n > snapshot.limits.trips.force_warning * limit_n:
        return Finding(RuleName.FORCE, state.drive, "force is nearly too high", force_n, limit_n, "N", True)
    return None


def motor_force(snapshot: Snapshot, axis: AxisTrace) -> Finding | None:
    """To OK when the motor pushes no harder than the force limit that its drive has been given."""
    state, limit_n = axis.state, axis.limits.max_force_n
    if state is None:
        return None
    force_n = abs(state.measured_force_n)
    if force_n > snapshot.limits.trips.axis_force_trip * limit_n:
        text = "pushes harder than its drive is told to"
        return Finding(RuleName.TORQUE, state.drive, text, force_n, limit_n, "N")
    if force_n > limit_n:
        return Finding(RuleName.TORQUE, state.drive, "is at its force limit", force_n, limit_n, "N", True)
    return None


def reduced_speed(snapshot: Snapshot, station: str) -> Finding | None:
    """To OK when all axes of a station together are slow, in every mode but Production."""
    permit = snapshot.permit
    if permit is None or permit.mode == Mode.PRODUCTION or snapshot.phase not in _MOVING_PHASES:
        return None
    squared = 0.0
    for name in snapshot.limits.stations[station].axes:
        state = snapshot.axes[name].state
        if state is not None:
            squared += state.measured_speed_m_s**2
    if squared <= (REDUCED_WARNING * REDUCED_SPEED_M_S) ** 2:
        return None
    speed_m_s, limit_m_s = sqrt(squared), REDUCED_SPEED_M_S
    if speed_m_s > limit_m_s:
        text = "its tool is too fast for manual operation"
        return Finding(RuleName.REDUCED_SPEED, station, text, speed_m_s, limit_m_s, "m/s")
    text = "its tool is nearly too fast for manual operation"
    return Finding(RuleName.REDUCED_SPEED, station, text, speed_m_s, limit_m_s, "m/s", True)
