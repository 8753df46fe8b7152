"""Rigid bodies in a Gazebo server behind the same axes and spindles; it runs free, in its own time.

Gazebo closes the position loop of an axis in proportion to its error; the drive's ramp, its force limit, and
what a real servo's feed-forward and integrator add are played here. The speed of spindles and belts is
integrated here and told to Gazebo, which has to follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Protocol

from cell_sim.plant.axis import BRAKING_TIME_S, FRICTION_SHARE, Axis, MotorMode
from cell_sim.plant.encoder import Encoder, Heard
from cell_sim.plant.spindle import RAD_S_PER_RPM, Spindle

STEP_S = 0.002
SILENT_S = 0.25  # joint states come every 5 ms of simulated time; a busy computer delays them
_STIFFNESS_RAD2_S2 = 150.0**2  # of the world's controllers, per kilogram
_SETTLED_M, _SETTLED_M_S = 1e-5, 2e-4
_INTEGRATOR_1_S = 20.0  # slow beside joint states of 200 Hz
# There and back through bridge and server on a busy computer. An axis that follows seems so far behind, and
# with the stiffness of a servo that would be thousands of newtons which no motor gives.
_WAY_S = 0.05
_FRESH_S = 0.02
_RUB_M = 4e-6  # of a reference that has turned round: friction of real guides turns within some micrometres
_RUB_S = 0.05  # long beside the 13 ms of the controller's damping


class Joints(Protocol):
    """The joints of a running server."""

    def state(self, joint: str) -> Heard | None:
        """The newest; None when there is none or it is older than SILENT_S."""

    def tell(self, joint: str, what: str, value: float) -> None:
        """Command: target_position, target_velocity or load."""


class GazeboMechanics:
    """Moves the bodies of one cell; see Mechanics. A joint not heard of is lost: its drive has no torque."""

    fixed_step_s: float | None = STEP_S

    def __init__(
        self, joints: Joints, axes: dict[str, Axis], spindles: dict[str, Spindle], now_s: float
    ) -> None:
        self.axes: Mapping[str, Axis] = axes
        self.spindles: Mapping[str, Spindle] = spindles
        self.lost: tuple[str, ...] = ()
        self._joints = joints
        self._now_s = now_s
        self._encoders = {
            n: Encoder(axis.spec.max_speed_m_s) for n, axis in axes.items() if not axis.spec.is_endless
        }
        self._braking: set[str] = set()
        self._trim_m: dict[str, float] = {}
        self._rub_n: dict[str, float] = {}
        self._target_m: dict[str, float] = {}
        self._trail_m: dict[str, float] = {}  # where the reference was a way ago

    def step(self, dt_s: float) -> None:
        """Take over what Gazebo measured, and tell it how all goes on."""
        self._now_s += dt_s
        heard = {n: self._joints.state(n) for n in self._in_gazebo}
        returned = [n for n in self.lost if heard.get(n) is not None]
        self.lost = tuple(n for n, state in heard.items() if state is None)
        for name, axis in self.axes.items():
            if axis.spec.is_endless:
                axis.step(dt_s)
                self._joints.tell(name, "target_velocity", axis.speed_m_s)
            elif (state := heard[name]) is not None:
                self._follow(name, axis, state, dt_s, is_new=name in returned)
        for name, spindle in self.spindles.items():
            if name not in self.lost:
                spindle.step(dt_s)
                self._joints.tell(name, "target_velocity", spindle.speed_rpm * RAD_S_PER_RPM)

    @property
    def _in_gazebo(self) -> list[str]:
        return [*self._encoders, *self.spindles]

    def _follow(self, name: str, axis: Axis, state: Heard, dt_s: float, *, is_new: bool) -> None:
        encoder, ramp = self._encoders[name], axis.ramp
        if is_new:  # a server that was started again stands elsewhere: nothing goes back by itself
            axis.off()
            self._braking.discard(name)
            encoder.forget()
            self._trail_m.pop(name, None)
            self._rub_n[name] = 0.0
        encoder.reset(ramp.speed_m_s)
        encoder.step(state, self._now_s, dt_s)
        axis.position_m, axis.speed_m_s = encoder.position_m, encoder.speed_m_s
        if is_new:
            ramp.reset(axis.position_m)
        if axis.is_servo_on:
            if name in self._braking:  # a target that jumped would throw the joint
                self._braking.discard(name)
                self._take_over(name, axis)
        elif axis.mode is MotorMode.OFF:
            self._braking.discard(name)
            ramp.reset(axis.position_m, axis.speed_m_s)
        elif name not in self._braking:
            self._braking.add(name)
            slower_m_s2 = axis.spec.max_speed_m_s / BRAKING_TIME_S
            ramp.reset(axis.position_m, axis.speed_m_s)
            ramp.velocity(0.0, slower_m_s2, slower_m_s2)
        encoder.reset(ramp.speed_m_s)
        ramp.advance(dt_s)
        encoder.tell(ramp.speed_m_s)
        self._settle(axis)
        trail_m = self._trail_m.setdefault(name, ramp.position_m)
        if self._now_s - state.at_s < _FRESH_S:  # what is not heard cannot have followed yet
            self._trail_m[name] = trail_m + (ramp.position_m - trail_m) * (1.0 - exp(-dt_s / _WAY_S))
        self._drive(name, axis, dt_s)

    def _take_over(self, name: str, axis: Axis) -> None:
        """The brake's target goes on: as friction what can be friction, the rest as the integrator's."""
        held_n = (self._target_m[name] - axis.ramp.position_m) * _stiffness_n_m(axis)
        most_n = FRICTION_SHARE * axis.spec.max_force_n
        self._rub_n[name] = min(max(held_n, -most_n), most_n)
        self._trim_m[name] = (held_n - self._rub_n[name]) / _stiffness_n_m(axis)

    def _settle(self, axis: Axis) -> None:
        error_m = axis.ramp.position_m - axis.position_m
        if axis.ramp.is_at_rest and abs(error_m) < _SETTLED_M and abs(axis.speed_m_s) < _SETTLED_M_S:
            axis.position_m, axis.speed_m_s, axis.is_lagging = axis.ramp.position_m, 0.0, False

    def _drive(self, name: str, axis: Axis, dt_s: float) -> None:
        """The controller pushes in proportion to its error, so the target's lead is the motor's force.

        But for the lead that is only the age of what was heard. A process force and what holds against it
        are two topics that arrive in different steps: what the motor has force for stays here, both of it.
        """
        stiffness_n_m = _stiffness_n_m(axis)
        against_n = axis.drag_n if axis.speed_m_s < 0.0 else -axis.drag_n if axis.speed_m_s > 0.0 else 0.0
        load_n = axis.load_n + against_n
        lead_m = axis.ramp.position_m - axis.position_m
        if axis.is_servo_on:
            allowed_m = abs(axis.ramp.position_m - self._trail_m[name])
            seeming_m = min(max(lead_m, -allowed_m), allowed_m)
            behind_m = lead_m - seeming_m
            limit_n = axis.force_limit_n
            reach_m = limit_n / stiffness_n_m
            trim_m = self._trim_m.get(name, 0.0) + _INTEGRATOR_1_S * dt_s * behind_m
            self._trim_m[name] = trim_m = min(max(trim_m, -reach_m), reach_m)
            servo_n = (behind_m + trim_m) * stiffness_n_m
            wish_n = servo_n + axis.needed_force_n()
            axis.is_lagging = abs(wish_n) > limit_n
            axis.force_n = push_n = min(max(wish_n, -limit_n), limit_n)
            own_n = axis.spec.moving_mass_kg * axis.ramp.acceleration_m_s2 + self._rub(name, axis, dt_s)
            if not axis.is_lagging:
                push_n, load_n = servo_n + own_n, 0.0
            lead_m = seeming_m + push_n / stiffness_n_m
        else:
            self._trim_m[name] = axis.force_n = 0.0
            if axis.mode is MotorMode.BRAKE:  # carries it
                load_n = 0.0
                lead_m += self._rub_n.get(name, 0.0) / stiffness_n_m
            else:
                self._rub_n[name] = 0.0
        self._target_m[name] = axis.position_m + lead_m
        self._joints.tell(name, "target_position", self._target_m[name])
        self._joints.tell(name, "load", load_n)

    def _rub(self, name: str, axis: Axis, dt_s: float) -> float:
        """Against the joint's own friction, and by degrees: its controller makes way of a target's jump.

        A reference that creeps to and fro leaves it as it is, or the joint would never stick.
        """
        rub_n, speed_m_s = self._rub_n.get(name, 0.0), axis.ramp.speed_m_s
        if speed_m_s:
            most_n = FRICTION_SHARE * axis.spec.max_force_n
            share = 1.0 - exp(-min(abs(speed_m_s) * dt_s / _RUB_M, dt_s / _RUB_S))
            rub_n += ((most_n if speed_m_s > 0.0 else -most_n) - rub_n) * share
            self._rub_n[name] = rub_n
        return rub_n


def _stiffness_n_m(axis: Axis) -> float:
    return axis.spec.moving_mass_kg * _STIFFNESS_RAD2_S2
