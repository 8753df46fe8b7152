"""From the Unit's inputs to the snapshot, and from the runtime's notices to events."""

from __future__ import annotations

from math import inf

from cell_controller.config import CELL_MANAGER
from cell_controller.messages import CellPermit, DriveStates, LinePhase, Setpoint
from cell_controller.runtime import FaultKind, Input, InputFault, Inputs
from cell_controller.runtime.ports import CELL_PERMIT, DRIVE_STATES, SETPOINT
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import Ages
from cell_controller.safety.rules import RuleBook
from cell_controller.safety.snapshot import Snapshot

# Messages of one source between two steps: at 50 Hz a queue of 10 is 0.2 s, far later than a late step.
DEPTH_PER_SOURCE = 10
_LOST = {
    DRIVE_STATES.name: RuleName.LINE_LOST,
    SETPOINT.name: RuleName.STATION_LOST,
    CELL_PERMIT.name: RuleName.MANAGER_LOST,
}


def declared_inputs(ages: Ages) -> tuple[Input, ...]:
    """All that the interlock listens to, each with its age limit; every message wakes it."""
    return tuple(
        port.input(
            wakes=True,
            depth=DEPTH_PER_SOURCE * len(limits_s),
            sources=tuple(limits_s),
            max_age_s=dict(limits_s),
        )
        for port, limits_s in (
            (DRIVE_STATES, ages.line_s),
            (SETPOINT, ages.station_s),
            (CELL_PERMIT, {CELL_MANAGER: ages.manager_s}),
        )
    )


def take_permits(inputs: Inputs, snapshot: Snapshot) -> tuple[CellPermit, ...]:
    """Makes the newest permit the one in the snapshot; returns all that arrived."""
    permits = inputs.new(CELL_PERMIT.name, CellPermit)
    if permits:
        newest = snapshot.permit = permits[-1]
        snapshot.permit_at_s = snapshot.now_s - inputs.age_s(CELL_PERMIT.name, CELL_MANAGER)
        is_own = newest.echo.session == inputs.session and newest.echo.stamp_s <= snapshot.now_s
        snapshot.permit_echo_s = newest.echo.stamp_s if is_own else -inf
    return permits


class LineWatch:
    """Takes DriveStates one by one, so that what a single one shows is never lost among later ones."""

    def __init__(self, rules: RuleBook, snapshot: Snapshot) -> None:
        self._rules = rules
        self._snapshot = snapshot
        self._present: dict[str, tuple[Finding, ...]] = {}
        self.discarded = 0  # messages whose line is not their sender

    def take(self, inputs: Inputs) -> tuple[tuple[DriveStates, ...], tuple[Finding, ...]]:
        """The messages that arrived, and what any but the newest of a line showed."""
        snapshot = self._snapshot
        messages, passed = [], list[Finding]()
        for states in inputs.new(DRIVE_STATES.name, DriveStates):
            line = states.line
            if line != states.guard.source or line not in snapshot.lines:
                self.discarded += 1
                continue
            messages.append(states)
            passed += self._present.get(line, ())
            snapshot.lines[line].take(states, snapshot.now_s - inputs.age_s(DRIVE_STATES.name, line))
            self._excuse(states)
            self._present[line] = self._rules.of_line(line, snapshot)
        if not passed:
            return tuple(messages), ()
        # by rule and subject: a value that has flickered since is the same condition, and it is still there
        still = {f.key for f in self.present if not f.is_warning}
        return tuple(messages), tuple(f for f in passed if f.key not in still)

    @property
    def present(self) -> tuple[Finding, ...]:
        """What the newest DriveStates of each line show."""
        return tuple(f for findings in self._present.values() for f in findings)

    def _excuse(self, states: DriveStates) -> None:
        """A bus that obeys again has done with the stop that a reset answered."""
        is_done = not states.stop_cause or states.phase is LinePhase.PERMITTED
        if states.epoch == self._snapshot.epoch and is_done:
            self._snapshot.excused_causes.pop(states.line, None)


def events_of(faults: tuple[InputFault, ...], snapshot: Snapshot) -> tuple[Finding, ...]:
    """Sessions that changed, streams that fell silent, steps that came too late."""
    found = []
    for fault in faults:
        if fault.kind in (FaultKind.NEW_SESSION, FaultKind.SECOND_SESSION):
            text = "restarted" if fault.kind is FaultKind.NEW_SESSION else "runs twice"
            found.append(Finding(RuleName.SESSION, fault.source, text, is_event=True))
        elif fault.kind in (FaultKind.LATE_STEP, FaultKind.OVERFLOW):
            found.append(Finding(RuleName.LATE, fault.port or "interlock", fault.detail, is_event=True))
        elif fault.kind is FaultKind.STALE and _was_heard(fault, snapshot):
            found.append(Finding(_LOST[fault.port], fault.source, fault.detail, is_event=True))
    return tuple(found)


def _was_heard(fault: InputFault, snapshot: Snapshot) -> bool:
    if fault.port == DRIVE_STATES.name:
        return snapshot.lines[fault.source].is_heard
    if fault.port == SETPOINT.name:
        return snapshot.setpoint_at_s[fault.source] > -inf
    return snapshot.permit is not None


def discarded_of(faults: tuple[InputFault, ...]) -> int:
    """How many messages were discarded because they were malformed, repeated or reordered."""
    return sum(f.count for f in faults if f.kind in (FaultKind.MALFORMED, FaultKind.REORDERED))


def newest_setpoints(inputs: Inputs) -> dict[str, Setpoint]:
    """The newest Setpoint of each station that sent one."""
    return {s.guard.source: s for s in inputs.new(SETPOINT.name, Setpoint)}
