"""The mechanisms of a cell: a portal with spindle, a grinding column, a belt, and what stands around them."""

from __future__ import annotations

from math import pi

from cell_controller.config import (
    CellFile,
    Conveyor,
    GrindingSpindle,
    Recipe,
    SpindleDrive,
    WeldingRobot,
)
from cell_sim.description.fixtures import jaw, jaw_joint, part_sensor, vice
from cell_sim.description.layout import (
    BELT_TOP_M,
    BELT_WIDTH_M,
    BRIDGE_M,
    HUB_KG,
    TRAVERSE_M,
    axis_drive,
    own_mass_kg,
    place_m,
)
from cell_sim.description.model import (
    ORIGIN,
    Box,
    Colour,
    Cylinder,
    Inertia,
    Joint,
    JointKind,
    Limits,
    Link,
    Mechanism,
    Shape,
    Track,
    Vector,
    link,
    rotor,
)
from cell_sim.description.surroundings import surroundings
from cell_sim.plant.axis import END_STOP_M, FRICTION_SHARE

_FRAME_KG = 400.0  # welded steel frame; it stands on the floor and never moves
_DRUM_KG = 3.0
_DRUM_RADIUS_M = 0.03
_RAD_S_PER_RPM = pi / 30.0


def describe(cell: CellFile, recipe: Recipe) -> tuple[Mechanism, ...]:
    """Every mechanism of the cell, with the tool that the recipe mounts."""
    found: list[Mechanism] = []
    for name, station in cell.stations.items():
        if isinstance(station, WeldingRobot):
            found.append(_robot(cell, recipe, name, station))
        elif isinstance(station, GrindingSpindle):
            found.append(_grinder(cell, recipe, name, station))
        else:
            found.append(_conveyor(cell, name, station))
    end_m = max(c.pitch_m * (len(c.places) - 1) for c in cell.conveyors.values())
    return (*found, surroundings(end_m))


def _robot(cell: CellFile, recipe: Recipe, name: str, station: WeldingRobot) -> Mechanism:
    """A portal over the place: X along the seam, Y across, Z with spindle and tool."""
    posts = [
        Box((0.08, 0.08, 1.60), (dx, dy, 0.80), Colour.FRAME) for dx in (-0.24, 0.24) for dy in (-0.36, 0.36)
    ]
    feet = [Box((0.14, 0.14, 0.02), (p.at_m[0], p.at_m[1], 0.01), Colour.STEEL) for p in posts]
    rails = [Box((0.80, 0.09, 0.09), (0.0, dy, 1.64), Colour.BLUE) for dy in (-0.36, 0.36)]
    beams = [Box((0.04, 0.84, 0.09), (dx, 0.0, 0.0), Colour.ORANGE) for dx in (-0.095, 0.095)]
    links = (
        link(f"{name}_base", _FRAME_KG, *posts, *feet, *rails),
        link(station.x, own_mass_kg(cell, station.x, station.y), *beams),
        link(
            station.y,
            own_mass_kg(cell, station.y, station.z),
            Box((0.15, 0.18, 0.26), (0.0, 0.0, -0.05), Colour.STEEL),
            Box((0.24, 0.16, 0.03), (0.0, 0.0, 0.06), Colour.FRAME),
        ),
        link(
            station.z,
            own_mass_kg(cell, station.z),
            Box((0.11, 0.11, 0.48), (0.0, 0.0, 0.50), Colour.FRAME),
            Cylinder(0.048, 0.14, (0.0, 0.0, 0.81), Colour.ORANGE),
        ),
        _rotor(cell, station.spindle, 2, _tool(recipe)),
    )
    to_zero_m = -station.seam_start_x_m - recipe.part.seam_m / 2
    joints = (
        _slide(cell, station.x, f"{name}_base", (to_zero_m, 0.0, BRIDGE_M), (1.0, 0.0, 0.0)),
        _slide(cell, station.y, station.x, (0.0, -station.seam_y_m, 0.0), (0.0, 1.0, 0.0)),
        _slide(cell, station.z, station.y, (0.0, 0.0, BELT_TOP_M - BRIDGE_M), (0.0, 0.0, 1.0)),
        _turn(cell, station.spindle, station.z, ORIGIN, (0.0, 0.0, 1.0)),
    )
    return Mechanism(name, (place_m(cell, station.place), 0.0, 0.0), links, joints)


