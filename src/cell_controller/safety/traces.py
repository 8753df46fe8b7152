"""What one reading cannot show: acceleration, a value that stands still while it should move, one that jumps.

A trace goes from one reading of its drive to the next, on the clock of the bus; the same reading again, in
a later DriveStates, is no new one.
"""

from __future__ import annotations

from math import inf, isfinite

from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    LineDrive,
    SetpointKind,
)
from cell_controller.safety.limits import AxisLimits, SpindleLimits

# Two speeds this far apart make an acceleration: at less, a count of speed and the jitter of two readings on
# a serial line would be most of it. A little below two periods of DriveStates.
ACCELERATION_S = 0.035
# Commanded way that must show in the position: 20 counts of the coarsest encoder that reads by 0.1 um, and
# half a second of the slowest finishing infeed, 4 um/s.
FROZEN_M = 2.0e-6
# A target nearer than this is no way to go; the place of a finished move is that exact.
ARRIVED_M = 0.0005
# A spindle nearer than this share of its limit to what it is told has only slip and load to blame.
FOLLOWS = 0.1
# Jitter of the two stamps between which a way was measured: a reply may be a frame late.
STAMP_JITTER_S = 0.02
_MOVING = (Allowed.MOTION, Allowed.RECOVERY)


class AxisTrace:
    """One axis from reading to reading."""

    __slots__ = (
        "_at_s",
        "_commanded_at_s",
        "_ref_at_s",
        "_ref_m_s",
        "_searched_at_s",
        "_speed_m_s",
        "_was_homed",
        "acceleration_m_s2",
        "jump_m",
        "limits",
        "owed_m",
        "position_m",
        "state",
        "still_s",
    )

    def __init__(self, limits: AxisLimits) -> None:
        self.limits = limits
        self.state: DriveState | None = None  # newest; None while there is nothing to judge
        self.forget()

    def forget(self) -> None:
        """The next reading is the first again."""
        self.acceleration_m_s2 = 0.0  # above 0: faster
        self.jump_m = 0.0  # way between two readings beyond what the axis can go
        self.owed_m = 0.0  # commanded way since the position last changed
        self.still_s = 0.0  # for so long has motion been commanded without a change of position
        self.position_m: float | None = None
        self._at_s = self._ref_at_s = 0.0
        self._ref_m_s = self._speed_m_s = 0.0
        self._was_homed = False
        self._searched_at_s = -inf  # newest reading under a command to search for the reference
        self._commanded_at_s: float | None = None

    def take(self, state: DriveState | None, command: LineDrive | None) -> None:
        """The newest state and the command that it answers; None while drive or line say nothing."""
        self.state = state
        if state is None:
            self.position_m = None
            return
        at_s, position_m, was_m = state.measured_at_s, state.measured_position_m, self.position_m
        dt_s = at_s - self._at_s
        if was_m is None or dt_s < 0.0 or not isfinite(position_m):
            self._begin(state)
            return
        if dt_s == 0.0:
            return
        way_m = abs(position_m - was_m)
        self.jump_m = 0.0
        wish = command.setpoint if command is not None and command.allowed in _MOVING else None
        if wish is not None and wish.kind is SetpointKind.REFERENCE:
            self._searched_at_s = at_s
        if way_m > ARRIVED_M and not self._may_be_new_zero(state):
            self._see_jump(way_m, abs(state.measured_speed_m_s), dt_s + STAMP_JITTER_S)
        self._speed_m_s = abs(state.measured_speed_m_s)
        self._at_s, self.position_m, self._was_homed = at_s, position_m, state.is_homed
        if at_s - self._ref_at_s >= ACCELERATION_S:
            self._see_acceleration(state.measured_speed_m_s, at_s)
        speed_m_s = _commanded_m_s(state, wish) if wish is not None else 0.0
        if speed_m_s != 0.0:
            # A move that the drive has accepted has arrived; a velocity may still be on its way.
            is_sure = wish is not None and wish.kind is SetpointKind.MOVE
            self._see_way(speed_m_s, dt_s, way_m, 0.0 if is_sure else self.limits.reaction_s)
        elif self._commanded_at_s is not None:
            self._commanded_at_s, self.owed_m, self.still_s = None, 0.0, 0.0

    def _begin(self, state: DriveState) -> None:
        self.forget()
        if isfinite(state.measured_position_m):
            self.position_m, self._was_homed = state.measured_position_m, state.is_homed
            self._at_s = self._ref_at_s = state.measured_at_s
            self._ref_m_s = state.measured_speed_m_s
            self._speed_m_s = abs(state.measured_speed_m_s)

    def _may_be_new_zero(self, state: DriveState) -> bool:
        """A search changes what positions mean; one that stands on its mark is over between two readings."""
        is_search = state.measured_at_s - self._searched_at_s <= self.limits.reaction_s
        return is_search or not (state.is_homed and self._was_homed)

    def _see_jump(self, way_m: float, speed_m_s: float, time_s: float) -> None:
        """Between two speeds lies at most a ramp up and down, and never more than the fastest."""
        limits = self.limits
        ramps_m = max(self._speed_m_s, speed_m_s) * time_s + limits.max_acceleration_m_s2 * time_s**2 / 2.0
        most_m = min(limits.max_speed_m_s * time_s, ramps_m) + ARRIVED_M
        self.jump_m = max(way_m - most_m, 0.0)

    def _see_acceleration(self, speed_m_s: float, at_s: float) -> None:
        change_m_s = abs(speed_m_s - self._ref_m_s) - self.limits.standstill_m_s
        self.acceleration_m_s2 = max(change_m_s, 0.0) / (at_s - self._ref_at_s)
        self._ref_at_s, self._ref_m_s = at_s, speed_m_s

    def _see_way(self, speed_m_s: float, dt_s: float, way_m: float, arrives_s: float) -> None:
        """One more reading under a command that moves."""
        if self._commanded_at_s is None:
            self._commanded_at_s = self._at_s
        if way_m != 0.0:
            self.owed_m = self.still_s = 0.0
        elif self._at_s - self._commanded_at_s > arrives_s:
            self.owed_m += speed_m_s * dt_s
            self.still_s += dt_s

    def is_frozen(self, limit_s: float) -> bool:
        """Motion has been commanded for so long, and the position is the same to the last count."""
        return self.still_s >= limit_s and abs(self.owed_m) >= FROZEN_M


