"""Friction stir welding on a Cartesian robot."""

from cell_controller.stations.welding_robot.robot import WeldingRobot

__all__ = ["WeldingRobot"]
