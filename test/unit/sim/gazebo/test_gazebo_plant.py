"""The Gazebo plant over DDS, against a node that has the bridge's topics and moves joints simply."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
import rclpy
import yaml
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from cell_controller.config.loader import load_cell
from cell_sim.gazebo.ros import NoGazeboError, RosJoints, StuckError
from cell_sim.gazebo.start import connected
from cell_sim.plant import CellPlant, build_plant

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
TOPICS: list[dict[str, str]] = yaml.safe_load((ROOT / "sim/worlds/demo/bridge.yaml").read_text())
PERIOD_S = 0.01
# Of the world's controllers: as far as its servo gives way.
STIFFNESS_N_M = {n: d.moving_mass_kg * 150.0**2 for n, d in DEMO.cell.drives.items() if d.kind == "axis"}
DOMAIN = 83


class StandIn:
    """Joints reach what they are told within a period, but for what their load pushes them away."""

    def __init__(self) -> None:
        self.position: dict[str, float] = {}
        self.load: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.stamp: Any = None  # while it is paused
        self.is_stuck = False
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.node = Node("bridge", namespace=DEMO.cell.namespace, context=self.context)
        states = {}
        for topic in TOPICS:
            name = topic["ros_topic_name"]
            if topic["ros_type_name"] == "sensor_msgs/msg/JointState":
                model = topic["gz_topic_name"].split("/")[4]
                states[model] = self.node.create_publisher(JointState, name, 10)
            elif topic["direction"] == "ROS_TO_GZ":
                self.node.create_subscription(Float64, name, self._obey(*name.split("/")[1:]), 10)
        self.models: dict[str, list[str]] = {m: [] for m in states}
        for topic in TOPICS:
            words = topic["gz_topic_name"].split("/")
            if words[3:4] == ["joint"] and words[4] not in self.models[words[2]]:
                self.models[words[2]].append(words[4])
        self.states = states
        self.node.create_timer(PERIOD_S, self._tell)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self._spin)
        self.thread.start()

    def _obey(self, joint: str, what: str) -> Callable[[Float64], None]:
        def obey(message: Float64) -> None:
            if what == "target_position" and not self.is_stuck:
                self.position[joint] = message.data
            elif what == "load":
                self.load[joint] = message.data

        return obey

    def _tell(self) -> None:
        for model, joints in self.models.items():
            places = [
                self.position.get(j, 0.0) + self.load.get(j, 0.0) / STIFFNESS_N_M.get(j, inf) for j in joints
            ]
            before = [self.shown.get(j, at) for j, at in zip(joints, places, strict=True)]
            speeds = [(at - was) / PERIOD_S for at, was in zip(places, before, strict=True)]
            self.shown |= dict(zip(joints, places, strict=True))
            message = JointState(name=joints, position=places, velocity=speeds)
            message.header.stamp = self.stamp or self.node.get_clock().now().to_msg()
            self.states[model].publish(message)

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except ExternalShutdownException:
            return

    def close(self) -> None:
        rclpy.try_shutdown(context=self.context)
        self.thread.join(timeout=5.0)
        self.node.destroy_node()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[StandIn]]:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(DOMAIN))
    running = [StandIn()]
    yield running
    for one in running:
        one.close()


@pytest.fixture
def joints(stand_in: list[StandIn]) -> Iterator[RosJoints]:
    joints = connected(DEMO.cell, RECIPE)
    yield joints
    joints.close()


def made(joints: RosJoints) -> CellPlant:
    plant = build_plant(DEMO.cell, RECIPE, now_s=time.monotonic(), joints=joints)
    plant.own_enables.clear()
    for wiring in plant.modules.values():
        wiring.outputs = 0xFFFF
    return plant


def until(plant: CellPlant, is_so: Callable[[], bool], timeout_s: float = 5.0) -> bool:
    deadline_s = time.monotonic() + timeout_s
    while not is_so() and time.monotonic() < deadline_s:
        plant.advance(time.monotonic())
        time.sleep(0.005)
    return is_so()


def test_an_axis_goes_where_its_drive_sends_it_and_takes_the_process_force_along(
    joints: RosJoints, stand_in: list[StandIn]
) -> None:
    plant = made(joints)
    axis = plant.axes["weld_x"]
    assert until(plant, lambda: axis.is_enabled)
    goal_m = axis.position_m + 0.02
    axis.move_to(goal_m, 0.1, 0.5, 0.5)
    axis.load_n = -120.0
    assert until(plant, lambda: abs(axis.position_m - goal_m) < 1e-6 and not axis.is_moving)
    assert until(plant, lambda: stand_in[0].load.get("weld_x") == -120.0)
    assert until(plant, lambda: abs(stand_in[0].shown["weld_x"] - goal_m) < 1.1e-5)
    assert stand_in[0].position["weld_x"] > goal_m + 30e-6, "the servo holds against the load"
    assert until(plant, lambda: abs(axis.force_n - 120.0) < 30.0)


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


def test_without_an_answer_the_message_says_how_to_start_gazebo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(DOMAIN))
    with pytest.raises(NoGazeboError, match=r"gz sim -s -r world\.sdf.*parameter_bridge"):
        connected(DEMO.cell, RECIPE, timeout_s=0.2)
