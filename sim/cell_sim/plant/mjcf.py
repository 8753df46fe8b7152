"""The cell as an MJCF model, generated from the cell file: every axis a slide joint, every spindle a hinge.

Layout: the belt runs along the world's x; place n stands at n pitches; the anvil is at BELT_TOP_M. Masses are
those of the cell file; shapes are only to look at, nothing collides.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from cell_controller.config import (
    AxisDrive,
    CellFile,
    Conveyor,
    GrindingSpindle,
    Recipe,
    SpindleDrive,
    WeldingRobot,
)
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
from cell_sim.plant.axis import END_STOP_M

PARTS = 8  # bodies for parts; unused ones are parked under the floor
PARKED = (0.0, 0.0, -5.0)
TIMESTEP_S = 0.002
_PLATE_M = (0.12, 0.12)  # of a part, along and across the belt
_BRAKE_IMPEDANCE = "0.9999 0.99995 0.001"  # dry friction without creep

_STEEL, _FRAME, _BLUE, _ORANGE = (
    "0.55 0.57 0.60 1",
    "0.25 0.27 0.30 1",
    "0.16 0.36 0.62 1",
    "0.88 0.47 0.12 1",
)
_RUBBER, _WHEEL, _FLOOR = "0.10 0.10 0.11 1", "0.72 0.70 0.64 1", "0.82 0.83 0.85 1"


def cell_mjcf(cell: CellFile, recipe: Recipe) -> str:
    """The model as XML."""
    return tostring(_Model(cell, recipe).build(), encoding="unicode")


class _Model:
    """Builds one model; positions of places come from the conveyor that has them."""

    def __init__(self, cell: CellFile, recipe: Recipe) -> None:
        self.cell = cell
        self.recipe = recipe
        self.root = Element("mujoco", model=cell.name)
        self.world = self._frame()

    def _frame(self) -> Element:
        SubElement(self.root, "compiler", angle="radian", autolimits="true")
        SubElement(
            self.root, "option", timestep=str(TIMESTEP_S), integrator="implicitfast", gravity="0 0 -9.81"
        )
        visual = SubElement(self.root, "visual")
        SubElement(visual, "global", offwidth="1600", offheight="900")
        SubElement(visual, "headlight", ambient="0.38 0.38 0.40", diffuse="0.30 0.30 0.30", specular="0 0 0")
        SubElement(visual, "quality", shadowsize="4096")
        assets = SubElement(self.root, "asset")
        SubElement(
            assets,
            "texture",
            type="skybox",
            builtin="gradient",
            rgb1="0.95 0.96 0.98",
            rgb2="0.72 0.78 0.86",
            width="64",
            height="384",
        )
        default = SubElement(self.root, "default")
        SubElement(default, "geom", contype="0", conaffinity="0", mass="0", group="1")
        SubElement(default, "joint", damping="0", solimpfriction=_BRAKE_IMPEDANCE)
        world = SubElement(self.root, "worldbody")
        light = {"directional": "true", "diffuse": "0.42 0.42 0.40", "specular": "0.1 0.1 0.1"}
        SubElement(world, "light", light, pos="1 -2 4", dir="-0.25 0.55 -1", castshadow="true")
        SubElement(world, "geom", type="plane", size="30 30 0.1", rgba=_FLOOR)
        return world

    def build(self) -> Element:
        stations = self.cell.stations.values()
        for station in stations:
            if isinstance(station, Conveyor):
                self._conveyor(station)
            elif isinstance(station, WeldingRobot):
                self._robot(station)
            else:
                self._grinder(station)
        half = f"{_PLATE_M[0] / 2} {_PLATE_M[1] / 2} {self.recipe.part.thickness_m}"
        for number in range(PARTS):
            body = SubElement(self.world, "body", name=f"part{number}", mocap="true", pos=_text(PARKED))
            _box(body, half, "0 0 0", "0.80 0.82 0.85 1")
            _box(
                body, f"{_PLATE_M[0] / 2 - 0.002} 0.004 0.0005", f"0 0 {self.recipe.part.thickness_m}", _STEEL
            )
        long_m = max(c.pitch_m * (len(c.places) - 1) for c in self.cell.conveyors.values())
        SubElement(self.world, "body", name="view", pos=f"{long_m / 2} 0 {BELT_TOP_M - 0.02}")
        eye = (long_m / 2 + 1.7, -3.9, 2.3)
        SubElement(
            self.world, "camera", name="still", mode="targetbody", target="view", pos=_text(eye), fovy="29"
        )
        return self.root

    # -- stations -------------------------------------------------------------------------------------------

    def _conveyor(self, station: Conveyor) -> None:
        end_m = station.pitch_m * (len(station.places) - 1)
        body = SubElement(self.world, "body", name=station.axis, pos=f"0 0 {BELT_TOP_M - 0.06}")
        self._slide(body, station.axis, "1 0 0", axis_drive(self.cell, station.axis).moving_mass_kg)
        middle = SubElement(self.world, "body", pos=f"{end_m / 2} 0 0")
        half_m = end_m / 2 + 0.22
        width_m = BELT_WIDTH_M / 2
        _box(middle, f"{half_m} {width_m - 0.01} 0.015", f"0 0 {BELT_TOP_M - 0.016}", _RUBBER)
        for side in (-1, 1):
            _box(middle, f"{half_m} 0.012 0.045", f"0 {side * (width_m + 0.012)} {BELT_TOP_M - 0.03}", _BLUE)
        for x in (-half_m + 0.1, 0.0, half_m - 0.1):
            _box(middle, f"0.03 {width_m} 0.42", f"{x} 0 0.42", _FRAME)
        for x in (-half_m, half_m):
            drum = SubElement(middle, "body", pos=f"{x} 0 {BELT_TOP_M - 0.031}", euler="1.5708 0 0")
            _cylinder(drum, 0.03, width_m - 0.01, "0 0 0", _STEEL)

    def _robot(self, station: WeldingRobot) -> None:
        """A portal over the place: X along the seam, Y across, Z with spindle and tool."""
        tool = self.recipe.tool
        centre_m = place_m(self.cell, station.place)
        origin_m = centre_m - station.seam_start_x_m - self.recipe.part.seam_m / 2
        frame = SubElement(self.world, "body", pos=f"{centre_m} 0 0")
        for dx in (-0.30, 0.30):
            for dy in (-0.36, 0.36):
                _box(frame, "0.04 0.04 0.80", f"{dx} {dy} 0.80", _FRAME)
        for dy in (-0.36, 0.36):
            _box(frame, "0.36 0.045 0.045", f"0 {dy} 1.64", _BLUE)
        x = SubElement(self.world, "body", name=station.x, pos=f"{origin_m} 0 {BRIDGE_M}")
        self._slide(x, station.x, "1 0 0", own_mass_kg(self.cell, station.x, station.y))
        _box(x, "0.06 0.42 0.045", "0 0 0", _ORANGE)
        y = SubElement(x, "body", name=station.y, pos=f"0 {-station.seam_y_m} 0")
        self._slide(y, station.y, "0 1 0", own_mass_kg(self.cell, station.y, station.z))
        _box(y, "0.075 0.09 0.13", "0 0 -0.05", _STEEL)
        tip_m = BELT_TOP_M - BRIDGE_M  # of the pin at z = 0, from the bridge
        z = SubElement(y, "body", name=station.z, pos=f"0 0 {tip_m}")
        self._slide(z, station.z, "0 0 1", own_mass_kg(self.cell, station.z))
        _box(z, "0.055 0.055 0.24", "0 0 0.50", _FRAME)
        spindle = SubElement(z, "body", name=station.spindle)
        self._hinge(spindle, station.spindle, "0 0 1")
        reach_m = tool.pin_length_m
        _cylinder(spindle, 0.030, 0.08, f"0 0 {0.18 + reach_m}", _STEEL)
        _cylinder(spindle, 0.016, 0.05, f"0 0 {0.05 + reach_m}", _FRAME)
        _cylinder(spindle, tool.shoulder_radius_m, 0.01, f"0 0 {0.01 + reach_m}", _STEEL)
        _cylinder(spindle, tool.pin_radius_m, reach_m / 2, f"0 0 {reach_m / 2}", _STEEL)
        _box(spindle, "0.032 0.006 0.02", f"0 0 {0.24 + reach_m}", _ORANGE)

    def _grinder(self, station: GrindingSpindle) -> None:
        """A column behind the belt: traverse along it, infeed down, the wheel across."""
        drive = self.cell.drives[station.wheel]
        wheel = drive.wheel if isinstance(drive, SpindleDrive) else None
        radius_m = wheel.diameter_m / 2 if wheel else 0.1
        width_m = self.recipe.part.grind_width_m
        part = self.recipe.part
        centre_m = place_m(self.cell, station.place)
        origin_m = centre_m - station.traverse_start_m - part.grind_length_m / 2
        column = SubElement(self.world, "body", pos=f"{centre_m} 0.42 0")
        _box(column, "0.20 0.14 0.80", "0 0.05 0.80", _FRAME)
        _box(column, "0.30 0.02 0.05", f"0 -0.10 {TRAVERSE_M}", _BLUE)
        traverse = SubElement(self.world, "body", name=station.traverse, pos=f"{origin_m} 0.28 {TRAVERSE_M}")
        self._slide(
            traverse, station.traverse, "1 0 0", own_mass_kg(self.cell, station.traverse, station.infeed)
        )
        _box(traverse, "0.11 0.03 0.16", "0 0 0", _ORANGE)
        surface_m = BELT_TOP_M + part.thickness_m - TRAVERSE_M
        infeed = SubElement(traverse, "body", name=station.infeed, pos=f"0 0 {surface_m + radius_m}")
        self._slide(infeed, station.infeed, "0 0 1", own_mass_kg(self.cell, station.infeed))
        _box(infeed, "0.06 0.10 0.06", "0 -0.12 0", _STEEL)
        hub = SubElement(infeed, "body", name=station.wheel, pos="0 -0.28 0")
        self._hinge(hub, station.wheel, "0 1 0")
        half_m = width_m / 2
        SubElement(hub, "geom", type="cylinder", size=f"{radius_m} {half_m}", euler="1.5708 0 0", rgba=_WHEEL)
        SubElement(
            hub, "geom", type="cylinder", size=f"0.035 {half_m + 0.02}", euler="1.5708 0 0", rgba=_STEEL
        )
        _box(hub, f"{radius_m * 0.5} {half_m + 0.001} 0.006", f"{radius_m * 0.45} 0 0", _FRAME)

    # -- joints ---------------------------------------------------------------------------------------------

    def _slide(self, body: Element, drive: str, direction: str, mass_kg: float) -> None:
        """An axis; its body has what is left of the moving mass without what it carries."""
        axis = self.cell.drives[drive]
        if not isinstance(axis, AxisDrive):
            raise TypeError(f"{drive} is not an axis")
        joint = {"name": drive, "type": "slide", "axis": direction}
        if drive not in {c.axis for c in self.cell.conveyors.values()}:
            joint["range"] = f"{axis.min_m - END_STOP_M} {axis.max_m + END_STOP_M}"
        SubElement(body, "joint", joint)
        body.set("gravcomp", "1")  # counterbalanced
        SubElement(body, "inertial", pos="0 0 0", mass=str(mass_kg), diaginertia="1 1 1")

    def _hinge(self, body: Element, drive: str, direction: str) -> None:
        spindle = self.cell.drives[drive]
        if not isinstance(spindle, SpindleDrive):
            raise TypeError(f"{drive} is not a spindle")
        SubElement(body, "joint", name=drive, type="hinge", axis=direction)
        body.set("gravcomp", "1")
        inertia = " ".join([str(spindle.inertia_kg_m2)] * 3)
        SubElement(body, "inertial", pos="0 0 0", mass=str(HUB_KG), diaginertia=inertia)


def _text(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in values)


def _box(body: Element, half: str, pos: str, rgba: str) -> None:
    SubElement(body, "geom", type="box", size=half, pos=pos, rgba=rgba)


def _cylinder(body: Element, radius_m: float, half_m: float, pos: str, rgba: str) -> None:
    SubElement(body, "geom", type="cylinder", size=f"{radius_m} {half_m}", pos=pos, rgba=rgba)
