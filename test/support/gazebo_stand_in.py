"""A node that has the topics of the Gazebo bridge and moves joints simply, and a plant behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import rclpy
import yaml
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from cell_controller.config.loader import load_cell
from cell_sim.gazebo.ros import RosJoints
from cell_sim.plant import CellPlant, build_plant

ROOT = Path(__file__).parents[2]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
TOPICS: list[dict[str, str]] = yaml.safe_load((ROOT / "sim/worlds/demo/bridge.yaml").read_text())
PERIOD_S = 0.01
# Of the world's controllers: as far as its servo gives way.
STIFFNESS_N_M = {n: d.moving_mass_kg * 150.0**2 for n, d in DEMO.cell.drives.items() if d.kind == "axis"}


class StandIn:
    """Joints reach what they are told within a period, but for what their load pushes them away."""

    def __init__(self) -> None:
        self.position: dict[str, float] = {}
        self.load: dict[str, float] = {}
        self.shown: dict[str, float] = {}
        self.stamp: Any = None  # while it is paused
        self.is_stuck = False
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
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
        self.is_over = threading.Event()
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
        while not self.is_over.is_set():
            self.executor.spin_once(timeout_sec=0.1)

    def close(self) -> None:
        self.is_over.set()
        self.thread.join(timeout=5.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


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
