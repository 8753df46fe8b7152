"""Rules about single drives of any kind."""

from __future__ import annotations

from math import isfinite

from cell_controller.messages import DriveCondition
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import Trace

# Between a warm day and the trip: enough to look after a fan before the drive stops by itself.
TEMPERATURE_WARNING_C = 10.0


def fault(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the drive reports no fault."""
    state = snapshot.line_of(drive).reported(drive)
    if state is None or state.condition is not DriveCondition.FAULT:
        return None
    if state.fault_code == 0:
        return Finding(RuleName.DRIVE_FAULT, drive, state.fault_text or "shows a fault without a code")
    return Finding(RuleName.DRIVE_FAULT, drive, f"fault {state.fault_code} {state.fault_text}".rstrip())


def offline(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when the drive answers."""
    view = snapshot.line_of(drive)
    if not view.is_up:
        return None  # line_down
    state = view.drives.get(drive)
    if state is not None and state.condition is not DriveCondition.OFFLINE:
        return None
    return Finding(RuleName.DRIVE_OFFLINE, drive, "does not answer")


def not_armed(snapshot: Snapshot, drive: str) -> Finding | None:
    """To OK when identity, watchdog and settings of the drive are proved."""
    state = snapshot.line_of(drive).reported(drive)
    if state is None or state.is_armed:
        return None
    why = state.fault_text.removeprefix("not armed: ")
    text = f"its watchdog and settings are not proved{': ' if why else ''}{why}"
    return Finding(RuleName.NOT_ARMED, drive, text)


def current(snapshot: Snapshot, trace: Trace) -> Finding | None:
    """To OK when the current of a drive with a limit is below it."""
    state, limit_a = trace.state, trace.limits.max_current_a
    if state is None or limit_a is None:
        return None
    value_a = abs(state.measured_current_a)
    if value_a > limit_a:
        return Finding(RuleName.CURRENT, state.drive, "current is too high", value_a, limit_a, "A")
    if value_a > snapshot.limits.trips.load_warning * limit_a:
        return Finding(
            RuleName.CURRENT, state.drive, "current is nearly too high", value_a, limit_a, "A", True
        )
    return None


def temperature(_: Snapshot, trace: Trace) -> Finding | None:
    """To OK when the power stage of a drive with a limit is known to be cooler than it."""
    state, limit_c = trace.state, trace.limits.max_temperature_c
    if state is None or limit_c is None:
        return None
    value_c = state.measured_temperature_c
    if not isfinite(value_c):
        return Finding(RuleName.TEMPERATURE, state.drive, "is not known")
    if value_c > limit_c:
        return Finding(RuleName.TEMPERATURE, state.drive, "is too hot", value_c, limit_c, "°C")
    if value_c > limit_c - TEMPERATURE_WARNING_C:
        return Finding(RuleName.TEMPERATURE, state.drive, "is nearly too hot", value_c, limit_c, "°C", True)
    return None


def current_number(_: Snapshot, trace: Trace) -> Finding | None:
    """To OK when a current that has a limit is a number."""
    state, limits = trace.state, trace.limits
    if state is None:
        return None
    if limits.max_current_a is not None and not isfinite(state.measured_current_a):
        return Finding(RuleName.NOT_A_NUMBER, state.drive, "current is not a number")
    return None
