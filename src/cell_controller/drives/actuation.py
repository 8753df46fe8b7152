"""From a goal to exchanges: what a drive still has to be told, one request at a time.

There are no silent retries of motion: an exchange that failed is offered again only because the goal, which
the permit keeps alive, still wants it. A sequence that was interrupted starts again from its first request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

from cell_controller.drives.goal import OFF, Goal, GoalKind
from cell_controller.drives.motion import Motion
from cell_controller.drives.profile import (
    DriveProfile,
    Exchange,
    Source,
    StopCategory,
    Verb,
    encode_exchange,
    needs_place,
)
from cell_controller.messages import DriveCondition

MOVE_BEGINS_S = 0.1  # a reading that is no older than this against a setpoint may be from before its motion
REPEAT_S = 0.25  # an acknowledged stop or enable that shows no effect is sent again: several read intervals
_LIVE = (DriveCondition.OPERATION_ENABLED, DriveCondition.QUICK_STOP_ACTIVE)
_ON_GOALS = (GoalKind.HOLD, GoalKind.MOVE, GoalKind.VELOCITY, GoalKind.REFERENCE)
_STOPLESS_GOALS = (GoalKind.MOVE, GoalKind.VELOCITY, GoalKind.REFERENCE, GoalKind.KEEP)
_STILL_GOALS = (GoalKind.OFF, GoalKind.HOLD, GoalKind.STOP)
_VERBS = {GoalKind.MOVE: Verb.PROFILE_MOVE, GoalKind.VELOCITY: Verb.VELOCITY}


class Stage(Enum):
    """What an exchange is part of."""

    RAMP = "ramp"
    DISABLE = "disable"
    ENABLE = "enable"
    SETPOINT = "setpoint"
    OPEN = "open"  # outputs, one of which goes off
    OUTPUTS = "outputs"

    @property
    def is_stop(self) -> bool:
        """Served before everything else."""
        return self in (Stage.RAMP, Stage.DISABLE, Stage.OPEN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One exchange to make towards a goal."""

    exchange: Exchange
    stage: Stage
    goal: Goal
    values: tuple[tuple[Source, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the drive at this moment."""

    condition: DriveCondition
    is_standing: bool
    is_armed: bool
    measured_at_s: float
    outputs: int | None = None
    inputs: int = 0
    fault_code: int = 0
    motion: Motion | None = None  # of a drive that is stopped by a place to stop at


class Actuator:
    """Keeps one drive's goal and how much of it the drive has acknowledged."""

    def __init__(self, profile: DriveProfile) -> None:
        self._profile = profile
        self.goal: Goal = OFF
        self._at = 0  # in the sequence of the present stage
        self._is_ramped = False  # stop acknowledged for this goal
        self._is_off = False  # disable acknowledged for this goal
        self._is_set = False  # setpoint acknowledged for this goal
        self._is_touched = False  # may be on or moving by what we wrote
        self._was_on = False  # has been on since the goal last allowed it
        self._sent_at_s = -inf  # newest acknowledged exchange of this goal
        self._braking_from_s = inf  # first acknowledged stop of this goal
        self._off_at_s = -inf  # newest acknowledged request to switch off, of any goal
        self._moved_at_s = -inf  # newest setpoint that was made, whether it has arrived or not
        self._has_rested = False  # since then, while it was to stand still
        self._known: dict[int, int] = {}  # newest acknowledged word of each address
        self.accepted_move_id = 0
        self.set_at_s = inf  # when the last exchange of the present setpoint was sent

    def forget(self) -> None:
        """The drive was silent, faulted or lost its settings: nothing acknowledged counts any more.

        But that it has braked since: who says that it lost them may be mistaken, and it goes on braking.
        """
        self._known.clear()
        braking_from_s = self._braking_from_s
        self._restart()
        self._braking_from_s = braking_from_s

    def _restart(self) -> None:
        self._at = 0
        self._is_ramped = self._is_off = self._is_set = False
        self._sent_at_s, self.set_at_s = -inf, inf
        self._braking_from_s = inf

    def pursue(self, goal: Goal) -> bool:
        """Make this the goal; the same goal again changes nothing. True when it is another one."""
        if goal == self.goal:
            return False
        was_ramped = self._is_ramped and goal.kind in _STILL_GOALS
        sent_at_s, braking_from_s = self._sent_at_s, self._braking_from_s
        self.goal = goal
        self._restart()
        if was_ramped:  # from one kind of standing still to another: the stop holds
            self._is_ramped, self._sent_at_s = True, sent_at_s
        if goal.kind in _STILL_GOALS:
            self._braking_from_s = braking_from_s
        if goal.kind not in _ON_GOALS:
            self._was_on = False
        return True

    def has_dropped_out(self, seen: Seen) -> bool:
        """The drive was on for its goal and went off by itself, without a fault."""
        if self.goal.kind not in _ON_GOALS:
            return False
        if self._is_on(seen):
            self._was_on = True
        elsewhere = (DriveCondition.FAULT, DriveCondition.OFFLINE, *self._profile.enabled_in)
        return self._was_on and seen.condition not in elsewhere

    @property
    def may_want_stop(self) -> bool:
        """False while no exchange towards the goal can be a stop."""
        return self.goal.kind not in _STOPLESS_GOALS

    def wanted(self, seen: Seen, now_s: float) -> Wanted | None:
        """The next exchange towards the goal, None when there is nothing to say now."""
        kind = self.goal.kind
        if kind is GoalKind.OFF:
            return self._off(seen, now_s)
        if kind is GoalKind.STOP:
            return self._ramp(seen, now_s) if self._is_live(seen) else None
        if kind is GoalKind.KEEP or not seen.is_armed:
            return None
        if kind is GoalKind.OUTPUTS:
            return self._outputs(seen)
        if not self._is_on(seen):
            return self._enable(seen)
        if kind is GoalKind.HOLD:
            return self._ramp(seen, now_s)
        setpoint = self._setpoint()
        if setpoint is not None:
            self._moved_at_s, self._has_rested = now_s, False
        return setpoint

    def _is_on(self, seen: Seen) -> bool:
        """Measured to be on, and not before it was last switched off: on a busy line readings can be old."""
        return seen.condition in self._profile.enabled_in and seen.measured_at_s > self._off_at_s

    def _is_live(self, seen: Seen) -> bool:
        return self._is_touched or seen.condition in _LIVE

    def _want(self, exchange: Exchange, stage: Stage) -> Wanted:
        return Wanted(exchange, stage, self.goal, self.goal.values)

    def _ramp(self, seen: Seen, now_s: float) -> Wanted | None:
        if self._is_ramped:
            if seen.is_standing or now_s - self._sent_at_s < REPEAT_S:
                return None
            self._is_ramped, self._at = False, 0
        exchange = self._stop_sequence[self._at]
        if not needs_place(exchange):
            return self._want(exchange, Stage.RAMP)
        if self._rests(seen):
            return None
        if self._has_rested:
            return self._remove_power()
        braking_s = max(now_s - self._braking_from_s, 0.0)
        values = seen.motion.stop(now_s - seen.measured_at_s, braking_s) if seen.motion is not None else None
        if values is None:
            return self._remove_power()
        return Wanted(exchange, Stage.RAMP, self.goal, values)

    def _rests(self, seen: Seen) -> bool:
        """Stands, and is stopped by a place: where it is believed to stand is no place to be sent to.

        The reading may be an old one that came again, from somewhere else. One that says that it moves after
        it has rested gives no place either: whatever it is that moves it, it is none of our motions.
        """
        if not needs_place(self._stop_sequence[0]) or not seen.is_standing:
            return False
        rests = seen.measured_at_s > self._moved_at_s + MOVE_BEGINS_S
        self._has_rested |= rests
        return rests

    def _remove_power(self) -> Wanted:
        return self._want(self._profile.stops[StopCategory.REMOVE_POWER].ramp[0], Stage.RAMP)

    def last_resort(self) -> Wanted | None:
        """In the place of a stop that no register holds; a motion is rather not told at all."""
        return None if self.goal.kind in _STOPLESS_GOALS else self._remove_power()

    @property
    def _stop_sequence(self) -> tuple[Exchange, ...]:
        return self._profile.stops[self._profile.hold_category].ramp

    def _off(self, seen: Seen, now_s: float) -> Wanted | None:
        if not self._is_live(seen) or not self._profile.disable:
            return None
        is_faulted = seen.condition is DriveCondition.FAULT  # a ramp, if any, is the drive's own affair
        is_stopped = (self._is_ramped and seen.is_standing) or self._rests(seen)
        if not is_faulted and not is_stopped:
            return self._ramp(seen, now_s)
        if self._is_off:
            if now_s - self._sent_at_s < REPEAT_S:
                return None
            self._is_off, self._at = False, 0
        return self._want(self._profile.disable[self._at], Stage.DISABLE)

    def _enable(self, seen: Seen) -> Wanted | None:
        if self._was_on or seen.measured_at_s <= max(self._sent_at_s, self._off_at_s):
            return None  # dropped out; or its answer to the last step has not been seen
        step = next((s for s in self._profile.enable if s.when is seen.condition), None)
        return self._want(step.exchange, Stage.ENABLE) if step else None

    def _setpoint(self) -> Wanted | None:
        sequence = self._setpoint_sequence
        while not self._is_set:
            exchange = sequence[self._at]
            if not (exchange.skip_unchanged and self._is_unchanged(exchange)):
                return self._want(exchange, Stage.SETPOINT)
            self._advance_setpoint()
        return None

    @property
    def _setpoint_sequence(self) -> tuple[Exchange, ...]:
        if self.goal.method is not None:
            return self._profile.references[self.goal.method]
        return self._profile.setpoints[_VERBS[self.goal.kind]]

    def _advance_setpoint(self) -> None:
        if self._advance(self._setpoint_sequence):
            self._is_set, self.set_at_s = True, self._sent_at_s
            self.accepted_move_id = self.goal.move_id or self.accepted_move_id

    def _is_unchanged(self, exchange: Exchange) -> bool:
        address, words = encode_exchange(self._profile, exchange, dict(self.goal.values))
        return all(self._known.get(address + i) == word for i, word in enumerate(words))

    def _advance(self, sequence: tuple[Exchange, ...]) -> bool:
        """To the next request; True at the end of the sequence."""
        self._at += 1
        if self._at < len(sequence):
            return False
        self._at = 0
        return True

    def _outputs(self, seen: Seen) -> Wanted | None:
        if seen.outputs is None or seen.condition not in self._profile.enabled_in:
            return None
        mask = self.goal.outputs_mask
        desired = seen.outputs & ~mask | self.goal.outputs & mask
        if desired == seen.outputs or seen.measured_at_s <= self._sent_at_s:
            return None
        stage = Stage.OPEN if seen.outputs & ~desired else Stage.OUTPUTS
        exchange = self._profile.setpoints[Verb.OUTPUTS][0]
        return Wanted(exchange, stage, self.goal, ((Source.OUTPUTS, float(desired)),))

    def acknowledged(self, wanted: Wanted, address: int, words: Sequence[int], sent_at_s: float) -> None:
        """The drive has taken this exchange: these words at this address."""
        self._known.update((address + i, word) for i, word in enumerate(words))
        if wanted.stage in (Stage.ENABLE, Stage.SETPOINT):
            self._is_touched = True
        if wanted.stage is Stage.DISABLE:
            self._off_at_s = sent_at_s
        if wanted.goal != self.goal:
            return  # the goal has changed while it was on the line
        self._sent_at_s = sent_at_s
        if wanted.stage is Stage.RAMP:
            self._is_ramped = self._advance(self._stop_sequence)
            self._braking_from_s = min(self._braking_from_s, sent_at_s)
        elif wanted.stage is Stage.DISABLE:
            self._is_off = self._advance(self._profile.disable)
            if self._is_off:
                self._is_touched = False
                self._known.clear()  # a drive that is off may be powered down and lose what it was told
        elif wanted.stage is Stage.SETPOINT:
            self._advance_setpoint()

    def failed(self, wanted: Wanted) -> None:
        """No acknowledgement: whether the drive has taken it is unknown, so the sequence starts again."""
        if wanted.stage in (Stage.ENABLE, Stage.SETPOINT):
            self._is_touched = True
        for write in wanted.exchange.write:
            field = self._profile.field(write.field)
            for address in range(field.address, field.end):
                self._known.pop(address, None)
        if wanted.goal == self.goal:
            self._at = 0

    def clear_fault(self) -> tuple[Wanted, ...]:
        """The requests that clear a fault; none of them switches on."""
        return tuple(Wanted(e, Stage.DISABLE, self.goal) for e in self._profile.fault_reset)
