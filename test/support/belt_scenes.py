"""A belt, a part that lies on it and what may stand in the way, as the same scene in both engines.

Debian's DART knows no moving surface. A belt that is long enough is a slide that carries a part by friction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import mujoco

from cell_sim.plant.motion import Ramp
from support.gazebo_physics import STEP_S, Gazebo

SERVO_RAD_S = 150.0  # of the plant's servo
LONG_M, WIDE_M, THICK_M = 6.0, 0.22, 0.03  # of the belt; its joint is at its middle
CARRIER_M, CARRIER_HIGH_M = 0.02, 0.005  # a bar across the belt, in front of the part and free of it
AHEAD_M = 0.30
FREE_M = 0.001  # between the belt and what stands over it


@dataclass(frozen=True, slots=True)
class BeltScene:
    """Numbers of both; the part begins at x = 0."""

    mass_kg: float
    friction_n: float
    force_n: float
    part_kg: float
    part_m: tuple[float, float, float]
    grip: float  # friction of the part on the belt
    stop_m: float | None = None  # where something stands in the way of the part
    blocks_belt: bool = False  # it stands in the way of a bar on the belt instead

    def wrong(self, mass: float = 1.0, friction: float = 1.0, grip: float = 1.0) -> BeltScene:
        """With other numbers than it should have."""
        return replace(
            self,
            mass_kg=self.mass_kg * mass,
            friction_n=self.friction_n * friction,
            grip=self.grip * grip,
        )

    @property
    def stop_box(self) -> tuple[tuple[float, float, float], tuple[float, float, float]] | None:
        """Middle and size of what stands in the way; the bar is met beside the part."""
        if self.stop_m is None:
            return None
        size = (0.1, 0.3, 0.2)
        if self.blocks_belt:
            return (self.stop_m + AHEAD_M + CARRIER_M / 2 + 0.05, 0.0, 0.1), size
        return (self.stop_m + self.part_m[0] / 2 + 0.05, 0.0, 0.1 + FREE_M), size

    def sdf(self) -> str:
        """For gz-physics 5."""
        stop = self.stop_box
        return f"""<?xml version="1.0"?><sdf version="1.9"><world name="belt"><gravity>0 0 -9.81</gravity>
<physics name="steps" type="ignored"><max_step_size>{STEP_S}</max_step_size></physics>
<model name="conveyor"><link name="belt_link"><pose>0 0 {-THICK_M / 2} 0 0 0</pose>{_inertial(self.mass_kg)}
{self._shape("surface", (LONG_M, WIDE_M, THICK_M))}{self._bar_sdf()}</link>
<joint name="belt" type="prismatic"><parent>world</parent><child>belt_link</child><axis><xyz>1 0 0</xyz>
<limit><effort>{self.force_n}</effort></limit><dynamics><friction>{self.friction_n}</friction></dynamics>
</axis></joint></model>
<model name="part"><link name="part_link"><pose>0 0 {self.part_m[2] / 2} 0 0 0</pose>
{_inertial(self.part_kg)}{self._shape("part", self.part_m)}</link></model>
{"" if stop is None else self._stop_sdf(*stop)}</world></sdf>"""

    def _bar_sdf(self) -> str:
        if not self.blocks_belt:
            return ""
        at = f"{AHEAD_M} 0 {THICK_M / 2 + CARRIER_HIGH_M / 2}"
        return self._shape("bar", (CARRIER_M, WIDE_M, CARRIER_HIGH_M), at)

    def _stop_sdf(self, at: tuple[float, ...], size: tuple[float, float, float]) -> str:
        pose = f"{at[0]} {at[1]} {at[2]} 0 0 0"
        shape = self._shape("stop", size)
        return f"""<model name="stop"><static>true</static><pose>{pose}</pose>
<link name="stop_link">{shape}</link></model>"""

    def _shape(self, name: str, size: tuple[float, float, float], at: str = "0 0 0") -> str:
        grip = f"<mu>{self.grip}</mu><mu2>{self.grip}</mu2>"
        return f"""<collision name="{name}"><pose>{at} 0 0 0</pose>
