"""ros_gz_bridge's configuration for one world: which topic of Gazebo is which topic of ROS.

The topics of Gazebo are those that the systems of the world open by themselves; see sdf.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cell_sim.description.model import Joint, JointKind, Mechanism
from cell_sim.description.sdf import CONTACT_SENSOR, body_name, is_driven

ROOT = "gazebo"  # below the cell's namespace; /clock alone is global


class Direction(StrEnum):
    """Who speaks, in ros_gz_bridge's words."""

    TO_ROS = "GZ_TO_ROS"
    TO_GAZEBO = "ROS_TO_GZ"


@dataclass(frozen=True, slots=True)
class Bridged:
    """One topic on both sides."""

    ros_topic: str
    gazebo_topic: str
    ros_type: str
    gazebo_type: str
    direction: Direction
    is_lazy: bool = False  # bridged while somebody in ROS listens


def bridged_topics(world: str, mechanisms: Iterable[Mechanism]) -> Iterator[Bridged]:
    """The clock, joint states, targets and process forces of joints, belts and what touches them."""
    yield Bridged("/clock", "/clock", "rosgraph_msgs/msg/Clock", "gz.msgs.Clock", Direction.TO_ROS)
    for mechanism in mechanisms:
        model = f"/model/{mechanism.name}"
        counted = mechanism.track.joint if mechanism.track else None
        joints = [j for j in mechanism.joints if j.name != counted and is_driven(j)]
        if joints:
            yield Bridged(
                joint_states_topic(mechanism.name),
                f"/world/{world}{model}/joint_state",
                "sensor_msgs/msg/JointState",
                "gz.msgs.Model",
                Direction.TO_ROS,
                is_lazy=True,
            )
        for joint in joints:
            yield _command(joint.name, target_name(joint), f"{model}/joint/{joint.name}/{_target(joint)}")
            yield _command(joint.name, "load", f"{model}/joint/{joint.name}/cmd_force")
        if mechanism.track:
            link = f"{model}/link/{body_name(mechanism.track.link)}"
            yield _command(mechanism.track.joint, "target_velocity", f"{link}/track_cmd_vel")
            yield Bridged(
                f"{ROOT}/{mechanism.track.joint}/contacts",
                f"/world/{world}{link}/sensor/{CONTACT_SENSOR}/contact",
                "ros_gz_interfaces/msg/Contacts",
                "gz.msgs.Contacts",
                Direction.TO_ROS,
                is_lazy=True,
            )


def bridge_yaml(world: str, mechanisms: Iterable[Mechanism]) -> str:
    """The file that ros_gz_bridge's parameter_bridge takes as config_file."""
    lines = []
    for topic in bridged_topics(world, mechanisms):
        lines += [
            f"- ros_topic_name: {topic.ros_topic}",
            f"  gz_topic_name: {topic.gazebo_topic}",
            f"  ros_type_name: {topic.ros_type}",
            f"  gz_type_name: {topic.gazebo_type}",
            f"  direction: {topic.direction}",
        ]
        if topic.is_lazy:
            lines.append("  lazy: true")
    return "\n".join(lines) + "\n"


def joint_states_topic(mechanism: str) -> str:
    """Where a mechanism's positions and speeds come, below the cell's namespace."""
    return f"{ROOT}/{mechanism}/joint_states"


def target_name(joint: Joint) -> str:
    """Axes are told a place, spindles a speed."""
    return "target_velocity" if joint.kind is JointKind.TURN else "target_position"


def _target(joint: Joint) -> str:
    return "cmd_vel" if joint.kind is JointKind.TURN else "0/cmd_pos"


def _command(joint: str, what: str, gazebo_topic: str) -> Bridged:
    """No token of a ROS name begins with a digit, as one of the position controller's topic does."""
    topic = f"{ROOT}/{joint}/{what}"
    return Bridged(topic, gazebo_topic, "std_msgs/msg/Float64", "gz.msgs.Double", Direction.TO_GAZEBO)
