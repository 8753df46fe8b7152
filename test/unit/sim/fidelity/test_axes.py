"""The generated world in Gazebo's own physics, and its axes beside those of the embedded plant.

Both have the same description; what is compared is what two engines make of masses, friction,
limits and gains.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cell_controller.config import AxisDrive
from cell_controller.config.loader import load_cell
from cell_sim.description.files import generate
from cell_sim.description.mjcf import cell_mjcf
from support.axis_scenes import (
    AxisOfWorld,
    Engine,
    InGazebo,
    InMujoco,
    axis_of,
    push_and_coast,
    push_on,
    servo,
)
from support.gazebo_physics import STEP_S, Gazebo

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
WORLD = generate(DEMO.cell, RECIPE)["world.sdf"]
MJCF = cell_mjcf(DEMO.cell, RECIPE)
BELTS = {c.axis for c in DEMO.cell.conveyors.values()}
AXES = [n for n, d in DEMO.cell.drives.items() if isinstance(d, AxisDrive) and n not in BELTS]

TRAVEL = 0.01  # of a way, and of a stroke at its end stop
TRACKING_M = 1e-4
DEFLECTION = 0.05
PROCESS = 0.1  # of the nominal force: more, at once, and the axis would pass its greatest speed
LOAD_AT_S = 1.5
SLOW = 0.01  # m/s or rad/s: a clamp has 15 mm
MOVED = 500  # steps


def wrong(tag: str) -> str:
    """A tenth too much of it, everywhere in the world."""
    world, count = re.subn(
        rf"<{tag}>([^<]+)</{tag}>", lambda m: f"<{tag}>{1.1 * float(m[1])!r}</{tag}>", WORLD
    )
    assert count > 0
    return world


def start_of(axis: AxisOfWorld) -> float:
    return axis.low_m + 0.1 * axis.stroke_m


def coasting(axis: AxisOfWorld, engine: Engine) -> float:
    """The way that a push of six times the friction makes, to 0.8 of the greatest speed."""
    mass_kg = DEMO.cell.drives[axis.joint].moving_mass_kg
    force_n, speed_m_s = 6.0 * axis.friction_n, 0.8 * axis.speed_m_s
    to_limit_m = 0.7 * axis.stroke_m
    speed_m_s = min(speed_m_s, (2.0 * to_limit_m * axis.friction_n / mass_kg / 1.2) ** 0.5)
    push_s = round(speed_m_s * mass_kg / (5.0 * axis.friction_n) / 0.002) * 0.002  # whole steps of both
    coast_s = 1.3 * speed_m_s * mass_kg / axis.friction_n
    return push_and_coast(engine, force_n, push_s, coast_s)


def test_a_velocity_command_moves_every_joint_as_far_as_it_says(program: Path, tmp_path: Path) -> None:
    moving = sorted(
        j.get("name", "") for j in ElementTree.fromstring(WORLD).iter("joint") if j.get("type") != "fixed"
    )
    with Gazebo(program, WORLD, tmp_path / "world.sdf") as gazebo:
        assert sorted(gazebo.joints) == moving
        for joint in moving:
            gazebo.step("velocity", **{joint: SLOW})
            begin = gazebo.position[joint]
            for _ in range(MOVED):
                gazebo.step("velocity", **{joint: SLOW})
            assert gazebo.position[joint] - begin == pytest.approx(MOVED * STEP_S * SLOW, rel=TRAVEL), joint


@pytest.mark.parametrize("joint", AXES)
def test_a_push_moves_an_axis_as_far_in_both(program: Path, tmp_path: Path, joint: str) -> None:
    axis = axis_of(WORLD, joint)
    start_m = start_of(axis)
    way_m = coasting(axis, InMujoco(MJCF, joint, start_m)) - start_m
    with Gazebo(program, WORLD, tmp_path / "world.sdf") as gazebo:
        assert coasting(axis, InGazebo(gazebo, joint, start_m)) - start_m == pytest.approx(way_m, rel=TRAVEL)


@pytest.mark.parametrize("tag", ["mass", "friction"])
@pytest.mark.parametrize("joint", AXES[-2:])
def test_a_tenth_too_much_mass_or_friction_is_found(
    program: Path, tmp_path: Path, joint: str, tag: str
) -> None:
    axis = axis_of(WORLD, joint)
    start_m = start_of(axis)
    way_m = coasting(axis, InMujoco(MJCF, joint, start_m)) - start_m
    with Gazebo(program, wrong(tag), tmp_path / "world.sdf") as gazebo:
        other_m = coasting(axis, InGazebo(gazebo, joint, start_m)) - start_m
    assert abs(other_m - way_m) > 5 * TRAVEL * way_m


@pytest.mark.parametrize("joint", AXES)
def test_a_servo_follows_and_gives_way_to_the_process_alike(
    program: Path, tmp_path: Path, joint: str
) -> None:
    """The controller of the world's file on both: a move, then the process pushes back at once and stays."""
    axis = axis_of(WORLD, joint)
    start_m = start_of(axis)
    push_n = -PROCESS * axis.force_n

    def run(engine: Engine) -> list[float]:
        target_m = start_m + 0.25 * axis.stroke_m
        return servo(engine, axis, target_m, lambda at_s: push_n if at_s >= LOAD_AT_S else 0.0, 2.2)

    embedded = run(InMujoco(MJCF, joint, start_m))
    with Gazebo(program, WORLD, tmp_path / "world.sdf") as gazebo:
        other = run(InGazebo(gazebo, joint, start_m))
    assert max(abs(a - b) for a, b in zip(embedded, other, strict=True)) < TRACKING_M
    assert other[-1] == pytest.approx(embedded[-1], rel=DEFLECTION)
    spring_m = (abs(push_n) - axis.friction_n) / axis.p_n_m  # the last of the way is left to friction
    assert -other[-1] == pytest.approx(spring_m, rel=DEFLECTION)


