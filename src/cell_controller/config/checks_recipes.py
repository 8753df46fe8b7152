"""Checks of the recipes against the cell: what would break the machine, not what would make a bad part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cell_controller.config.checks_positions import outside_axis, too_fast
from cell_controller.config.models import CellFile, GrindingSpindle, Recipe, WeldingRobot
from cell_controller.config.problems import Finding
from cell_controller.config.units import quantity


def recipe_limits_are_in_order(_: CellFile, recipes: Mapping[str, Recipe]) -> Iterator[Finding]:
    """Ranges are not empty, and targets lie inside them."""
    for name, recipe in recipes.items():
        weld, limits, tool = recipe.weld, recipe.weld.limits, recipe.tool
        if not limits.axial_force_min_n < weld.axial_force_n < limits.axial_force_max_n:
            text = (
                f"outside its own limits, {quantity(limits.axial_force_min_n, 'N')} "
                f"to {quantity(limits.axial_force_max_n, 'N')}"
            )
            yield Finding(("weld", "axial_force_n"), text, "correct target or limits", name)
        if limits.temperature_min_c >= limits.temperature_max_c:
            text = f"not above temperature_min_c = {quantity(limits.temperature_min_c, '°C')}"
            yield Finding(("weld", "limits", "temperature_max_c"), text, "swap or correct them", name)
        if tool.pin_radius_m >= tool.shoulder_radius_m:
            text = f"not smaller than the shoulder, {quantity(tool.shoulder_radius_m, 'm')}"
            yield Finding(("tool", "pin_radius_m"), text, "swap or correct them", name)
        if weld.touch_force_n >= weld.axial_force_n:
            text = f"not below axial_force_n = {quantity(weld.axial_force_n, 'N')}"
            yield Finding(("weld", "touch_force_n"), text, "lower it", name)


def welds_are_inside_the_cell(cell: CellFile, recipes: Mapping[str, Recipe]) -> Iterator[Finding]:
    """Speeds, force, depth and way of the weld, for each welding robot that may have to make it."""
    for name, recipe in recipes.items():
        for robot in cell.welding_robots.values():
            yield from _weld(cell, name, recipe, robot)


def _weld(cell: CellFile, name: str, recipe: Recipe, robot: WeldingRobot) -> Iterator[Finding]:
    weld = recipe.weld
    limit_rpm = cell.spindle(robot.spindle).permitted_rpm
    if weld.spindle_rpm > limit_rpm:
        text = f"above the limit of {robot.spindle}, {quantity(limit_rpm, 'rpm')}"
        yield Finding(("weld", "spindle_rpm"), text, "lower it", name)
    for key in ("touch_speed_m_s", "plunge_speed_m_s", "retract_speed_m_s"):
        yield from too_fast(cell, robot.z, getattr(weld, key), ("weld", key), name)
    yield from too_fast(cell, robot.x, weld.traverse_speed_m_s, ("weld", "traverse_speed_m_s"), name)
    limit_n = cell.safety.max_axial_force_n.get(robot.z, cell.axis(robot.z).max_force_n)
    if weld.axial_force_n >= limit_n:
        text = f"not below the trip limit of {robot.z}, {quantity(limit_n, 'N')}"
        yield Finding(("weld", "axial_force_n"), text, "lower it", name)
    floor_m = cell.floor_m(robot.z)
    pin_m = recipe.part.thickness_m - recipe.tool.pin_length_m - weld.heel_plunge_m - weld.depth_authority_m
    if pin_m < floor_m:
        text = (
            f"thickness - pin - heel plunge - depth authority leave {quantity(pin_m, 'm')} under the pin, "
            f"the floor of {robot.z} is {quantity(floor_m, 'm')}"
        )
        yield Finding(("weld", "heel_plunge_m"), text, "use a shorter pin, or plunge less", name)
    end_m = robot.seam_start_x_m + recipe.part.seam_m
    if finding := outside_axis(cell, robot.x, end_m, ("part", "seam_m"), name):
        yield finding


def grinding_is_inside_the_cell(cell: CellFile, recipes: Mapping[str, Recipe]) -> Iterator[Finding]:
    """Wheel speed, speeds and ways of the grinding, for each grinding spindle that may have to do it."""
    for name, recipe in recipes.items():
        for station in cell.grinding_spindles.values():
            yield from _wheel(cell, name, recipe, station)
            yield from _grind(cell, name, recipe, station)


def _wheel(cell: CellFile, name: str, recipe: Recipe, station: GrindingSpindle) -> Iterator[Finding]:
    spindle = cell.spindle(station.wheel)
    limits = [(spindle.max_speed_rpm, f"the limit of {station.wheel}")]
    if spindle.wheel:
        permitted = (
            f"{quantity(spindle.wheel.permitted_m_s, 'm/s')} at {quantity(spindle.wheel.diameter_m, 'm')}"
        )
        limits += [
            (spindle.wheel.marked_rpm, "the speed marked on the wheel"),
            (spindle.wheel.surface_limit_rpm, f"the permitted {permitted}"),
        ]
    limit_rpm, words = min(limits)
    if recipe.grind.wheel_rpm > limit_rpm:
        text = f"above {words}, {quantity(limit_rpm, 'rpm')}"
        yield Finding(("grind", "wheel_rpm"), text, "lower it; never run a wheel faster", name)


def _grind(cell: CellFile, name: str, recipe: Recipe, station: GrindingSpindle) -> Iterator[Finding]:
    grind = recipe.grind
    for key in ("gap_speed_m_s", "rough_speed_m_s", "finish_speed_m_s"):
        yield from too_fast(cell, station.infeed, getattr(grind, key), ("grind", key), name)
    yield from too_fast(
        cell, station.traverse, grind.traverse_speed_m_s, ("grind", "traverse_speed_m_s"), name
    )
    if grind.approach_m >= station.safe_infeed_m:
        text = f"not below the safe position, {quantity(station.safe_infeed_m, 'm')}"
        yield Finding(("grind", "approach_m"), text, "lower it", name)
    depth_m = -(grind.rough_m + grind.finish_m)
    if finding := outside_axis(cell, station.infeed, depth_m, ("grind", "rough_m"), name):
        yield finding
    elif depth_m < cell.floor_m(station.infeed) < station.safe_infeed_m:
        floor = quantity(cell.floor_m(station.infeed), "m")
        yield Finding(
            ("grind", "rough_m"), f"ends below the floor of {station.infeed}, {floor}", "lower it", name
        )
    end_m = station.traverse_start_m + recipe.part.grind_length_m
    if finding := outside_axis(cell, station.traverse, end_m, ("part", "grind_length_m"), name):
        yield finding


def wheels_are_described(cell: CellFile, _: Mapping[str, Recipe]) -> Iterator[Finding]:
    """A grinding spindle without a wheel has no speed that it must not exceed."""
    for station in cell.grinding_spindles.values():
        if cell.spindle(station.wheel).wheel is None:
            path = ("drives", station.wheel, "wheel")
            yield Finding(path, "missing key", "add diameter_m, marked_rpm and permitted_m_s of the wheel")
