"""Why the interlock cannot be reset now, in words that tell an operator what to do."""

from __future__ import annotations

from cell_controller.messages import DriveStates, LinePhase
from cell_controller.safety.epochs import Epochs
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AxisLimits
from cell_controller.safety.rules import REMEDY
from cell_controller.safety.snapshot import Snapshot


def reset_hindrance(snapshot: Snapshot, epochs: Epochs, findings: tuple[Finding, ...]) -> str:
    """The first thing to do, "" when a reset is possible."""
    present = tuple(f for f in findings if not f.is_event)
    if present:
        first = present[0]
        more = f" (and {len(present) - 1} more)" if len(present) > 1 else ""
        return f"{first.words}: {REMEDY[first.rule]}{more}"
    return lines_hindrance(snapshot, epochs)


# What an open enable does by itself: the relay drops, and drives without torque are faulty or not armed.
_OF_AN_OPEN_ENABLE = (
    RuleName.RELAY,
    RuleName.DRIVE_FAULT,
    RuleName.NOT_ARMED,
    RuleName.LINE_DOWN,
    RuleName.BUS_STOPPED,
)


LOCK_FIRST = "drive enable is open: it closes as soon as the guard has locked"


def reclose_hindrance(snapshot: Snapshot, findings: tuple[Finding, ...]) -> str:
    """Why the enables that have opened may not close yet, "" when only the guard's lock is missing for it,
    and a Clear when a stop has failed."""
    for finding in findings:
        if not finding.is_event and finding.rule not in _OF_AN_OPEN_ENABLE:
            return f"{finding.words}: {REMEDY[finding.rule]}"
    moving = snapshot.moving()
    return f"drive enable is open: wait until {', '.join(moving)} stands still" if moving else ""


def lines_hindrance(snapshot: Snapshot, epochs: Epochs) -> str:
    """Why not every bus stands still in the present epoch, "" when each does."""
    if epochs.is_superseded:
        return "another interlock has taken over: end this one"
    if not epochs.may_command:
        return f"waiting for the drive buses of {', '.join(epochs.unheard)} to report"
    for line, view in snapshot.lines.items():
        states = view.states
        if states is None or not view.is_up or not view.is_fresh(snapshot.now_s):
            return f"{line}: waiting for its drive states"
        if states.epoch != epochs.present:
            return f"{line}: waiting for its bus to take epoch {epochs.present}"
        if view.limits.moves and (not states.is_stopped or states.phase is LinePhase.STOPPING):
            return f"{line}: {_what_moves(snapshot, states)}"
    moving = snapshot.moving()
    return f"wait until {', '.join(moving)} stands still" if moving else ""


def _what_moves(snapshot: Snapshot, states: DriveStates) -> str:
    moving = [d for d in snapshot.limits.lines[states.line].drives if not snapshot.stands(d)]
    if moving and all(map(snapshot.is_let_go, moving)):
        return f"wait until {', '.join(moving)} cannot be coasting any more"
    if states.phase is LinePhase.STOPPING:
        return f"wait for the end of its stop program {states.program} {states.program_step}".rstrip()
    for drive in snapshot.limits.lines[states.line].drives:
        if not snapshot.stands(drive):
            state = snapshot.lines[states.line].drives[drive]
            if isinstance(snapshot.limits.drives[drive], AxisLimits):
                return f"wait until {drive} stands still ({state.measured_speed_m_s:.4f} m/s)"
            return f"wait until {drive} stands still ({state.measured_speed_rpm:.0f} rpm)"
    return "wait until its bus reports standstill"