@pytest.mark.parametrize("joint", AXES)
def test_a_world_of_a_cell_file_with_a_tenth_too_much_mass_gives_way_otherwise(
    program: Path, tmp_path: Path, joint: str
) -> None:
    """Its controllers are as much stiffer; of its friction a servo sees nothing, a push does (above)."""
    drives = {
        n: d.model_copy(update={"moving_mass_kg": 1.1 * d.moving_mass_kg}) if isinstance(d, AxisDrive) else d
        for n, d in DEMO.cell.drives.items()
    }
    world = generate(DEMO.cell.model_copy(update={"drives": drives}), RECIPE)["world.sdf"]
    push_n = -PROCESS * axis_of(WORLD, joint).force_n

    def held(engine: Engine, axis: AxisOfWorld) -> float:
        return servo(engine, axis, start_of(axis), lambda _: push_n, 0.5)[-1]

    right, heavy = axis_of(WORLD, joint), axis_of(world, joint)
    embedded_m = held(InMujoco(MJCF, joint, start_of(right)), right)
    with Gazebo(program, world, tmp_path / "world.sdf") as gazebo:
        other_m = held(InGazebo(gazebo, joint, start_of(heavy)), heavy)
    assert abs(other_m - embedded_m) > DEFLECTION * abs(embedded_m)


@pytest.mark.parametrize("joint", AXES)
def test_an_axis_that_is_blocked_stands_at_its_end_stop_in_both(
    program: Path, tmp_path: Path, joint: str
) -> None:
    """A fifth of the nominal force, against the end of the travel."""
    axis = axis_of(WORLD, joint)

    def run(engine: Engine) -> float:
        return push_on(engine, 0.2 * axis.force_n, 3.0)

    embedded_m = run(InMujoco(MJCF, joint, start_of(axis)))
    with Gazebo(program, WORLD, tmp_path / "world.sdf") as gazebo:
        other_m = run(InGazebo(gazebo, joint, start_of(axis)))
    assert other_m == pytest.approx(axis.high_m, abs=TRACKING_M)
    assert embedded_m == pytest.approx(other_m, abs=TRAVEL * axis.stroke_m)
