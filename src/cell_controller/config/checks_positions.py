"""Checks of positions and speeds of stations against the limits of their axes."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config.models import AxisDrive, CellFile, SpindleDrive
from cell_controller.config.problems import Finding, KeyPath
from cell_controller.config.units import quantity
from cell_controller.config.values import ReferenceMethod


def limits_are_in_order(cell: CellFile) -> Iterator[Finding]:
    """An axis has room between its limits, and standstill is slower than motion."""
    for name, drive in cell.drives.items():
        path: KeyPath = ("drives", name)
        if isinstance(drive, AxisDrive):
            if drive.min_m >= drive.max_m:
                text = f"not above min_m = {quantity(drive.min_m, 'm')}"
                yield Finding((*path, "max_m"), text, "swap or correct them")
            if drive.standstill_m_s >= drive.max_speed_m_s:
                text = f"not below max_speed_m_s = {quantity(drive.max_speed_m_s, 'm/s')}"
                yield Finding((*path, "standstill_m_s"), text, "lower it")
        if isinstance(drive, SpindleDrive) and drive.standstill_rpm >= drive.max_speed_rpm:
            text = f"not below max_speed_rpm = {quantity(drive.max_speed_rpm, 'rpm')}"
            yield Finding((*path, "standstill_rpm"), text, "lower it")


# Station key, and the key that names its axis.
_POSITIONS = (
    ("safe_z_m", "z"),
    ("park_x_m", "x"),
    ("park_y_m", "y"),
    ("seam_start_x_m", "x"),
    ("seam_y_m", "y"),
    ("safe_infeed_m", "infeed"),
    ("park_traverse_m", "traverse"),
    ("traverse_start_m", "traverse"),
)


def positions_are_inside_the_axes(cell: CellFile) -> Iterator[Finding]:
    """Every position that a station goes to is inside its axis' soft limits."""
    for name, station in cell.stations.items():
        for key, axis_key in _POSITIONS:
            if key not in type(station).model_fields:
                continue
            drive = getattr(station, axis_key)
            finding = outside_axis(cell, drive, getattr(station, key), ("stations", name, key))
            if finding:
                yield finding


def outside_axis(
    cell: CellFile, drive: str, position_m: float, path: KeyPath, recipe: str = ""
) -> Finding | None:
    """A finding when a position is outside an axis' soft limits."""
    axis = cell.axis(drive)
    if axis.min_m <= position_m <= axis.max_m:
        return None
    limits = f"{quantity(axis.min_m, 'm')} to {quantity(axis.max_m, 'm')}"
    return Finding(path, f"outside the limits of {drive}, {limits}", "move it inside", recipe)


# Station key, and the keys of all axes that move with it.
_SPEEDS = (("rapid_m_s", ("x", "y", "z", "infeed", "traverse")), ("speed_m_s", ("axis",)))


def speeds_are_inside_the_axes(cell: CellFile) -> Iterator[Finding]:
    """A station asks no axis for more than its limit."""
    for name, station in cell.stations.items():
        fields = type(station).model_fields
        for key, axis_keys in _SPEEDS:
            for axis_key in axis_keys:
                if key in fields and axis_key in fields:
                    path: KeyPath = ("stations", name, key)
                    yield from too_fast(cell, getattr(station, axis_key), getattr(station, key), path)


def too_fast(
    cell: CellFile, drive: str, speed_m_s: float, path: KeyPath, recipe: str = ""
) -> Iterator[Finding]:
    """A finding when a speed is above an axis' limit."""
    limit = cell.axis(drive).max_speed_m_s
    if speed_m_s > limit:
        yield Finding(path, f"above the limit of {drive}, {quantity(limit, 'm/s')}", "lower it", recipe)


def _tool_axes(cell: CellFile) -> list[str]:
    return [s.z for s in cell.welding_robots.values()] + [s.infeed for s in cell.grinding_spindles.values()]


def tool_axes_are_absolute(cell: CellFile) -> Iterator[Finding]:
    """An axis that enters the material must know its height without homing, which would move it."""
    for name in _tool_axes(cell):
        if not cell.axis(name).absolute:
            text = "an axis that enters the material must know its position after power-on"
            yield Finding(("drives", name, "absolute"), text, "fit an absolute encoder and write true")


def axes_find_their_zero(cell: CellFile) -> Iterator[Finding]:
    """An encoder that forgets needs a way to be referenced and a station that does it: the conveyor."""
    belts = [conveyor.axis for conveyor in cell.conveyors.values()]
    methods = " | ".join(method.value for method in ReferenceMethod)
    for name, drive in cell.drives.items():
        if not isinstance(drive, AxisDrive):
            continue
        path: KeyPath = ("drives", name)
        if drive.absolute and drive.reference is not None:
            yield Finding((*path, "reference"), "an absolute encoder needs no reference", "remove it")
        elif not drive.absolute and name not in belts:
            if name not in _tool_axes(cell):
                text = "no station but a conveyor references an axis"
                yield Finding((*path, "absolute"), text, "fit an absolute encoder and write true")
        elif not drive.absolute and drive.reference is None:
            text = "the axis forgets its position and has no way to find it"
            yield Finding((*path, "absolute"), text, f"add reference: {methods}")


def force_trips_are_inside_the_axes(cell: CellFile) -> Iterator[Finding]:
    """A trip limit above what the axis can push would never trip."""
    for name, limit_n in cell.safety.max_axial_force_n.items():
        most_n = cell.axis(name).max_force_n
        if limit_n > most_n:
            text = f"above max_force_n of {name}, {quantity(most_n, 'N')}: it would never trip"
            yield Finding(("safety", "max_axial_force_n", name), text, "lower it")


def conveyors_are_consistent(cell: CellFile) -> Iterator[Finding]:
    """One sensor per place, no place twice, and a pitch that can be told from being in place."""
    seen: dict[str, str] = {}
    for name, conveyor in cell.conveyors.items():
        path: KeyPath = ("stations", name)
        if len(conveyor.part_present) != len(conveyor.places):
            text = f"has {len(conveyor.part_present)} inputs for {len(conveyor.places)} places"
            yield Finding((*path, "part_present"), text, "name one input per place, in order")
        for index, place in enumerate(conveyor.places):
            if place in seen:
                text = f"is a place of {seen[place]} already"
                yield Finding((*path, "places", index), text, "give every place its own name")
            seen[place] = name
        if conveyor.in_place_m >= conveyor.pitch_m / 2:
            text = f"not below half a pitch, {quantity(conveyor.pitch_m / 2, 'm')}"
            yield Finding((*path, "in_place_m"), text, "lower it")
