"""From a cell file to the joints of its Gazebo server."""

from __future__ import annotations

from cell_controller.config import CellFile, Recipe
from cell_sim.description.bridge import Bridged, bridged_topics, joint_states_topic
from cell_sim.description.mechanisms import describe
from cell_sim.gazebo.ros import ANSWER_S, RosJoints
from cell_sim.plant.build import parked_axes


def connected(cell: CellFile, recipe: Recipe, timeout_s: float = ANSWER_S) -> RosJoints:
    """Every joint heard, axes where the machine was left; NoGazeboError when nobody answers in time."""
    joints = RosJoints(_topics(cell, recipe), cell.namespace)
    joints.open()
    try:
        joints.park(parked_axes(cell), timeout_s)
    except BaseException:
        joints.close()
        raise
    return joints


def _topics(cell: CellFile, recipe: Recipe) -> list[Bridged]:
    """Without the joint states that nobody asks for: hearing them costs as much as all the others."""
    mechanisms = describe(cell, recipe)
    moved = {*parked_axes(cell), *(name for name, d in cell.drives.items() if d.kind == "spindle")}
    deaf = {
        joint_states_topic(m.name) for m in mechanisms if not any(joint.name in moved for joint in m.joints)
    }
    return [topic for topic in bridged_topics(cell.name, mechanisms) if topic.ros_topic not in deaf]
