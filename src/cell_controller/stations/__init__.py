"""Stations: each owns its motion and its process, and emits setpoints for its own drives only."""

from cell_controller.stations.conveyor import Conveyor
from cell_controller.stations.grinding_spindle import GrindingSpindle
from cell_controller.stations.parameters import LOAD_REQUEST, parameters_of
from cell_controller.stations.welding_robot import WeldingRobot

__all__ = ["LOAD_REQUEST", "Conveyor", "GrindingSpindle", "WeldingRobot", "parameters_of"]
