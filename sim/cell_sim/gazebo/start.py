"""From a cell file to the joints of its Gazebo server."""

from __future__ import annotations

from cell_controller.config import CellFile, Recipe
from cell_sim.description.bridge import bridged_topics
from cell_sim.description.mechanisms import describe
from cell_sim.gazebo.ros import ANSWER_S, RosJoints
from cell_sim.plant.build import parked_axes


def connected(cell: CellFile, recipe: Recipe, timeout_s: float = ANSWER_S) -> RosJoints:
    """Every joint heard, axes where the machine was left; NoGazeboError when nobody answers in time."""
    joints = RosJoints(bridged_topics(cell.name, describe(cell, recipe)), cell.namespace)
    joints.open()
    try:
        joints.park(parked_axes(cell), timeout_s)
    except BaseException:
        joints.close()
        raise
    return joints
