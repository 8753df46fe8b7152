"""Rules about lines, streams, inputs and the cell as a whole."""

from __future__ import annotations

from cell_controller.messages import LinePhase, SafetyPhase
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.snapshot import Snapshot

# A bus obeys within one command (20 ms) and reports at once; this is the time of many lost messages.
OBEY_WITHIN_S = 0.5
# Between a trip and the first frame of its stop program: detection, two messages, a request in flight.
STOP_BEGINS_WITHIN_S = 0.5
# The echo in a permit is older than the permit by the way of two messages and their periods.
ECHO_LIMITS = 2.0


def manager_lost(snapshot: Snapshot, _: str) -> Finding | None:
    """To OK when the CellPermit is fresh and its sender hears the interlock."""
    limit_s = snapshot.limits.ages.manager_s
    if not snapshot.now_s < snapshot.permit_at_s + limit_s:
        age_s = snapshot.now_s - snapshot.permit_at_s
        return Finding(RuleName.MANAGER_LOST, "cell_manager", "no permit arrives", age_s, limit_s, "s")
    if not snapshot.now_s < snapshot.permit_echo_s + ECHO_LIMITS * limit_s:
        echo_age_s = snapshot.now_s - snapshot.permit_echo_s
        text = "does not hear the interlock"
        return Finding(RuleName.MANAGER_LOST, "cell_manager", text, echo_age_s, ECHO_LIMITS * limit_s, "s")
    return None


def line_lost(snapshot: Snapshot, line: str) -> Finding | None:
    """To OK when the drive states of the line are fresh."""
    view = snapshot.lines[line]
    if snapshot.now_s < view.lost_at_s:
        return None
    age_s = snapshot.now_s - view.received_at_s
    return Finding(RuleName.LINE_LOST, line, "no drive states arrive", age_s, view.age_limit_s, "s")


def line_down(snapshot: Snapshot, line: str) -> Finding | None:
    """To OK when the port is open, and every drive of the line has been armed."""
    states = snapshot.lines[line].states
    if states is None:
        return None  # line_lost
    if states.phase is LinePhase.CLOSED:
        return Finding(RuleName.LINE_DOWN, line, "the port is not open")
    if states.phase is LinePhase.ARMING:
        return Finding(RuleName.LINE_DOWN, line, "its drives are being armed")
    if not states.is_armed:
        return Finding(RuleName.LINE_DOWN, line, "not all of its drives are armed")
    return None


def bus_stopped(snapshot: Snapshot, line: str) -> Finding | None:
    """To OK when the bus obeys the present epoch; asked only while something is permitted."""
    states = snapshot.lines[line].states
    if states is None or snapshot.phase is SafetyPhase.TRIPPED:
        return None
    is_obeying = states.phase is LinePhase.PERMITTED
    is_excused = snapshot.excused_causes.get(line) == states.stop_cause
    if states.epoch == snapshot.epoch and states.stop_cause and not (is_obeying or is_excused):
        return Finding(RuleName.BUS_STOPPED, line, f"stopped by itself: {states.stop_cause}")
    if not is_obeying and snapshot.is_past(snapshot.epoch_since_s + OBEY_WITHIN_S):
        since_s = snapshot.now_s - snapshot.epoch_since_s
        text = f"does not obey epoch {snapshot.epoch}"
        return Finding(RuleName.BUS_STOPPED, line, text, since_s, OBEY_WITHIN_S, "s")
    return None


def other_config(snapshot: Snapshot, line: str) -> Finding | None:
    """To OK when the bus read the same files and reports exactly the drives of its line."""
    view = snapshot.lines[line]
    if view.states is None:
        return None
    if view.states.config_hash != snapshot.limits.config_hash:
        return Finding(RuleName.CONFIG, line, "its bus read another cell file or other profiles")
    if len(view.states.drives) != len(view.limits.drives) or view.drives.keys() != set(view.limits.drives):
        return Finding(RuleName.CONFIG, line, "its bus reports other drives than the cell file has")
    return None


def station_lost(snapshot: Snapshot, station: str) -> Finding | None:
    """To OK when a setpoint that can be used is fresh."""
    limit_s = snapshot.limits.ages.station_s[station]
    at_s = snapshot.setpoint_at_s[station]
    if snapshot.now_s < at_s + limit_s:
        return None
    age_s = snapshot.now_s - at_s
    return Finding(RuleName.STATION_LOST, station, "no usable setpoint arrives", age_s, limit_s, "s")


def stale_data(snapshot: Snapshot, line: str) -> Finding | None:
    """To OK when everything that the drives of the line measured is young enough."""
    view = snapshot.lines[line]
    if not view.is_up or snapshot.now_s < view.stale_at_s:
        return None
    if snapshot.now_s >= view.lost_at_s:
        return None  # line_lost
    limit_s = view.measured_limits_s[view.stale_drive]
    age_s = snapshot.now_s - view.stale_at_s + limit_s
    return Finding(RuleName.STALE_DATA, view.stale_drive, "its data are too old", age_s, limit_s, "s")


def standstill(snapshot: Snapshot, _: str) -> Finding | None:
    """To OK when all stands still once the longest stop program has had its time."""
    if snapshot.phase not in (SafetyPhase.TRIPPED, SafetyPhase.HOLD):
        return None
    limit_s = snapshot.limits.longest_program_s + STOP_BEGINS_WITHIN_S
    if not snapshot.is_past(snapshot.phase_since_s + limit_s):
        return None
    moving = snapshot.moving()
    if not moving:
        return None
    since_s = snapshot.now_s - snapshot.phase_since_s
    is_let_go = snapshot.is_let_go(moving[0])
    text = "may be coasting, its output is off" if is_let_go else "no measured standstill after the stop"
    return Finding(RuleName.STANDSTILL, moving[0], text, since_s, limit_s, "s")
