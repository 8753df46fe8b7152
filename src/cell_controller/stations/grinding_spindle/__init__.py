"""Surface grinding."""

from cell_controller.stations.grinding_spindle.spindle import GrindingSpindle

__all__ = ["GrindingSpindle"]
