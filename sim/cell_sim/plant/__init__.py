"""What stands behind the drives: bodies, processes, parts, signals and the safety relay."""

from cell_sim.plant.build import build_plant
from cell_sim.plant.cell_plant import CellPlant
from cell_sim.plant.parts import Part
from cell_sim.plant.record import MotionRecord, MotionSample, PlantEvent, SetpointWrite

__all__ = ["CellPlant", "MotionRecord", "MotionSample", "Part", "PlantEvent", "SetpointWrite", "build_plant"]
