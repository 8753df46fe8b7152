"""Rigid bodies in MuJoCo behind the same axes and spindles. Process forces come from the process models.

Parts follow the belt's measured motion (contacts with a moving surface would only add noise to places that
sensors watch); everything that a drive moves is integrated by MuJoCo in steps of 2 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

import mujoco

from cell_controller.config import CellFile, Recipe
from cell_sim.description.mjcf import TIMESTEP_S, cell_mjcf
from cell_sim.plant.axis import BRAKING_TIME_S, Axis, MotorMode
from cell_sim.plant.spindle import Spindle

_BANDWIDTH_RAD_S = 150.0  # position loop of a stiff servo, about 24 Hz; critically damped
_SETTLED_M, _SETTLED_M_S = (
    1e-6,
    2e-5,
)  # nearer to the reference than this is on it: a tenth of an encoder count
_SPEED_LOOP_S = 0.01
_RAD_S_PER_RPM = pi / 30.0
_STANDING_RPM = 0.05


class MujocoMechanics:
    """Moves the bodies of one cell; see Mechanics."""

    fixed_step_s: float | None = TIMESTEP_S
    lost: tuple[str, ...] = ()

    def __init__(
        self, cell: CellFile, recipe: Recipe, axes: dict[str, Axis], spindles: dict[str, Spindle]
    ) -> None:
        self.axes: Mapping[str, Axis] = axes
        self.spindles: Mapping[str, Spindle] = spindles
        self.model: Any = mujoco.MjModel.from_xml_string(cell_mjcf(cell, recipe))
        self.data: Any = mujoco.MjData(self.model)
        self._dof = {name: int(self.model.joint(name).dofadr[0]) for name in (*axes, *spindles)}
        self._at = {name: int(self.model.joint(name).qposadr[0]) for name in (*axes, *spindles)}
        for name, axis in axes.items():
            self.data.qpos[self._at[name]] = axis.position_m
        mujoco.mj_forward(self.model, self.data)
        # each look at an array of the model makes a new view of it, which costs as much as a step of it
        self._qpos, self._qvel = self.data.qpos, self.data.qvel
        self._applied, self._friction = self.data.qfrc_applied, self.model.dof_frictionloss

    def step(self, dt_s: float) -> None:
        """Advance by one time step; a longer one is asked for only when nothing moves."""
        if dt_s != TIMESTEP_S and not self._is_moving:
            return
        for name, axis in self.axes.items():
            self._drive_axis(self._dof[name], axis, dt_s)
        for name, spindle in self.spindles.items():
            self._drive_spindle(self._dof[name], spindle, dt_s)
        mujoco.mj_step(self.model, self.data)
        positions, speeds = self._qpos.tolist(), self._qvel.tolist()
        for name, axis in self.axes.items():
            dof, at = self._dof[name], self._at[name]
            self._read_axis(dof, at, axis, positions[at], speeds[dof])
        for name, spindle in self.spindles.items():
            dof = self._dof[name]
            self._read_spindle(dof, spindle, speeds[dof], dt_s)

    @property
    def _is_moving(self) -> bool:
        return any(a.is_moving for a in self.axes.values()) or any(
            s.is_moving for s in self.spindles.values()
        )

    # -- axes -----------------------------------------------------------------------------------------------

    def _drive_axis(self, dof: int, axis: Axis, dt_s: float) -> None:
        mass = axis.spec.moving_mass_kg
        friction_n = axis.friction_n
        if axis.is_servo_on:
            ramp = axis.ramp
            ramp.advance(dt_s)
            error_m, error_m_s = ramp.position_m - axis.position_m, ramp.speed_m_s - axis.speed_m_s
            wish = axis.needed_force_n()
            wish += mass * _BANDWIDTH_RAD_S * (_BANDWIDTH_RAD_S * error_m + 2.0 * error_m_s)
            limit = axis.force_limit_n
            axis.force_n = min(max(wish, -limit), limit)
            axis.is_lagging = abs(wish) > limit
            if ramp.is_at_rest and axis.friction_n < limit:
                friction_n = 0.0  # the integrator of a real servo wins over stiction in the end
            if axis.is_lagging and axis.mode is MotorMode.SPEED:
                ramp.position_m = axis.position_m  # a speed loop does not remember a lost way
        else:
            axis.force_n = 0.0
        if axis.mode is MotorMode.BRAKE:  # carries the load, and takes the speed off evenly
            slower_m_s = axis.spec.max_speed_m_s / BRAKING_TIME_S * dt_s
            change_m_s = min(max(-axis.speed_m_s, -slower_m_s), slower_m_s)
            self._friction[dof] = 0.0
            self._applied[dof] = mass * change_m_s / dt_s
        else:
            self._friction[dof] = friction_n
            self._applied[dof] = axis.force_n + axis.load_n

    def _read_axis(self, dof: int, at: int, axis: Axis, position_m: float, speed_m_s: float) -> None:
        ramp = axis.ramp
        rests = not axis.is_servo_on or ramp.is_at_rest
        if rests and abs(speed_m_s) < _SETTLED_M_S:
            if not axis.is_servo_on:
                speed_m_s = self._qvel[dof] = 0.0
            elif abs(position_m - ramp.position_m) < _SETTLED_M:
                position_m = self._qpos[at] = ramp.position_m
                speed_m_s = self._qvel[dof] = 0.0
                axis.is_lagging = False
        axis.position_m, axis.speed_m_s = position_m, speed_m_s
        if not axis.is_servo_on:
            ramp.reset(position_m, speed_m_s)

    # -- spindles -------------------------------------------------------------------------------------------

    def _drive_spindle(self, dof: int, spindle: Spindle, dt_s: float) -> None:
        torque_nm = 0.0
        if spindle.is_running:
            torque_nm = spindle.advance_reference(dt_s)
            error_rad_s = (spindle.reference_rpm - spindle.speed_rpm) * _RAD_S_PER_RPM
            torque_nm += spindle.spec.inertia_kg_m2 * error_rad_s / _SPEED_LOOP_S
            torque_nm = min(max(torque_nm, -spindle.torque_limit_nm), spindle.torque_limit_nm)
        else:
            spindle.reference_rpm = spindle.speed_rpm
        spindle.torque_nm = torque_nm
        self._friction[dof] = spindle.drag_nm + spindle.load_nm
        self._applied[dof] = torque_nm

    def _read_spindle(self, dof: int, spindle: Spindle, speed_rad_s: float, dt_s: float) -> None:
        rpm = speed_rad_s / _RAD_S_PER_RPM
        if abs(rpm) < _STANDING_RPM and (not spindle.is_running or spindle.reference_rpm == 0.0):
            rpm = self._qvel[dof] = 0.0
        spindle.angle_rev = (spindle.angle_rev + 0.5 * (spindle.speed_rpm + rpm) / 60.0 * dt_s) % 1.0
        spindle.speed_rpm = rpm
