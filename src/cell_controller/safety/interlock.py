"""The interlock: evaluates the rules, latches, and lets through what it may. Starts tripped."""

from __future__ import annotations

from math import inf

from cell_controller.config import INTERLOCK, CellFile
from cell_controller.messages import CellPermit, SafetyPhase, SafetyState
from cell_controller.plan import CellPlan
from cell_controller.runtime import Input, Inputs, Output, Sent, Service, Step
from cell_controller.runtime.ports import LINE_COMMAND, SAFETY, SETPOINT
from cell_controller.safety.epochs import Epochs
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.from_cell import limits_of
from cell_controller.safety.gate import Clearance, Gate
from cell_controller.safety.guarding import CLEARING_S, RECLOSE_S, Guarding, must_reopen_outputs
from cell_controller.safety.hindrance import LOCK_FIRST, lines_hindrance, reclose_hindrance, reset_hindrance
from cell_controller.safety.latch import Latch
from cell_controller.safety.line_rules import ECHO_LIMITS
from cell_controller.safety.permits import PermitWatch
from cell_controller.safety.recovery import RecoveryPermit
from cell_controller.safety.rules import RuleBook, in_order
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.streams import (
    LineWatch,
    declared_inputs,
    discarded_of,
    events_of,
    newest_setpoints,
    take_permits,
)
from cell_controller.safety.zones import ZoneRule, ZoneView, view_zones

PERIOD_S = 0.02  # of LineCommand and SafetyState; a bus accepts an echo of at most 0.1 s
DISCARDED_SHOWN_S = 10.0  # long enough for an operator to read


