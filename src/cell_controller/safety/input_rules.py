"""Rules about inputs and process values: what must be on, agree, and stay inside its limits."""

from __future__ import annotations

from cell_controller.config import InputRule
from cell_controller.messages import SafetyPhase
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AnalogLimits
from cell_controller.safety.snapshot import Snapshot

# A hand on a belt, or a servo that settles, is no motion behind an open lock: twice the noise of standstill.
UNLOCKED_MOTION = 2.0
_MOVING_PHASES = (SafetyPhase.MOTION, SafetyPhase.RECOVERY)
_STOPPING_INPUTS = (InputRule.ESTOP, InputRule.GUARD)


def safety_input(snapshot: Snapshot, name: str) -> Finding | None:
    """To OK when every channel is on. A module that is silent or old is named by other rules."""
    entry = snapshot.limits.inputs[name]
    state = snapshot.usable(entry.channel.module)
    if state is None:
        return None
    is_on = bool(state.inputs & entry.channel.mask) and (entry.second is None or snapshot.is_on(entry.second))
    is_off = not is_on and (not entry.while_turning or snapshot.spindles[entry.while_turning].is_turning)
    if entry.for_s > 0.0 and not snapshot.lasts(entry.rule, name, is_off, entry.for_s):
        return None
    return Finding(RuleName(entry.rule.value), name, "is off") if is_off else None


def contradiction(snapshot: Snapshot, name: str) -> Finding | None:
    """To OK when two channels agree, a relay has opened on its stop, and no open guard is locked."""
    entry = snapshot.limits.inputs[name]
    is_on = snapshot.is_on(entry.channel)
    words = ""
    if entry.second is not None and is_on != snapshot.is_on(entry.second):
        words = f"and {entry.second.name} contradict each other"
    elif entry.rule is InputRule.RELAY and is_on:
        stop = _stop_that_is_off(snapshot)
        words = f"is closed although {stop} is off: welded, bridged or miswired" if stop else ""
    elif entry.rule is InputRule.GUARD and not is_on and snapshot.is_on(snapshot.limits.guard_locked):
        words = f"is off although {snapshot.limits.guard_locked.name} says locked"
    if not snapshot.lasts(RuleName.IMPLAUSIBLE, name, words != "", snapshot.limits.trips.discrepancy_s):
        return None
    return Finding(RuleName.IMPLAUSIBLE, name, words)


def _stop_that_is_off(snapshot: Snapshot) -> str:
    for name, entry in snapshot.limits.inputs.items():
        if entry.rule in _STOPPING_INPUTS:
            state = snapshot.usable(entry.channel.module)
            if state is not None and not state.inputs & entry.channel.mask:
                return name
    return ""


def guard_locked(snapshot: Snapshot, _: str) -> Finding | None:
    """To OK when the guard is locked, or nothing may move and nothing does; others name a silent module."""
    channel = snapshot.limits.guard_locked
    if snapshot.is_on(channel) or snapshot.usable(channel.module) is None:
        return None
    if snapshot.phase in _MOVING_PHASES:
        return Finding(RuleName.GUARD, channel.name, "the guard is not locked during motion")
    moving = _measured_moving(snapshot)
    if moving:
        return Finding(RuleName.GUARD, channel.name, f"the guard is not locked while {moving} moves")
    return None


def _measured_moving(snapshot: Snapshot) -> str:
    """An axis or spindle that is measured well above standstill."""
    for name, axis in snapshot.axes.items():
        state = axis.state
        if state is not None and abs(state.measured_speed_m_s) > UNLOCKED_MOTION * axis.limits.standstill_m_s:
            return name
    for name, spindle in snapshot.spindles.items():
        state = spindle.state
        if state is None:
            continue
        if abs(state.measured_speed_rpm) > UNLOCKED_MOTION * spindle.limits.standstill_rpm:
            return name
    return ""


def enabling(snapshot: Snapshot, _: str) -> Finding | None:
    """To OK when the enabling device is held, the mode is not manual, or nothing may move."""
    device = snapshot.limits.enabling
    if device is None or snapshot.phase not in _MOVING_PHASES or snapshot.is_enabling:
        return None
    if snapshot.usable(device.module) is None:
        return None
    return Finding(RuleName.ENABLING, device.name, "is not held in manual mode")


def clamp(snapshot: Snapshot, station: str) -> Finding | None:
    """To OK when the part is clamped while the program in force says that the tool may be in it."""
    limits = snapshot.limits.stations[station]
    channel = limits.clamp_closed
    if channel is None:
        return None
    is_open = (
        snapshot.phase is SafetyPhase.MOTION
        and snapshot.in_force[station] == limits.material
        and snapshot.usable(channel.module) is not None
        and not snapshot.is_on(channel)
    )
    if not snapshot.lasts(RuleName.CLAMP, station, is_open, snapshot.limits.trips.clamp_s):
        return None
    return Finding(RuleName.CLAMP, channel.name, f"has opened under the tool of {station}")


def process_value(snapshot: Snapshot, name: str) -> Finding | None:
    """To OK when the value is inside its limits, or does not count now."""
    limits = snapshot.limits.analog[name]
    watch = limits.watch
    state = snapshot.usable(limits.module)
    if state is None:
        return None
    if watch.while_turning is not None and not snapshot.spindles[watch.while_turning].is_turning:
        snapshot.lasts(watch.rule, name, False, watch.for_s)
        return None
    raw = state.analog_inputs
    if limits.channel >= len(raw):
        return Finding(RuleName.NOT_A_NUMBER, name, "is not among the values of its module")
    return _compare(snapshot, limits, limits.offset + limits.scale * raw[limits.channel])


def _compare(snapshot: Snapshot, limits: AnalogLimits, value: float) -> Finding | None:
    """Negated comparisons: what is not a number passes no limit."""
    watch, limit = limits.watch, None
    if watch.trip_above is not None and not value <= watch.trip_above:
        words, limit = "is too high", watch.trip_above
    elif watch.trip_below is not None and not value >= watch.trip_below:
        words, limit = "is too low", watch.trip_below
    lasts = snapshot.lasts(watch.rule, limits.name, limit is not None, watch.for_s)
    rule = RuleName(watch.rule.value)
    if limit is not None and lasts:
        return Finding(rule, limits.name, words, value, limit, limits.unit)
    if watch.warn_above is not None and not value <= watch.warn_above:
        return Finding(rule, limits.name, "is nearly too high", value, watch.warn_above, limits.unit, True)
    if watch.warn_below is not None and not value >= watch.warn_below:
        return Finding(rule, limits.name, "is nearly too low", value, watch.warn_below, limits.unit, True)
    return None
