"""The Gazebo plant over DDS, against a node that has the bridge's topics and moves joints simply."""

from __future__ import annotations

import pytest

from cell_sim.gazebo.ros import NoGazeboError, RosJoints, StuckError
from cell_sim.gazebo.start import connected
from support.gazebo_stand_in import DEMO, RECIPE, StandIn, made, until


def test_an_axis_goes_where_its_drive_sends_it_and_holds_against_the_process(
    joints: RosJoints, stand_in: list[StandIn]
) -> None:
    """Two topics arrive in two steps: what the motor has force for is not sent out to be held there."""
    plant = made(joints)
    axis = plant.axes["weld_x"]
    assert until(plant, lambda: axis.is_enabled)
    goal_m = axis.position_m + 0.02
    axis.move_to(goal_m, 0.1, 0.5, 0.5)
    axis.load_n = -120.0
    assert until(plant, lambda: abs(axis.position_m - goal_m) < 1e-6 and not axis.is_moving)
    assert until(plant, lambda: abs(stand_in[0].shown["weld_x"] - goal_m) < 1.1e-5)
    assert until(plant, lambda: abs(axis.force_n - 120.0) < 30.0)
    assert stand_in[0].load.get("weld_x") == 0.0


def test_a_process_that_is_stronger_than_the_motor_pushes_the_joint(
    joints: RosJoints, stand_in: list[StandIn]
) -> None:
    plant = made(joints)
    axis = plant.axes["weld_x"]
    assert until(plant, lambda: axis.is_enabled)
    axis.hold(0.5)
    axis.load_n = -1.5 * axis.force_limit_n
    assert until(plant, lambda: stand_in[0].load.get("weld_x") == axis.load_n)
    assert until(plant, lambda: stand_in[0].shown["weld_x"] < -1e-4)
    assert axis.is_lagging
    assert axis.force_n == axis.force_limit_n


def test_an_axis_that_follows_at_speed_does_not_seem_to_push(
    joints: RosJoints, stand_in: list[StandIn]
) -> None:
    """Joint states are old when they come; a servo's stiffness would make thousands of newtons of that."""
    plant = made(joints)
    axis = plant.axes["weld_x"]
    assert until(plant, lambda: axis.is_enabled)
    axis.move_to(axis.position_m + 0.2, 0.25, 2.0, 2.0)
    pushes_n: list[float] = []

    def is_there() -> bool:
        if axis.ramp.speed_m_s == 0.25:
            pushes_n.append(abs(axis.force_n))
        return axis.ramp.is_at_rest and axis.position_m > 0.19

    assert until(plant, is_there)
    assert len(pushes_n) > 5
    assert sorted(pushes_n)[len(pushes_n) // 2] < 100.0


@pytest.mark.parametrize("is_on", [True, False])
def test_a_silent_bridge_takes_the_torque_and_one_that_begins_again_moves_nothing(
    joints: RosJoints, stand_in: list[StandIn], is_on: bool
) -> None:
    plant = made(joints)
    axis = plant.axes["weld_x"]
    assert until(plant, lambda: axis.is_enabled)
    if is_on:
        axis.set_speed(0.01, 0.5, 0.5)
    stand_in.pop().close()
    assert until(plant, lambda: plant.is_off("weld_x"))
    assert not axis.is_servo_on
    stand_in.append(StandIn())
    stand_in[0].position["weld_x"] = 0.3
    assert until(plant, lambda: not plant.is_off("weld_x"))
    assert not until(plant, lambda: abs(axis.position_m - 0.3) > 1e-6, timeout_s=0.5)
    assert stand_in[0].position["weld_x"] == pytest.approx(0.3)


def test_a_paused_server_that_goes_on_telling_the_same_moment_takes_the_torque(
    joints: RosJoints, stand_in: list[StandIn]
) -> None:
    plant = made(joints)
    assert until(plant, lambda: plant.axes["weld_x"].is_enabled)
    stand_in[0].stamp = stand_in[0].node.get_clock().now().to_msg()
    assert until(plant, lambda: plant.is_off("weld_x"))
    stand_in[0].stamp = None
    assert until(plant, lambda: not plant.is_off("weld_x"))


def test_joints_that_are_heard_and_do_not_move_are_named_with_their_places(stand_in: list[StandIn]) -> None:
    stand_in[0].is_stuck = True
    with pytest.raises(StuckError, match=r"weld_z is at 0 m and was sent to 0\.06 m.*physics engine"):
        connected(DEMO.cell, RECIPE, timeout_s=3.0)


def test_without_an_answer_the_message_says_how_to_start_gazebo() -> None:
    with pytest.raises(NoGazeboError, match=r"gz sim -s -r world\.sdf.*parameter_bridge"):
        connected(DEMO.cell, RECIPE, timeout_s=0.2)