def _commanded_m_s(state: DriveState, wish: DriveSetpoint) -> float:
    """Signed speed that the axis should have; 0 where none, or none yet, can be expected."""
    if state.condition is not DriveCondition.OPERATION_ENABLED:
        return 0.0
    if wish.kind is SetpointKind.VELOCITY:
        return wish.target_speed_m_s
    if wish.kind is SetpointKind.MOVE and wish.move_id == state.move_id:
        way_m = wish.target_position_m - state.measured_position_m
        if abs(way_m) > ARRIVED_M:
            return wish.target_speed_m_s if way_m > 0.0 else -wish.target_speed_m_s
    return 0.0


class SpindleTrace:
    """One spindle from reading to reading."""

    __slots__ = ("_at_s", "_commanded_at_s", "_speed_rpm", "limits", "state", "still_s")

    def __init__(self, limits: SpindleLimits) -> None:
        self.limits = limits
        self.state: DriveState | None = None
        self.still_s = 0.0  # for so long it has not followed a command to be faster or slower
        self._at_s = 0.0
        self._speed_rpm: float | None = None
        self._commanded_at_s: float | None = None

    def take(self, state: DriveState | None, command: LineDrive | None) -> None:
        """The newest state and the command that it answers; None while drive or line say nothing."""
        self.state = state
        if state is None or not isfinite(state.measured_speed_rpm):
            self._speed_rpm, self._commanded_at_s, self.still_s = None, None, 0.0
            return
        at_s, speed_rpm = state.measured_at_s, state.measured_speed_rpm
        if self._speed_rpm is None or at_s < self._at_s:
            self._at_s, self._speed_rpm, self._commanded_at_s, self.still_s = at_s, speed_rpm, None, 0.0
            return
        if at_s == self._at_s:
            return
        dt_s, was_rpm = at_s - self._at_s, self._speed_rpm
        self._at_s, self._speed_rpm = at_s, speed_rpm
        if not self._is_due(state, command):
            self._commanded_at_s, self.still_s = None, 0.0
            return
        if self._commanded_at_s is None:
            self._commanded_at_s = at_s
        if speed_rpm != was_rpm:
            self.still_s = 0.0
        elif at_s - self._commanded_at_s > self.limits.reaction_s:
            self.still_s += dt_s

    def _is_due(self, state: DriveState, command: LineDrive | None) -> bool:
        if command is None or command.allowed not in _MOVING:
            return False
        wish = command.setpoint
        if wish.kind is not SetpointKind.VELOCITY or state.condition is not DriveCondition.OPERATION_ENABLED:
            return False
        return abs(wish.target_speed_rpm - state.measured_speed_rpm) > FOLLOWS * self.limits.max_speed_rpm

    @property
    def is_turning(self) -> bool:
        """Measured above standstill; what is not known turns."""
        if self.state is None:
            return True
        return not abs(self.state.measured_speed_rpm) <= self.limits.standstill_rpm


Trace = AxisTrace | SpindleTrace