def _tool(recipe: Recipe) -> tuple[Shape, ...]:
    tool, pin_m = recipe.tool, recipe.tool.pin_length_m
    return (
        Cylinder(0.030, 0.16, (0.0, 0.0, 0.18 + pin_m), Colour.STEEL),
        Cylinder(0.016, 0.10, (0.0, 0.0, 0.05 + pin_m), Colour.FRAME),
        Cylinder(tool.shoulder_radius_m, 0.02, (0.0, 0.0, 0.01 + pin_m), Colour.STEEL),
        Cylinder(tool.pin_radius_m, pin_m, (0.0, 0.0, pin_m / 2), Colour.STEEL),
        Box((0.064, 0.012, 0.04), (0.0, 0.0, 0.235 + pin_m), Colour.ORANGE, is_solid=False),
    )


def _grinder(cell: CellFile, recipe: Recipe, name: str, station: GrindingSpindle) -> Mechanism:
    """A column behind the belt: traverse along it, infeed down, the wheel across."""
    drive, part = cell.drives[station.wheel], recipe.part
    if not isinstance(drive, SpindleDrive) or drive.wheel is None:
        raise TypeError(f"{station.wheel} carries no grinding wheel")
    radius_m, width_m = drive.wheel.diameter_m / 2, part.grind_width_m
    column = (
        Box((0.40, 0.28, 1.56), (0.0, 0.48, 0.78), Colour.FRAME),
        Box((0.48, 0.40, 0.03), (0.05, 0.48, 0.015), Colour.STEEL),
        Box((0.44, 0.03, 0.10), (0.02, 0.325, TRAVERSE_M), Colour.BLUE),
    )
    wheel = (
        Cylinder(radius_m, width_m, ORIGIN, Colour.WHEEL, along_y=True),
        Cylinder(0.035, width_m + 0.04, ORIGIN, Colour.STEEL, along_y=True),
        Box((radius_m, width_m + 0.002, 0.012), (0.45 * radius_m, 0.0, 0.0), Colour.FRAME, is_solid=False),
    )
    links = (
        link(f"{name}_base", _FRAME_KG, *column),
        link(
            station.traverse,
            own_mass_kg(cell, station.traverse, station.infeed),
            Box((0.22, 0.06, 0.32), ORIGIN, Colour.ORANGE),
        ),
        link(
            station.infeed,
            own_mass_kg(cell, station.infeed),
            Box((0.12, 0.20, 0.12), (0.0, -0.12, 0.0), Colour.STEEL),
            Box((0.10, 0.03, 0.34), (0.0, -0.05, 0.17), Colour.FRAME),
        ),
        _rotor(cell, station.wheel, 1, wheel),
    )
    to_zero_m = -station.traverse_start_m - part.grind_length_m / 2
    touching_m = BELT_TOP_M + part.thickness_m + radius_m - TRAVERSE_M
    joints = (
        _slide(cell, station.traverse, f"{name}_base", (to_zero_m, 0.28, TRAVERSE_M), (1.0, 0.0, 0.0)),
        _slide(cell, station.infeed, station.traverse, (0.0, 0.0, touching_m), (0.0, 0.0, 1.0)),
        _turn(cell, station.wheel, station.infeed, (0.0, -0.28, 0.0), (0.0, 1.0, 0.0)),
    )
    return Mechanism(name, (place_m(cell, station.place), 0.0, 0.0), links, joints)


