"""What ROS tools take up from the display node, over DDS."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import pi
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import rclpy
from builtin_interfaces.msg import Time
from cell_msgs.msg import DriveState, DriveStates, Guard
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock

from cell_controller.bringup.node import assemble
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.standard import STANDARD_TOPICS
from support.ros_units import wait_until

DEMO = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"
NAMESPACE = "/hall/cell_7"


class Tool:
    """A plain ROS node, as RViz is one: keeps the newest message of each topic."""

    def __init__(self, context: rclpy.Context) -> None:
        self.node = Node("tool", namespace=NAMESPACE, context=context)
        self.heard: dict[str, Any] = {}
        for topic in STANDARD_TOPICS:
            self.node.create_subscription(topic.ros_type, topic.topic, self._keeper(topic.topic), topic.qos)
        self._states = self.node.create_publisher(DriveStates, "drive_states", qos_profile_sensor_data)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._seq = 0

    def _keeper(self, topic: str) -> Any:
        return lambda message: self.heard.__setitem__(topic, message)

    def say(self, position_m: float) -> None:
        self._seq += 1
        drives = [
            DriveState(drive="weld_z", measured_position_m=position_m, measured_speed_m_s=0.0),
            DriveState(drive="weld_spindle", measured_speed_rpm=30.0, measured_position_m=float("nan")),
        ]
        guard = Guard(source="weld_line", session=5, seq=self._seq, stamp_s=time.monotonic())
        self._states.publish(DriveStates(line="weld_line", drives=drives, guard=guard))
        self._executor.spin_once(timeout_sec=0.02)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def tool() -> Iterator[Tool]:
    context = rclpy.Context()
    rclpy.init(context=context)
    tool = Tool(context)
    yield tool
    tool.close()
    rclpy.try_shutdown(context=context)


@contextmanager
def display_of(namespace: str, run_dir: Path, *ros_arguments: str) -> Iterator[None]:
    unit, ios, _ = assemble("display", DEMO, run_dir)
    host = RosHost(unit, "display", namespace, ios, arguments=ros_arguments, handles_signals=False)
    thread = Thread(target=host.run)
    thread.start()
    yield
    host.end()
    thread.join(10.0)
    assert not thread.is_alive()


@pytest.fixture
def display(tmp_path: Path) -> Iterator[None]:
    with display_of(NAMESPACE, tmp_path):
        yield


def test_a_tool_gets_joint_states_frames_and_the_description(display: None, tool: Tool) -> None:
    def is_complete() -> bool:
        tool.say(0.05)
        return {"joint_states", "/tf", "/tf_static", "robot_description", "/diagnostics"} <= tool.heard.keys()

    wait_until(is_complete, what="all standard topics")
    joints = tool.heard["joint_states"]
    assert list(joints.name) == ["weld_z", "weld_spindle"]
    assert joints.position[0] == 0.05
    assert joints.velocity[1] == pytest.approx(pi)
    assert joints.header.stamp.sec > 1_000_000_000, "ROS time, not the monotonic clock"
    moving = {t.child_frame_id: t for t in tool.heard["/tf"].transforms}
    assert moving.keys() == {"hall/cell_7/weld_z", "hall/cell_7/weld_spindle"}
    z = moving["hall/cell_7/weld_z"]
    assert z.header.frame_id == "hall/cell_7/weld_y"
    assert z.transform.translation.z == pytest.approx(0.90 - 1.73 + 0.05)
    still = {t.child_frame_id: t.header.frame_id for t in tool.heard["/tf_static"].transforms}
    assert still["hall/cell_7/robot_base"] == "hall/cell_7/world"
    assert tool.heard["robot_description"].data.startswith("<?xml")
    said = {s.name: s for s in tool.heard["/diagnostics"].status}
    assert said["hall/cell_7: interlock"].level == DiagnosticStatus.STALE
    assert said["hall/cell_7: drive weld_z"].hardware_id == "weld_line/3 fast_modbus_servo"


def test_a_latecomer_gets_description_and_fixed_frames(display: None, tool: Tool) -> None:
    latched = {t.topic for t in STANDARD_TOPICS if t.is_latched}
    assert latched == {"/tf_static", "robot_description"}

    def has_latched() -> bool:
        tool._executor.spin_once(timeout_sec=0.02)
        return latched <= tool.heard.keys()

    wait_until(has_latched, what="what was said before")


def test_stamps_follow_the_clock_of_a_simulation_when_they_are_told_to(tmp_path: Path, tool: Tool) -> None:
    clock = tool.node.create_publisher(Clock, "/clock", 1)

    def is_stamped() -> bool:
        clock.publish(Clock(clock=Time(sec=1234)))
        tool.say(0.05)
        return "joint_states" in tool.heard and tool.heard["joint_states"].header.stamp.sec == 1234

    with display_of(NAMESPACE, tmp_path, "--ros-args", "-p", "use_sim_time:=true"):
        wait_until(is_stamped, what="a stamp of simulated time")


def test_frames_of_two_cells_on_one_domain_are_told_apart(tmp_path: Path, tool: Tool) -> None:
    roots: set[str] = set()

    def both() -> bool:
        tool.say(0.05)
        message = tool.heard.get("/tf_static")
        roots.update({} if message is None else {t.header.frame_id for t in message.transforms})
        return {"left/world", "right/world"} <= roots

    with display_of("/left", tmp_path):
        wait_until(lambda: both() or roots, what="the first cell")
        with display_of("/right", tmp_path):
            wait_until(both, what="both cells")
    assert all(root.startswith(("left/", "right/")) for root in roots)


def test_a_missing_description_is_said_and_costs_the_frames_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cell.yaml"
    text = DEMO.read_text().replace("../recipes", str(DEMO.parents[1] / "recipes"))
    text = text.replace("profiles: ../drives", f"profiles: {DEMO.parents[1] / 'drives'}")
    file.write_text(text)
    unit, _, _ = assemble("display", file, tmp_path)
    assert unit.name == "display"
    assert "no frames for displays: " in capsys.readouterr().err


def test_the_topics_have_the_quality_of_service_that_the_table_says(display: None, tool: Tool) -> None:
    node = tool.node

    def offered() -> dict[str, list[Any]]:
        tool.say(0.05)
        found = {t.topic: node.get_publishers_info_by_topic(resolved(t.topic)) for t in STANDARD_TOPICS}
        return found if all(found.values()) else {}

    def resolved(topic: str) -> str:
        return topic if topic.startswith("/") else f"{NAMESPACE}/{topic}"

    wait_until(offered, what="publishers")
    for topic in STANDARD_TOPICS:
        (info,) = offered()[topic.topic]
        assert info.qos_profile.reliability == topic.qos.reliability
        assert info.qos_profile.durability == topic.qos.durability
