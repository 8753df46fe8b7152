"""Rules about spindles: speed of wheel and tool, torque and power, and whether the speed follows."""

from __future__ import annotations

from math import isfinite

from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import SpindleTrace


def numbers(_: Snapshot, spindle: SpindleTrace) -> Finding | None:
    """To OK when the speed, and a torque and a power that have a limit, are numbers."""
    state, limits = spindle.state, spindle.limits
    if state is None:
        return None
    if not isfinite(state.measured_speed_rpm):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "speed is not a number")
    if limits.max_torque_nm is not None and not isfinite(state.measured_torque_nm):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "torque is not a number")
    if limits.max_power_w is not None and not isfinite(state.measured_power_w):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "power is not a number")
    return None


def frozen(snapshot: Snapshot, spindle: SpindleTrace) -> Finding | None:
    """To OK when the speed changes while it is far from the commanded one."""
    limit_s = snapshot.limits.trips.frozen_s
    if spindle.state is None or spindle.still_s < limit_s:
        return None
    text = "speed does not change while another one is commanded"
    return Finding(RuleName.FROZEN, spindle.state.drive, text, spindle.still_s, limit_s, "s")


def overspeed(snapshot: Snapshot, spindle: SpindleTrace) -> Finding | None:
    """To OK when the spindle is not faster than the smallest of its own and the wheel's two limits."""
    state, limit_rpm = spindle.state, spindle.limits.max_speed_rpm
    if state is None:
        return None
    speed_rpm, trips = abs(state.measured_speed_rpm), snapshot.limits.trips
    if speed_rpm <= trips.overspeed_warning * limit_rpm:
        return None
    if speed_rpm > trips.overspeed_trip * limit_rpm:
        return Finding(RuleName.OVERSPEED, state.drive, "is too fast", speed_rpm, limit_rpm, "rpm")
    return Finding(RuleName.OVERSPEED, state.drive, "is nearly too fast", speed_rpm, limit_rpm, "rpm", True)


def torque(snapshot: Snapshot, spindle: SpindleTrace) -> Finding | None:
    """To OK when the torque is below its limit."""
    state, limit_nm = spindle.state, spindle.limits.max_torque_nm
    if state is None or limit_nm is None:
        return None
    value_nm = abs(state.measured_torque_nm)
    if value_nm > limit_nm:
        return Finding(RuleName.TORQUE, state.drive, "torque is too high", value_nm, limit_nm, "N m")
    if value_nm > snapshot.limits.trips.load_warning * limit_nm:
        return Finding(
            RuleName.TORQUE, state.drive, "torque is nearly too high", value_nm, limit_nm, "N m", True
        )
    return None


def power(snapshot: Snapshot, spindle: SpindleTrace) -> Finding | None:
    """To OK when the power of a spindle with a limit is below it."""
    state, limit_w = spindle.state, spindle.limits.max_power_w
    if state is None or limit_w is None:
        return None
    value_w = abs(state.measured_power_w)
    if value_w > limit_w:
        return Finding(RuleName.POWER, state.drive, "power is too high", value_w, limit_w, "W")
    if value_w > snapshot.limits.trips.load_warning * limit_w:
        return Finding(RuleName.POWER, state.drive, "power is nearly too high", value_w, limit_w, "W", True)
    return None