class Interlock:
    """The one gate between stations and drives."""

    name = INTERLOCK
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self, cell: CellFile, plan: CellPlan) -> None:
        self._limits = limits = limits_of(cell, plan)
        self._snapshot = Snapshot(limits)
        self._rules = RuleBook(limits)
        self._watch = LineWatch(self._rules, self._snapshot)
        self._epochs = Epochs(limits.lines)
        self._latch, self._permits = Latch(), PermitWatch()
        self._gate, self._guarding = Gate(limits), Guarding(limits)
        self._recovery = RecoveryPermit(limits, self._rules)
        self._zones: dict[str, ZoneView] = {}
        self._findings: tuple[Finding, ...] = ()
        self._known: frozenset[tuple[RuleName, str]] | None = None  # present in the step before
        self._hindrance = ""
        self._was_ready = False  # a reset has been possible since the start
        self._discarded, self._discarded_at_s = 0, -inf
        self._tick_due_s = -inf
        self._told: object = None

    @property
    def inputs(self) -> tuple[Input, ...]:
        return declared_inputs(self._limits.ages)

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (LINE_COMMAND.output(), SAFETY.output())

    @property
    def max_lateness_s(self) -> float:
        """Half of a permit's validity: later, and the buses stop by themselves soon after."""
        return self._limits.permit_valid_s / 2.0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        snapshot = self._snapshot
        snapshot.begin(now_s)
        if self._known is None:
            self._latch.start(now_s)
            snapshot.phase_since_s = now_s
        is_edge = self._take_permits(inputs)
        messages, passed = self._watch.take(inputs)
        for states in messages:
            self._epochs.hear(states.line, states.epoch)
        self._note_epoch()
        spoke = self._take_setpoints(inputs)
        self._zones = view_zones(snapshot, snapshot.permit)
        over = (
            *events_of(inputs.faults, snapshot),
            *(f for f in passed if not f.is_warning),
            *self._permits.withdrawal(snapshot.permit, is_tripped=self._latch.is_tripped),
        )
        self._count_discarded(inputs, now_s)
        self._evaluate()
        is_changed = self._latch_all(over)
        self._hindrance = self._reset_hindrance(over)
        self._was_ready |= not self._hindrance
        is_changed |= self._decide(is_edge, over)
        return Step(self._send(now_s, is_changed, spoke), self._next_deadline_s(now_s))

    def _take_permits(self, inputs: Inputs) -> bool:
        """True when a reset edge was among them."""
        is_edge = False
        for permit in take_permits(inputs, self._snapshot):
            self._recovery.hear(permit)
            is_edge |= self._permits.hear(
                permit,
                self._snapshot.phase,
                own_session=inputs.session,
                tripped_at_s=self._latch.newest_at_s,
            )
        return is_edge

    def _take_setpoints(self, inputs: Inputs) -> tuple[str, ...]:
        """Stations with a new setpoint that may be used."""
        snapshot = self._snapshot
        spoke = []
        for station, setpoint in newest_setpoints(inputs).items():
            at_s = snapshot.now_s - inputs.age_s(SETPOINT.name, station)
            if setpoint.station == station and self._gate.offer(station, setpoint, at_s, snapshot):
                spoke.append(station)
        return tuple(spoke)

    def _count_discarded(self, inputs: Inputs, now_s: float) -> None:
        discarded = discarded_of(inputs.faults) + self._watch.discarded
        self._watch.discarded = 0
        if discarded:
            self._discarded, self._discarded_at_s = self._discarded + discarded, now_s

    def _evaluate(self) -> None:
        found = [*self._watch.present, *self._rules.of_step(self._snapshot)]
        found += [feed.fault for feed in self._gate.feeds.values() if feed.fault]
        if self._epochs.is_superseded:
            found.append(Finding(RuleName.SESSION, INTERLOCK, "another interlock has taken over"))
        for zone in self._zones.values():
            if len(zone.occupants) > 1:
                words = f"is occupied by {' and '.join(zone.occupants)}"
                found.append(Finding(RuleName.ZONE, zone.zone.name, words))
        self._findings = in_order(found) if found else ()

    def _latch_all(self, over: tuple[Finding, ...]) -> bool:
        """Trip on anything that is not OK; while tripped, list what was OK a step before in its order.

        What is still missing while the cell comes up hinders the reset and is not listed.
        """
        now_s = self._snapshot.now_s
        present = tuple(f for f in self._findings if not f.is_warning)
        keys = frozenset(f.key for f in present)
        known = keys if self._known is None else self._known
        fresh = present if not self._latch.is_tripped else tuple(f for f in present if f.key not in known)
        was_tripped = self._latch.is_tripped
        new = in_order((*fresh, *over))
        for finding in new:
            if self._was_ready:
                self._latch.trip(finding, now_s, is_recoverable=self._rules.is_recoverable(finding))
            else:
                self._latch.postpone(now_s)
        self._known = keys
        waits = self._guarding.is_recovery_due and self._recovery.allows(new)
        if new and not waits and self._snapshot.phase is not SafetyPhase.RECOVERY:
            self._recovery.lapse()
        self._latch.refresh(keys)
        if was_tripped == self._latch.is_tripped:
            return False
        self._enter(SafetyPhase.TRIPPED, is_new_epoch=True)
        return True

    def _reset_hindrance(self, over: tuple[Finding, ...]) -> str:
        if not self._latch.is_tripped:
            return ""
        if over:
            return f"{over[0].words}, just now"
        present = tuple(f for f in self._findings if not f.is_warning)
        if self._guarding.is_escalated:
            hindrance = reclose_hindrance(self._snapshot, present)
            return hindrance or ("" if self._guarding.waits_for_clear else LOCK_FIRST)
        return reset_hindrance(self._snapshot, self._epochs, present)

    def _decide(self, is_edge: bool, over: tuple[Finding, ...]) -> bool:
        """Change the phase; True when it, or the epoch, has changed."""
        snapshot, permit = self._snapshot, self._snapshot.permit
        present = (*(f for f in self._findings if not f.is_warning), *over)
        if self._hindrance and self._guarding.is_escalated:
            self._guarding.cleared_at_s = -inf
        may_recover = permit is not None and self._may_recover(permit, present)
        self._guarding.is_recovery_due = may_recover
        if snapshot.phase is SafetyPhase.RECOVERY:
            if not self._recovery.must_end(permit, present):
                return False
            self._recovery.lapse()
            self._enter(SafetyPhase.TRIPPED, is_new_epoch=True)
        elif snapshot.phase is SafetyPhase.TRIPPED:
            if not self._hindrance and self._may_reset(is_edge=is_edge):
                self._latch.reset()
                self._permits.reset()
                self._enter(SafetyPhase.HOLD, is_new_epoch=True)
            elif permit is not None and may_recover and self._may_move():
                self._recovery.begin(permit)
                self._gate.require_newer(snapshot)
                self._enter(SafetyPhase.RECOVERY, is_new_epoch=True)
            elif must_reopen_outputs(snapshot):
                self._advance_epoch()
            else:
                return False
        elif (snapshot.phase is SafetyPhase.MOTION) == self._permits.wants_motion(snapshot):
            return False
        elif snapshot.phase is SafetyPhase.MOTION:
            self._enter(SafetyPhase.HOLD, is_new_epoch=False)
        else:
            if not self._may_move():
                return False
            self._gate.require_newer(snapshot)
            self._enter(SafetyPhase.MOTION, is_new_epoch=False)
        return True

    def _may_reset(self, *, is_edge: bool) -> bool:
        """By an operator's Clear; after a failed stop the same Clear has the enables closed first."""
        if not self._guarding.is_escalated:
            return is_edge or self._is_reclosed()
        if is_edge:
            self._guarding.cleared_at_s = self._snapshot.now_s
        return False

    def _is_reclosed(self) -> bool:
        """The Clear that closed the enables again goes on: all has stood since, and nothing has tripped."""
        cleared_at_s, closed_at_s = self._guarding.cleared_at_s, self._guarding.reclosed_at_s
        began_at_s = max(self._latch.newest_at_s, self._snapshot.now_s - CLEARING_S)
        return began_at_s <= cleared_at_s <= closed_at_s and self._snapshot.is_past(closed_at_s + RECLOSE_S)

    def _may_move(self) -> bool:
        """What has to be so before something moves, and trips or ends the recovery when it is no longer."""
        return self._guarding.is_locked(self._snapshot) and self._snapshot.is_enabling

    def _may_recover(self, permit: CellPermit, present: tuple[Finding, ...]) -> bool:
        """All but the guard's lock is there for the recovery that is asked for."""
        snapshot = self._snapshot
        is_tripped = snapshot.phase is SafetyPhase.TRIPPED and not self._guarding.is_escalated
        if not is_tripped or not snapshot.is_permit_fresh:
            return False
        return self._recovery.may_begin(permit, present, lines_hindrance(snapshot, self._epochs))

    def _enter(self, phase: SafetyPhase, *, is_new_epoch: bool) -> None:
        snapshot = self._snapshot
        snapshot.phase, snapshot.phase_since_s = phase, snapshot.now_s
        if is_new_epoch:
            self._advance_epoch()

    def _advance_epoch(self) -> None:
        self._snapshot.excused_causes = {
            line: view.states.stop_cause for line, view in self._snapshot.lines.items() if view.states
        }
        self._epochs.advance()
        self._note_epoch()

    def _note_epoch(self) -> None:
        if self._snapshot.epoch != self._epochs.present:
            if self._snapshot.epoch == 0 and self._epochs.has_predecessor:
                self._guarding.succeed()
            self._snapshot.epoch = self._epochs.present
            self._snapshot.epoch_since_s = self._snapshot.now_s

    def _send(self, now_s: float, is_changed: bool, spoke: tuple[str, ...]) -> tuple[Sent, ...]:
        snapshot = self._snapshot
        is_tick = now_s >= self._tick_due_s
        if is_tick:
            self._tick_due_s = now_s + PERIOD_S
        lines: dict[str, None] = {}
        if is_tick or is_changed:
            lines = dict.fromkeys(self._limits.lines)
        elif snapshot.phase in (SafetyPhase.MOTION, SafetyPhase.RECOVERY):
            lines = dict.fromkeys(line for s in spoke for line in self._limits.stations[s].lines)
        sent = list[Sent]()
        if lines and self._epochs.may_command:
            clearance = self._clearance()
            for line in lines:
                command = snapshot.lines[line].command = self._gate.command(line, snapshot, clearance)
                sent.append(Sent(LINE_COMMAND.name, command))
        told = (
            snapshot.phase,
            snapshot.epoch,
            self._latch.trips,
            not self._hindrance,
            self._permits.newest_clear_id,
        )
        if is_tick or told != self._told:
            self._told = told
            sent.append(Sent(SAFETY.name, self._safety_state()))
        return tuple(sent)

    def _clearance(self) -> Clearance:
        snapshot = self._snapshot
        is_recovery = snapshot.phase is SafetyPhase.RECOVERY
        return Clearance(
            phase=snapshot.phase,
            mode=snapshot.permit.mode if snapshot.permit else 0,
            zones=ZoneRule(self._limits, self._zones, is_recovery=is_recovery),
            outputs=self._guarding.outputs(snapshot),
            recover_station=self._recovery.station,
            recover_drive=self._recovery.drive,
        )

    def _safety_state(self) -> SafetyState:
        snapshot = self._snapshot
        return SafetyState(
            phase=snapshot.phase,
            epoch=snapshot.epoch,
            first_out=self._latch.first_out,
            trips=self._latch.trips,
            warnings=self._warnings(),
            can_reset=self._latch.is_tripped and not self._hindrance,
            reset_hindrance=self._hindrance,
            clear_id=self._permits.newest_clear_id,
            occupied_zones=tuple(f"{z.zone.name}:{s}" for z in self._zones.values() for s in z.occupants),
            inputs_on=tuple(n for n, i in self._limits.inputs.items() if snapshot.is_on(i.channel)),
        )

    def _warnings(self) -> tuple[str, ...]:
        snapshot = self._snapshot
        found = [f.words for f in self._findings if f.is_warning]
        if snapshot.phase in (SafetyPhase.MOTION, SafetyPhase.RECOVERY):
            found += self._gate.warnings
        if snapshot.phase is SafetyPhase.HOLD and self._permits.wants_motion(snapshot):
            found.append(f"motion waits for {self._waits_for()}")
        if snapshot.phase is SafetyPhase.TRIPPED and self._guarding.is_recovery_due:
            found.append(f"recovery waits for {self._waits_for()}")
        if self._guarding.waits_for_clear:
            found.append("drive enable is open: a stop has failed; Clear closes it when all stands still")
        elif self._guarding.is_escalated:
            found.append("drive enable is open: it closes when all stands still and the guard has locked")
        if snapshot.now_s - self._discarded_at_s < DISCARDED_SHOWN_S:
            found.append(f"{self._discarded} messages discarded: malformed, repeated or reordered")
        return tuple(found)

    def _waits_for(self) -> str:
        return "the enabling device" if not self._snapshot.is_enabling else "the guard to lock"

    def _next_deadline_s(self, now_s: float) -> float:
        """The next tick, or the moment at which something becomes too old."""
        snapshot, ages = self._snapshot, self._limits.ages
        due = [at_s for view in snapshot.lines.values() for at_s in (view.stale_at_s, view.lost_at_s)]
        due.append(snapshot.permit_at_s + ages.manager_s)
        due += [at_s + ages.station_s[s] for s, at_s in snapshot.setpoint_at_s.items()]
        due += [snapshot.permit_echo_s + ECHO_LIMITS * ages.manager_s, snapshot.due_s]
        return min((d for d in due if now_s < d < self._tick_due_s), default=self._tick_due_s)
