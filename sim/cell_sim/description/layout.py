"""Where the mechanisms stand and what their bodies weigh: what every model of the cell shares.

The belt runs along the world's x, place n stands at n pitches, z = 0 is the floor (REP 103: metres, z up).
"""

from __future__ import annotations

from cell_controller.config import AxisDrive, CellFile

BELT_TOP_M = 0.90  # a usual working height of somebody who stands
BRIDGE_M = 1.73  # height of the portal's bridge
TRAVERSE_M = 1.30  # height of the grinding column's slide
BELT_WIDTH_M = 0.24
HUB_KG = 0.5  # of a spindle's rotor that the moving mass of its axis leaves for it
LEAST_MASS_KG = 1.0  # a body without mass has no dynamics


def place_m(cell: CellFile, place: str) -> float:
    """Where a place is along the belt."""
    conveyor = next(c for c in cell.conveyors.values() if place in c.places)
    return conveyor.places.index(place) * conveyor.pitch_m


def own_mass_kg(cell: CellFile, drive: str, carried: str | None = None) -> float:
    """What is left of an axis' moving mass without the axis that it carries, or without a spindle's hub."""
    carried_kg = HUB_KG if carried is None else axis_drive(cell, carried).moving_mass_kg
    return max(axis_drive(cell, drive).moving_mass_kg - carried_kg, LEAST_MASS_KG)


def axis_drive(cell: CellFile, name: str) -> AxisDrive:
    """The axis of that name."""
    drive = cell.drives[name]
    if not isinstance(drive, AxisDrive):
        raise TypeError(f"{name} is not an axis")
    return drive
