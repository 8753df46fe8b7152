"""The same forces on the same axes in both engines, each in its own time step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from xml.etree import ElementTree

import mujoco

from cell_sim.plant.motion import Ramp
from support.gazebo_physics import STEP_S, Gazebo

SAMPLE_S = 0.01


class Engine(Protocol):
    """One axis of one plant."""

    step_s: float
    position_m: float
    speed_m_s: float

    def push(self, force_n: float) -> None: ...


class InMujoco:
    """An axis of the model that the embedded plant runs."""

    def __init__(self, mjcf: str, joint: str, start_m: float = 0.0) -> None:
        self._model: Any = mujoco.MjModel.from_xml_string(mjcf)
        self._data: Any = mujoco.MjData(self._model)
        self._at = int(self._model.joint(joint).qposadr[0])
        self._dof = int(self._model.joint(joint).dofadr[0])
        self._data.qpos[self._at] = start_m
        self.step_s = float(self._model.opt.timestep)
        self.position_m, self.speed_m_s = start_m, 0.0

    def push(self, force_n: float) -> None:
        self._data.qfrc_applied[self._dof] = force_n
        mujoco.mj_step(self._model, self._data)
        self.position_m = float(self._data.qpos[self._at])
        self.speed_m_s = float(self._data.qvel[self._dof])


class InGazebo:
    """The same axis in Gazebo's physics."""

    step_s = STEP_S

    def __init__(self, gazebo: Gazebo, joint: str, start_m: float = 0.0) -> None:
        self._gazebo, self._joint = gazebo, joint
        gazebo.step("position", **{joint: start_m})
        self.position_m, self.speed_m_s = start_m, 0.0

    def push(self, force_n: float) -> None:
        self._gazebo.step("force", **{self._joint: force_n})
        self.position_m = self._gazebo.position[self._joint]
        self.speed_m_s = self._gazebo.speed[self._joint]


@dataclass(frozen=True, slots=True)
class AxisOfWorld:
    """What the world's file says of one axis and its controller."""

    joint: str
    low_m: float
    high_m: float
    force_n: float
    speed_m_s: float
    friction_n: float
    p_n_m: float
    d_n_s_m: float

    @property
    def stroke_m(self) -> float:
        return self.high_m - self.low_m


def axis_of(world: str, joint: str) -> AxisOfWorld:
    """Read from the SDF."""
    root = ElementTree.fromstring(world)
    axis = next(j for j in root.iter("joint") if j.get("name") == joint).find("axis")
    plugin = next(p for p in root.iter("plugin") if p.findtext("joint_name") == joint)
    assert axis is not None
    tags = ("limit/lower", "limit/upper", "limit/effort", "limit/velocity", "dynamics/friction")
    numbers = [float(axis.findtext(tag, "nan")) for tag in tags]
    gains = [float(plugin.findtext(tag, "nan")) for tag in ("p_gain", "d_gain")]
    return AxisOfWorld(joint, *numbers, *gains)


def push_and_coast(engine: Engine, force_n: float, push_s: float, coast_s: float) -> float:
    """Where it stands after a push: mass and friction decide it."""
    for number in range(round((push_s + coast_s) / engine.step_s)):
        engine.push(force_n if number * engine.step_s < push_s - 1e-9 else 0.0)
    assert abs(engine.speed_m_s) < 1e-3, "it still coasts"
    return engine.position_m


def push_on(engine: Engine, force_n: float, seconds: float) -> float:
    """Where it is after a force that does not end."""
    for _ in range(round(seconds / engine.step_s)):
        engine.push(force_n)
    return engine.position_m


def servo(
    engine: Engine, axis: AxisOfWorld, target_m: float, load: Callable[[float], float], end_s: float
) -> list[float]:
    """A move under the position controller that the world names, while the process pushes with `load`.

    Every 10 ms how far the axis is from its reference.
    """
    ramp = Ramp(engine.position_m)
    ramp.move(target_m, 0.5 * axis.speed_m_s, 1.0, 1.0)
    errors: list[float] = []
    every = round(SAMPLE_S / engine.step_s)
    for number in range(round(end_s / engine.step_s)):
        at_s = number * engine.step_s
        if number % every == 0:
            errors.append(engine.position_m - ramp.position_m)
        force_n = axis.p_n_m * (ramp.position_m - engine.position_m)
        force_n += axis.d_n_s_m * (ramp.speed_m_s - engine.speed_m_s)
        ramp.advance(engine.step_s)
        engine.push(min(max(force_n, -axis.force_n), axis.force_n) + load(at_s))
    return errors
