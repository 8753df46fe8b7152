"""The rigid-body plant does what the analytic one does, within the noise of a simulation in steps."""

from __future__ import annotations

import pytest

from cell_controller.config import PlantModel
from cell_sim.description.mjcf import cell_mjcf
from cell_sim.plant import CellPlant, build_plant


@pytest.fixture
def mujoco_plant(rig) -> CellPlant:
    plant = build_plant(rig.cell, rig.recipe, model=PlantModel.MUJOCO)
    plant.set_outputs("safety_io", 0b11)
    plant.advance(0.1)
    return plant


@pytest.fixture
def plants(rig, mujoco_plant) -> tuple[CellPlant, CellPlant]:
    return rig.plant, mujoco_plant


def test_a_move_takes_the_same_way_and_ends_on_its_target(plants):
    ways = []
    for plant in plants:
        plant.axes["weld_x"].move_to(0.1, 0.2, 2.0, 2.0)
        plant.advance(0.4)
        halfway_m = plant.axes["weld_x"].position_m
        plant.advance(2.0)
        ways.append(halfway_m)
        assert plant.axes["weld_x"].position_m == pytest.approx(0.1, abs=1e-9)
        assert plant.axes["weld_x"].speed_m_s == 0.0
    assert ways[0] == pytest.approx(ways[1], abs=5e-4)


def test_motor_forces_agree_while_accelerating(plants):
    forces = []
    for plant in plants:
        plant.axes["weld_x"].set_speed(0.25, 1.0, 1.0)
        plant.advance(0.25)
        forces.append(plant.axes["weld_x"].force_n)
    assert forces[1] == pytest.approx(forces[0], rel=0.05)


def test_the_brake_stops_an_axis_within_a_tenth_of_a_second(mujoco_plant):
    x = mujoco_plant.axes["weld_x"]
    x.set_speed(0.25, 2.0, 2.0)
    mujoco_plant.advance(0.6)
    x.off()
    mujoco_plant.advance(0.71)
    assert abs(x.speed_m_s) < 0.0005


def test_a_jammed_belt_stands_and_goes_on_when_free(mujoco_plant):
    belt = mujoco_plant.belts["conveyor"]
    mujoco_plant.jam("conveyor")
    belt.axis.move_to(0.5, 0.3, 1.0, 1.0)
    mujoco_plant.advance(2.0)
    assert abs(belt.axis.position_m) < 0.0005
    assert belt.axis.force_n == pytest.approx(belt.axis.force_limit_n)
    mujoco_plant.jam("conveyor", False)
    mujoco_plant.advance(8.0)
    assert belt.is_in_place
    assert belt.axis.position_m == pytest.approx(0.5, abs=1e-6)


def test_a_spindle_reaches_its_speed_and_coasts_without_torque(mujoco_plant):
    wheel = mujoco_plant.spindles["grind_wheel"]
    wheel.run(2600.0, 2900.0)
    mujoco_plant.advance(2.0)
    assert wheel.speed_rpm == pytest.approx(2600.0, abs=1.0)
    mujoco_plant.press_estop()
    mujoco_plant.advance(9.0)
    assert 2000.0 < wheel.speed_rpm < 2600.0


def test_axial_force_is_carried_by_the_motor(rig, mujoco_plant):
    plant = mujoco_plant
    belt = plant.belts["conveyor"]
    belt.parts.append(belt.loader.make(belt.pitch_m))
    plant.axes["weld_z"].move_to(0.0038, 0.08, 1.0, 1.0)
    plant.advance(4.0)
    zone = plant.welds["robot"].zone
    assert zone.force_n > 1000.0
    assert -plant.axes["weld_z"].force_n == pytest.approx(zone.force_n, rel=0.03)
    assert plant.axes["weld_z"].position_m == pytest.approx(0.0038, abs=2e-6)


def test_a_resting_machine_costs_no_steps(mujoco_plant):
    before_s = mujoco_plant.mechanics.data.time
    mujoco_plant.advance(1000.0)
    assert mujoco_plant.mechanics.data.time == before_s


def test_the_same_run_twice_is_the_same_to_the_bit(rig):
    ends = []
    for _ in range(2):
        plant = build_plant(rig.cell, rig.recipe, model=PlantModel.MUJOCO)
        plant.set_outputs("safety_io", 0b11)
        plant.axes["weld_x"].move_to(0.1, 0.2, 2.0, 2.0)
        plant.advance(0.5)
        ends.append((plant.axes["weld_x"].position_m, plant.axes["weld_x"].force_n))
    assert ends[0] == ends[1]


def test_every_drive_of_the_cell_has_its_joint(rig):
    xml = cell_mjcf(rig.cell, rig.recipe)
    for name, drive in rig.cell.drives.items():
        assert (f'<joint name="{name}"' in xml) is (drive.kind.value != "io")


def test_a_move_against_a_process_force_arrives_all_the_same(mujoco_plant):
    x = mujoco_plant.axes["weld_x"]
    weld = mujoco_plant.welds["robot"]
    belt = mujoco_plant.belts["conveyor"]
    belt.parts.append(belt.loader.make(belt.pitch_m))
    weld.spindle.run(1000.0, 3000.0)
    x.move_to(0.1, 0.2, 1.0, 1.0)
    weld.z.move_to(0.00025, 0.03, 1.0, 1.0)
    mujoco_plant.advance(5.0)
    x.move_to(0.12, 0.005, 1.0, 1.0)
    mujoco_plant.advance(7.0)
    assert abs(x.force_n) > 100.0  # it pushes through metal
    mujoco_plant.advance(10.0)
    assert x.position_m == pytest.approx(0.12, abs=2e-6)
    assert not x.is_moving
