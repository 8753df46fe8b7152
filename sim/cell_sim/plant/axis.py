"""A linear servo axis as one rigid mass: what a motor command does to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cell_sim.plant.motion import Ramp

BRAKING_TIME_S = 0.1  # from full speed, with the holding brake or the drive's dynamic brake
END_STOP_M = 0.005  # rubber buffers behind the travel limits
_FOLLOWING_TIME_S = 0.02  # of a position loop of 50 1/s, usual for ball screws
FRICTION_SHARE = 0.003  # of the nominal force: hydrostatic guides, as process axes have them
_SERVO_PERIOD_S = 0.002  # shortest time in which the force can change
_AT_REFERENCE_M = 2e-6
_AT_REFERENCE_M_S = 5e-4


class MotorMode(Enum):
    """What the power stage does with the motor."""

    OFF = "off"  # no torque, no brake: friction alone
    BRAKE = "brake"
    SPEED = "speed"  # servo on, speed reference
    POSITION = "position"  # servo on, position reference


@dataclass(frozen=True, slots=True)
class AxisSpec:
    """Mechanics and nameplate of one axis."""

    name: str
    min_m: float
    max_m: float
    max_speed_m_s: float
    max_acceleration_m_s2: float
    max_force_n: float
    moving_mass_kg: float
    is_endless: bool = False  # a belt has no end stops


class Axis:
    """Port and state of one axis. `load_n` and `drag_n` are what the process does to it.

    `force_n` is the motor's force, positive towards positive positions, as a drive knows it from its current.
    """

    __slots__ = (
        "drag_n",
        "force_limit_n",
        "force_n",
        "is_enabled",
        "is_lagging",
        "load_n",
        "mode",
        "position_m",
        "ramp",
        "spec",
        "speed_m_s",
    )

    def __init__(self, spec: AxisSpec, position_m: float = 0.0) -> None:
        self.spec = spec
        self.position_m = position_m
        self.speed_m_s = 0.0
        self.force_n = 0.0
        self.mode = MotorMode.BRAKE
        self.ramp = Ramp(position_m)
        self.force_limit_n = spec.max_force_n
        self.load_n = 0.0  # pushes, signed
        self.drag_n = 0.0  # resists motion, magnitude
        self.is_lagging = False
        self.is_enabled = True  # False: safe torque off, no command has any effect

    @property
    def following_error_m(self) -> float:
        """Reference minus actual position; zero when the servo is off."""
        return self.ramp.position_m - self.position_m if self.is_servo_on else 0.0

    @property
    def is_servo_on(self) -> bool:
        return self.mode in (MotorMode.SPEED, MotorMode.POSITION)

    @property
    def is_moving(self) -> bool:
        return self.speed_m_s != 0.0 or self.is_lagging or (self.is_servo_on and not self.ramp.is_at_rest)

    def off(self, *, brake: bool = True) -> None:
        """Take the torque away; with the brake the axis stands within 0.1 s."""
        self.mode = MotorMode.BRAKE if brake else MotorMode.OFF
        self.is_lagging = False

    def hold(self, deceleration_m_s2: float) -> None:
        """Servo on: ramp to standstill and stay there."""
        self.set_speed(0.0, deceleration_m_s2, deceleration_m_s2)

    def set_speed(self, target_m_s: float, acceleration_m_s2: float, deceleration_m_s2: float) -> None:
        """Servo on with a speed reference."""
        if self._switch_on(MotorMode.SPEED):
            self.ramp.velocity(target_m_s, acceleration_m_s2, deceleration_m_s2)

    def move_to(
        self, target_m: float, speed_m_s: float, acceleration_m_s2: float, deceleration_m_s2: float
    ) -> None:
        """Servo on with a profile move to an absolute position."""
        if self._switch_on(MotorMode.POSITION):
            self.ramp.move(target_m, speed_m_s, acceleration_m_s2, deceleration_m_s2)

    def _switch_on(self, mode: MotorMode) -> bool:
        if not self.is_enabled:
            return False
        if not self.is_servo_on or self.is_lagging:
            self.ramp.reset(self.position_m, self.speed_m_s)
        self.mode = mode
        return True

    def step(self, dt_s: float) -> None:
        """Advance the rigid mass; exact for any step while the motor has force enough."""
        if not self.is_servo_on:
            self._step_unpowered(dt_s)
            return
        ramp = self.ramp
        ramp.advance(dt_s)
        if not self.is_lagging:
            need = self.needed_force_n()
            if abs(need) <= self.force_limit_n and self._is_inside(ramp.position_m):
                self.position_m, self.speed_m_s, self.force_n = ramp.position_m, ramp.speed_m_s, need
                return
            self.is_lagging = True
        self._step_limited(dt_s)

    def needed_force_n(self) -> float:
        """Motor force that the reference motion takes."""
        speed = self.ramp.speed_m_s
        force = self.spec.moving_mass_kg * self.ramp.acceleration_m_s2 - self.load_n
        if speed > 0.0:
            return force + self.friction_n
        return force - self.friction_n if speed < 0.0 else force

    @property
    def friction_n(self) -> float:
        return FRICTION_SHARE * self.spec.max_force_n + self.drag_n

    def _step_unpowered(self, dt_s: float) -> None:
        self.force_n = 0.0
        if self.speed_m_s:
            slowing = self.spec.max_speed_m_s / BRAKING_TIME_S
            if self.mode is MotorMode.OFF:
                slowing = self.friction_n / self.spec.moving_mass_kg
            before = self.speed_m_s
            self.speed_m_s = _towards_zero(before, slowing * dt_s)
            moving = min(dt_s, abs(before) / slowing)
            self.position_m += 0.5 * (before + self.speed_m_s) * moving
        elif self.mode is MotorMode.OFF and abs(self.load_n) > self.friction_n:
            push = self.load_n - self.friction_n * (1.0 if self.load_n > 0.0 else -1.0)
            self.speed_m_s = push / self.spec.moving_mass_kg * dt_s
        self._end_stops()
        self.ramp.reset(self.position_m, self.speed_m_s)

    def _step_limited(self, dt_s: float) -> None:
        """The motor cannot follow: force at its limit, reference running ahead or being caught up."""
        ramp, mass = self.ramp, self.spec.moving_mass_kg
        wanted_m_s = ramp.speed_m_s
        if self.mode is MotorMode.POSITION:
            top = 1.2 * self.spec.max_speed_m_s
            wanted_m_s = _clip(wanted_m_s + self.following_error_m / _FOLLOWING_TIME_S, top)
        sign = 1.0 if wanted_m_s > 0.0 else -1.0 if wanted_m_s < 0.0 else 0.0
        wish = mass * (wanted_m_s - self.speed_m_s) / max(dt_s, _SERVO_PERIOD_S)
        self.force_n = _clip(wish + sign * self.friction_n - self.load_n, self.force_limit_n)
        net = self.force_n + self.load_n
        if self.speed_m_s == 0.0:
            net = net - _clip(net, self.friction_n)
            self.speed_m_s = net / mass * dt_s
        else:
            before = self.speed_m_s
            after = _towards_zero(before + net / mass * dt_s, self.friction_n / mass * dt_s)
            self.speed_m_s = 0.0 if after * before < 0.0 else after
        self.position_m += self.speed_m_s * dt_s
        self._end_stops()
        self._catch_up(wanted_m_s)

    def _catch_up(self, wanted_m_s: float) -> None:
        if self.mode is MotorMode.SPEED:
            self.ramp.position_m = self.position_m
            self.is_lagging = abs(self.speed_m_s - wanted_m_s) > _AT_REFERENCE_M_S
        else:
            error = abs(self.following_error_m)
            self.is_lagging = error > _AT_REFERENCE_M or abs(self.speed_m_s) > _AT_REFERENCE_M_S + abs(
                self.ramp.speed_m_s
            )

    def _is_inside(self, position_m: float) -> bool:
        spec = self.spec
        return spec.is_endless or spec.min_m - END_STOP_M <= position_m <= spec.max_m + END_STOP_M

    def _end_stops(self) -> None:
        if not self._is_inside(self.position_m):
            low, high = self.spec.min_m - END_STOP_M, self.spec.max_m + END_STOP_M
            self.position_m = min(max(self.position_m, low), high)
            self.speed_m_s = 0.0


def _clip(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _towards_zero(value: float, step: float) -> float:
    if value > 0.0:
        return max(value - step, 0.0)
    return min(value + step, 0.0)
