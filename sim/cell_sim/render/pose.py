"""Where everything of a cell is at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_sim.description.fixtures import JAW_WAY_M
from cell_sim.description.surroundings import DOOR, DOOR_M
from cell_sim.plant import CellPlant


@dataclass(frozen=True, slots=True)
class Pose:
    """Joints in m and revolutions, by name; parts in m along the belt from its first place."""

    joints: Mapping[str, float]
    parts: tuple[float, ...] = ()


def pose_of(plant: CellPlant) -> Pose:
    """As a plant stands now."""
    joints = {name: axis.position_m for name, axis in plant.axes.items()}
    joints |= {name: spindle.angle_rev for name, spindle in plant.spindles.items()}
    joints |= {clamp.name: JAW_WAY_M * clamp.is_closed for clamp, _, _ in plant.clamps}
    joints[DOOR] = 0.0 if plant.relay.guard_closed else DOOR_M
    return Pose(joints, tuple(part.at_m for belt in plant.belts.values() for part in belt.parts))
