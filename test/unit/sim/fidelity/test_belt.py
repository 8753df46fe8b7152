"""A part that a belt carries by friction, and a jam: MuJoCo, Gazebo's physics, and what the plant does.

The embedded plant lets parts follow the belt's measured motion, without contact. Here the same belt, part and
forces are in both engines with contact and friction, to see how far that holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cell_controller.config import AxisDrive
from cell_controller.config.loader import load_cell
from cell_sim.description.part import LONG_M, WIDE_M, part_link
from cell_sim.plant.axis import BRAKING_TIME_S, FRICTION_SHARE
from cell_sim.plant.motion import Ramp
from support.belt_scenes import BeltInGazebo, BeltInMujoco, BeltScene, Seen, driven, pushed
from support.gazebo_physics import STEP_S, Gazebo

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
CONVEYOR = next(iter(DEMO.cell.conveyors.values()))
BELT = DEMO.cell.drives[CONVEYOR.axis]
assert isinstance(BELT, AxisDrive)
SCENE = BeltScene(
    BELT.moving_mass_kg,
    FRICTION_SHARE * BELT.max_force_n,
    BELT.max_force_n,
    part_link(RECIPE).inertia.mass_kg,
    (LONG_M, WIDE_M, RECIPE.part.thickness_m),
    grip=0.3,  # aluminium on a dry belt of polyurethane; less when it is oily
)
SPEED_M_S, TOP_M_S, PITCH_M = CONVEYOR.speed_m_s, BELT.max_speed_m_s, CONVEYOR.pitch_m
ACCELERATION_M_S2 = BELT.max_acceleration_m_s2
BRAKE_M_S2 = TOP_M_S / BRAKING_TIME_S
INDEXES = 3
INDEX_S = PITCH_M / SPEED_M_S + SPEED_M_S / ACCELERATION_M_S2 + 0.6  # and a while at rest
STOP_M = 0.15  # of the first index
MET_S = STOP_M / SPEED_M_S + SPEED_M_S / (2.0 * ACCELERATION_M_S2)
BOUNCE_S = 0.15

PART_M = 0.002
WRONG = {"mass": {"mass": 1.1}, "friction": {"friction": 1.1}}


def indexed(engine: BeltInMujoco, scene: BeltScene, indexes: int = INDEXES) -> list[float]:
    """Forces of that many moves by one pitch."""
    ramp, forces_n = Ramp(), list[float]()
    for number in range(indexes):
        ramp.move((number + 1) * PITCH_M, SPEED_M_S, ACCELERATION_M_S2, ACCELERATION_M_S2)
        forces_n += driven(engine, scene, ramp, INDEX_S)
    return forces_n


def stopped(engine: BeltInMujoco, scene: BeltScene) -> list[float]:
    """Forces that bring the belt to its greatest speed, and stop it as fast as its brake does."""
    ramp = Ramp()
    ramp.velocity(TOP_M_S, ACCELERATION_M_S2, ACCELERATION_M_S2)
    forces_n = driven(engine, scene, ramp, 2.0 * TOP_M_S / ACCELERATION_M_S2)
    ramp.velocity(0.0, BRAKE_M_S2, BRAKE_M_S2)
    return forces_n + driven(engine, scene, ramp, 0.5)


Forces = Callable[[BeltInMujoco, BeltScene], list[float]]


class Both:
    """What each engine made of the forces that the plant's servo gives in MuJoCo."""

    def __init__(self, program: Path, file: Path, scene: BeltScene, forces: Forces, other: BeltScene) -> None:
        self.forces_n = forces(BeltInMujoco(scene), scene)
        self.embedded: list[Seen] = []
        self.gazebo: list[Seen] = []
        pushed(BeltInMujoco(scene), self.forces_n, self.embedded.append)
        with Gazebo(program, other.sdf(), file, fits=True) as gazebo:
            pushed(BeltInGazebo(gazebo), self.forces_n, self.gazebo.append)

    def apart_m(self, from_s: float = 0.0) -> float:
        """Of the part, at its worst."""
        first = round(from_s / STEP_S)
        pairs = zip(self.embedded[first:], self.gazebo[first:], strict=True)
        return max(abs(a.part_m - b.part_m) for a, b in pairs)