<geometry><box><size>{size[0]} {size[1]} {size[2]}</size></box></geometry>
<surface><friction><ode>{grip}</ode></friction></surface></collision>"""

    def mjcf(self) -> str:
        """For MuJoCo, with contacts that hold without creeping."""
        stop, bar = self.stop_box, ""
        if self.blocks_belt:
            at = f"{AHEAD_M} 0 {THICK_M / 2 + CARRIER_HIGH_M / 2}"
            bar = f'<geom type="box" size="{_half((CARRIER_M, WIDE_M, CARRIER_HIGH_M))}" pos="{at}"/>'
        there = ""
        if stop is not None:
            there = f'<geom type="box" size="{_half(stop[1])}" pos="{" ".join(map(str, stop[0]))}"/>'
        return f"""<mujoco><option timestep="{STEP_S}" integrator="implicitfast" gravity="0 0 -9.81"
cone="elliptic" impratio="100"/><default><geom friction="{self.grip} 0 0" condim="3" solref="0.004 1"
solimp="0.99 0.999 0.0001" mass="0"/><joint solimpfriction="0.9999 0.99995 0.001"/></default><worldbody>
{there}<body name="belt" pos="0 0 {-THICK_M / 2}"><joint name="belt" type="slide" axis="1 0 0"
frictionloss="{self.friction_n}"/><inertial pos="0 0 0" mass="{self.mass_kg}" diaginertia="1 1 1"/>
<geom type="box" size="{_half((LONG_M, WIDE_M, THICK_M))}"/>{bar}</body>
<body name="part" pos="0 0 {self.part_m[2] / 2}"><freejoint name="part"/>
<geom type="box" size="{_half(self.part_m)}" mass="{self.part_kg}"/></body></worldbody></mujoco>"""


def _inertial(mass_kg: float) -> str:
    return (
        f"<inertial><mass>{mass_kg}</mass><inertia><ixx>{mass_kg / 12}</ixx><iyy>{mass_kg / 12}</iyy>"
        f"<izz>{mass_kg / 12}</izz></inertia></inertial>"
    )


def _half(size: tuple[float, float, float]) -> str:
    return " ".join(str(length / 2) for length in size)


@dataclass(slots=True)
class Seen:
    """Of one step."""

    belt_m: float = 0.0
    belt_m_s: float = 0.0
    part_m: float = 0.0


class BeltInMujoco:
    """The scene as MuJoCo integrates it."""

    def __init__(self, scene: BeltScene) -> None:
        self._model: Any = mujoco.MjModel.from_xml_string(scene.mjcf())
        self._data: Any = mujoco.MjData(self._model)
        self.seen = Seen()

    def push(self, force_n: float) -> Seen:
        self._data.qfrc_applied[0] = force_n
        mujoco.mj_step(self._model, self._data)
        qpos = self._data.qpos
        self.seen = Seen(float(qpos[0]), float(self._data.qvel[0]), float(qpos[1]))
        return self.seen


class BeltInGazebo:
    """The same in Gazebo's physics."""

    def __init__(self, gazebo: Gazebo) -> None:
        self._gazebo = gazebo
        self.seen = Seen()

    def push(self, force_n: float) -> Seen:
        self._gazebo.step("force", belt=force_n)
        at, speed = self._gazebo.position, self._gazebo.speed
        self.seen = Seen(at["belt"], speed["belt"], at["part"])
        return self.seen


def driven(engine: BeltInMujoco | BeltInGazebo, scene: BeltScene, ramp: Ramp, seconds: float) -> list[float]:
    """Forces of the plant's servo on this reference, within what its motor has."""
    forces_n = []
    for _ in range(round(seconds / STEP_S)):
        ramp.advance(STEP_S)
        seen, mass_kg = engine.seen, scene.mass_kg + scene.part_kg
        servo_n = SERVO_RAD_S * (ramp.position_m - seen.belt_m) + 2.0 * (ramp.speed_m_s - seen.belt_m_s)
        wish_n = mass_kg * (ramp.acceleration_m_s2 + SERVO_RAD_S * servo_n)
        wish_n += scene.friction_n if ramp.speed_m_s > 0.0 else 0.0
        forces_n.append(min(max(wish_n, -scene.force_n), scene.force_n))
        engine.push(forces_n[-1])
    return forces_n


def pushed(engine: BeltInMujoco | BeltInGazebo, forces_n: list[float], see: Callable[[Seen], None]) -> None:
    """The same forces again, whatever becomes of them."""
    for force_n in forces_n:
        see(engine.push(force_n))
