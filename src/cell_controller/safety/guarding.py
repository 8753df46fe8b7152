"""The interlock's own outputs: drive enable and guard lock."""

from __future__ import annotations

from math import inf

from cell_controller.config import InputRule
from cell_controller.messages import LinePhase, Permit, SafetyPhase
from cell_controller.safety.limits import Channel, SafetyLimits
from cell_controller.safety.line_rules import OBEY_WITHIN_S, STOP_BEGINS_WITHIN_S
from cell_controller.safety.snapshot import Snapshot

# The bolt of a guard lock moves in 0.05-0.2 s, and its switch is polled at 50 Hz: until then the input may
# still show what the bolt was before.
LOCK_SETTLES_S = 0.3
# After a failed stop: a drive that starts by itself as its enable closes is seen to move by then.
RECLOSE_S = 1.0
CLEARING_S = 2.0  # a Clear holds for this long, as long as the cell manager waits for what it has asked for


class Guarding:
    """Enables open when a stop fails (category 0); the guard stays locked until measured standstill.

    What a stop that failed has opened closes on an operator's Clear and not before, for a drive that did
    not obey still has its command; if a drive was only not heard, it closes when all is heard to stand.
    Either way the guard locks first, and nothing closes behind one that does not. The enable of a drive
    without a watchdog opens as soon as its drive is not heard, for nobody else stops it then, and closes when
    it is seen to stand.
    """

    def __init__(self, limits: SafetyLimits) -> None:
        self._limits = limits
        self.is_escalated = False
        self.waits_for_clear = False  # a drive was seen not to obey
        self.is_recovery_due = False  # nothing but the lock is missing for the recovery that is asked for
        self.cleared_at_s = -inf  # an operator has agreed that what a failed stop has opened closes
        self.reclosed_at_s = -inf
        # Enables of drives that were not heard, and not seen to stand since.
        self._unheard: set[Channel] = set(limits.enables)
        self._locking_since_s = inf
        self._motion_s = -inf  # something was let move until then

    def succeed(self) -> None:
        """This interlock follows another, of whose stops it knows nothing: one may have failed."""
        self.is_escalated = True

    def is_locked(self, snapshot: Snapshot) -> bool:
        """Locked, and told to be for so long that the switch cannot be speaking of an earlier time."""
        is_settled = snapshot.is_past(self._locking_since_s + LOCK_SETTLES_S)
        return is_settled and snapshot.is_on(self._limits.guard_locked)

    def outputs(self, snapshot: Snapshot) -> dict[str, tuple[int, int]]:
        """Outputs and mask per module."""
        if snapshot.phase in (SafetyPhase.MOTION, SafetyPhase.RECOVERY):
            self._motion_s = snapshot.now_s
        moving = snapshot.moving()
        is_still = not moving
        self._escalate(snapshot, moving)
        self._follow_drives(snapshot)
        is_closing = is_still and self._is_closing(snapshot)
        if is_closing and self.is_locked(snapshot):
            self.is_escalated = self.waits_for_clear = False
            self.reclosed_at_s = snapshot.now_s
        is_measured = is_still and self._is_measured_anew(snapshot)
        keeps_locked = is_closing or self._keeps_locked(snapshot, is_measured)
        self._locking_since_s = min(self._locking_since_s, snapshot.now_s) if keeps_locked else inf
        found: dict[str, tuple[int, int]] = {}
        for channel, is_on in (
            *((c, not self.is_escalated and c not in self._unheard) for c in self._enables),
            (self._limits.guard_lock, keeps_locked),
        ):
            outputs, mask = found.get(channel.module, (0, 0))
            found[channel.module] = (outputs | (channel.mask if is_on else 0), mask | channel.mask)
        return found

    @property
    def _enables(self) -> tuple[Channel, ...]:
        return tuple(dict.fromkeys((self._limits.drive_enable, *self._limits.enables)))

    def _escalate(self, snapshot: Snapshot, moving: tuple[str, ...]) -> None:
        driven = [name for name in moving if not snapshot.is_let_go(name)]
        if snapshot.phase is SafetyPhase.TRIPPED and driven:
            budget_s = self._limits.longest_program_s + STOP_BEGINS_WITHIN_S
            since_s = max(snapshot.phase_since_s, self.reclosed_at_s)
            if snapshot.is_past(since_s + budget_s):
                self.is_escalated = True
                self.waits_for_clear |= any(snapshot.usable(name) is not None for name in driven)

    def _is_closing(self, snapshot: Snapshot) -> bool:
        """All stands still: the enables close as soon as the guard has locked, which an open one cannot."""
        if not self.is_escalated:
            return False
        if self.waits_for_clear and snapshot.is_past(self.cleared_at_s + CLEARING_S):
            return False
        guards = (i.channel for i in self._limits.inputs.values() if i.rule is InputRule.GUARD)
        return all(map(snapshot.is_on, guards))

    def _follow_drives(self, snapshot: Snapshot) -> None:
        for channel, drives in self._limits.enables.items():
            if any(snapshot.usable(drive) is None for drive in drives):
                self._unheard.add(channel)
            elif all(map(snapshot.stands, drives)):
                self._unheard.discard(channel)

    def _is_measured_anew(self, snapshot: Snapshot) -> bool:
        """Every mover was measured after the stop must have begun: a slow line may still show a standstill
        from before a motion that the stop has cut short."""
        since_s = self._motion_s + STOP_BEGINS_WITHIN_S
        for line in snapshot.lines.values():
            if line.states is None:
                return False
            for name in line.limits.drives if line.limits.moves else ():
                state = line.drives.get(name)
                age_s = inf if state is None else line.states.guard.stamp_s - state.measured_at_s
                if not line.received_at_s - age_s >= since_s:
                    return False
        return True

    def _keeps_locked(self, snapshot: Snapshot, is_still: bool) -> bool:
        if not snapshot.is_past(self.reclosed_at_s + RECLOSE_S):
            return True
        wants_motion = snapshot.permit is not None and snapshot.permit.permit is Permit.MOTION
        if snapshot.phase is SafetyPhase.HOLD:
            return wants_motion or not is_still
        return not is_still or self.is_recovery_due or snapshot.phase is not SafetyPhase.TRIPPED


def must_reopen_outputs(snapshot: Snapshot) -> bool:
    """A bus without axes that stopped by itself obeys, and enables, again only in a new epoch."""
    if not snapshot.is_past(snapshot.epoch_since_s + OBEY_WITHIN_S):
        return False
    return any(
        view.states is not None
        and not view.limits.moves
        and view.is_up
        and view.states.epoch == snapshot.epoch
        and view.states.phase is not LinePhase.PERMITTED
        and view.states.stop_cause != ""
        for view in snapshot.lines.values()
    )