def _conveyor(cell: CellFile, name: str, station: Conveyor) -> Mechanism:
    """The belt's surface stays where it is; its joint counts the way, and the drums turn with it."""
    end_m = station.pitch_m * (len(station.places) - 1)
    half_m, side_m, middle_m = end_m / 2 + 0.22, BELT_WIDTH_M / 2 + 0.012, end_m / 2
    surface = Box((2 * half_m, BELT_WIDTH_M - 0.02, 0.03), (middle_m, 0.0, BELT_TOP_M - 0.016), Colour.RUBBER)
    rails = [
        Box((2 * half_m, 0.024, 0.09), (middle_m, s * side_m, BELT_TOP_M - 0.03), Colour.BLUE)
        for s in (-1, 1)
    ]
    legs = [
        Box((0.06, BELT_WIDTH_M, 0.84), (middle_m + x, 0.0, 0.42), Colour.FRAME)
        for x in (-half_m + 0.1, 0.0, half_m - 0.1)
    ]
    worked = [
        (s.clamp, station.places.index(s.place) * station.pitch_m)
        for s in cell.stations.values()
        if not isinstance(s, Conveyor) and s.place in station.places
    ]
    vices = [shape for _, at_m in worked for shape in vice(at_m)]
    sensors = [shape for n in range(len(station.places)) for shape in part_sensor(n * station.pitch_m)]
    carried_kg = axis_drive(cell, station.axis).moving_mass_kg
    still_m = (0.0, 0.0, 0.0)
    drum = Cylinder(_DRUM_RADIUS_M, BELT_WIDTH_M - 0.02, ORIGIN, Colour.STEEL, along_y=True)
    ball = 0.4 * carried_kg * (BELT_WIDTH_M / 2) ** 2  # nothing turns it: a ball as wide as the belt
    links = (
        link(f"{name}_base", _FRAME_KG, *rails, *legs, *vices, *sensors),
        link(f"{name}_surface", carried_kg, surface),
        Link(station.axis, (), Inertia(carried_kg, still_m, (ball, ball, ball))),
        link(f"{name}_tail", _DRUM_KG, drum),
        link(f"{name}_head", _DRUM_KG, drum),
        *(jaw(clamp) for clamp, _ in worked),
    )
    joints = (
        Joint(f"{name}_surface", JointKind.FIXED, f"{name}_base", f"{name}_surface", ORIGIN),
        _slide(
            cell, station.axis, f"{name}_base", (0.0, 0.0, BELT_TOP_M - 0.06), (1.0, 0.0, 0.0), buffers=False
        ),
        _drum(cell, station.axis, name, "tail", middle_m - half_m),
        _drum(cell, station.axis, name, "head", middle_m + half_m),
        *(jaw_joint(clamp, f"{name}_base", at_m) for clamp, at_m in worked),
    )
    belt = axis_drive(cell, station.axis)
    track = Track(f"{name}_surface", station.axis, belt.max_speed_m_s, belt.max_acceleration_m_s2)
    return Mechanism(name, ORIGIN, links, joints, track)


def _drum(cell: CellFile, belt: str, name: str, end: str, at_m: float) -> Joint:
    axis = axis_drive(cell, belt)
    ratio = 1.0 / _DRUM_RADIUS_M
    limits = Limits(0.0, 0.0, axis.max_speed_m_s * ratio, axis.max_force_n * _DRUM_RADIUS_M)
    return Joint(
        f"{name}_{end}",
        JointKind.TURN,
        f"{name}_base",
        f"{name}_{end}",
        (at_m, 0.0, BELT_TOP_M - 0.031),
        (0.0, 1.0, 0.0),
        limits,
        leader=belt,
        ratio=ratio,
    )


def _rotor(cell: CellFile, drive: str, along: int, shapes: tuple[Shape, ...]) -> Link:
    """The cell file knows the moment about the axis that turns; the others follow from the length."""
    return rotor(drive, HUB_KG, _spindle(cell, drive).inertia_kg_m2, along, *shapes)


def _slide(
    cell: CellFile, drive: str, parent: str, at_m: Vector, axis: Vector, *, buffers: bool = True
) -> Joint:
    spec = axis_drive(cell, drive)
    buffer_m = END_STOP_M if buffers else 0.0
    limits = Limits(spec.min_m - buffer_m, spec.max_m + buffer_m, spec.max_speed_m_s, spec.max_force_n)
    friction_n = FRICTION_SHARE * spec.max_force_n
    return Joint(drive, JointKind.SLIDE, parent, drive, at_m, axis, limits, friction_n)


def _turn(cell: CellFile, drive: str, parent: str, at_m: Vector, axis: Vector) -> Joint:
    spec = _spindle(cell, drive)
    limits = Limits(0.0, 0.0, spec.max_speed_rpm * _RAD_S_PER_RPM, spec.max_torque_nm)
    return Joint(drive, JointKind.TURN, parent, drive, at_m, axis, limits)


def _spindle(cell: CellFile, name: str) -> SpindleDrive:
    drive = cell.drives[name]
    if not isinstance(drive, SpindleDrive):
        raise TypeError(f"{name} is not a spindle")
    return drive
