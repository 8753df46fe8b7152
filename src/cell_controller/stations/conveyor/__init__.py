"""Indexing conveyor."""

from cell_controller.stations.conveyor.conveyor import Conveyor

__all__ = ["Conveyor"]