@pytest.fixture
def both(program: Path, tmp_path: Path) -> Callable[..., Both]:
    def run(scene: BeltScene, forces: Forces, other: BeltScene | None = None) -> Both:
        return Both(program, tmp_path / "belt.sdf", scene, forces, other or scene)

    return run


def test_a_part_is_where_the_belt_carries_it_through_three_indexes_in_both(both: Callable[..., Both]) -> None:
    """Also where the plant has it: as far on as the belt."""
    seen = both(SCENE, indexed)
    assert seen.apart_m() < PART_M
    for number in range(INDEXES):
        at = (number + 1) * len(seen.forces_n) // INDEXES - 1
        for one in (seen.embedded[at], seen.gazebo[at]):
            assert one.part_m == pytest.approx((number + 1) * PITCH_M, abs=PART_M)
    assert all(abs(one.part_m - one.belt_m) < PART_M for one in (*seen.embedded, *seen.gazebo))


@pytest.mark.parametrize("what", WRONG)
def test_a_belt_with_a_tenth_too_much_mass_or_friction_is_found(both: Callable[..., Both], what: str) -> None:
    assert both(SCENE, indexed, SCENE.wrong(**WRONG[what])).apart_m() > PART_M


def test_a_part_slips_as_far_in_both_on_a_belt_that_brakes(both: Callable[..., Both]) -> None:
    """Harder than friction can: the plant's parts do not slip, so this is what it leaves out."""
    seen = both(SCENE, stopped)
    assert seen.apart_m() < PART_M
    gravity_m_s2 = 9.81
    slip_m = TOP_M_S**2 / 2.0 * (1.0 / (SCENE.grip * gravity_m_s2) - 1.0 / BRAKE_M_S2)
    assert seen.gazebo[-1].part_m - seen.gazebo[-1].belt_m == pytest.approx(slip_m, rel=0.1)


@pytest.mark.parametrize("grip", [0.9, 1.1])
def test_a_grip_that_is_wrong_by_a_tenth_is_found(both: Callable[..., Both], grip: float) -> None:
    assert both(SCENE, stopped, SCENE.wrong(grip=grip)).apart_m() > PART_M


def test_a_part_stays_before_what_stands_in_its_way_in_both_while_the_belt_goes_on(
    both: Callable[..., Both],
) -> None:
    """The belt slides under it and hardly feels it: 0.5 N. The plant's jam is one of the belt, below.

    MuJoCo's soft contacts throw the part back by 3 mm at first, DART's do not.
    """
    seen = both(replace(SCENE, stop_m=STOP_M), lambda engine, scene: indexed(engine, scene, 1))
    assert seen.apart_m(MET_S + BOUNCE_S) < PART_M
    for one in (seen.embedded[-1], seen.gazebo[-1]):
        assert one.part_m == pytest.approx(STOP_M, abs=PART_M)
        assert one.belt_m == pytest.approx(PITCH_M, abs=PART_M)
    assert max(abs(force_n) for force_n in seen.forces_n) < 0.2 * SCENE.force_n


def test_a_belt_that_is_jammed_stands_under_all_the_force_of_its_drive_in_both(
    both: Callable[..., Both],
) -> None:
    """As the plant's jam: the motor's limit, and nothing moves. Only a part that lies loose slides on."""
    jam = replace(SCENE, stop_m=STOP_M, blocks_belt=True)
    seen = both(jam, lambda engine, scene: indexed(engine, scene, 1))
    assert seen.forces_n[-1] == SCENE.force_n
    assert seen.apart_m() < PART_M
    for one in (seen.embedded[-1], seen.gazebo[-1]):
        assert one.belt_m == pytest.approx(STOP_M, abs=PART_M)
        assert one.belt_m_s == pytest.approx(0.0, abs=1e-3)
    assert seen.gazebo[-1].part_m == pytest.approx(seen.embedded[-1].part_m, abs=PART_M)
