"""The numbers of a task: flattened from a recipe, and read back into typed values with their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, TypeVar

from cell_controller.config.models import Recipe
from cell_controller.config.recipe import TOOL_LIMIT_C
from cell_controller.messages import Parameter, TaskKind
from cell_controller.stations.errors import ParameterError

LOAD_REQUEST = "load_request"
"""Parameter of any Order to a conveyor, at any time: 1 while a part is wanted on the first place."""


@dataclass(frozen=True, slots=True)
class WeldParameters:
    """One weld; heights are above the anvil."""

    thickness_m: float
    seam_m: float
    pin_length_m: float
    spindle_rpm: float
    touch_speed_m_s: float
    touch_force_n: float
    plunge_speed_m_s: float
    heel_plunge_m: float
    dwell_start_s: float
    traverse_speed_m_s: float
    axial_force_n: float
    depth_authority_m: float
    dwell_end_s: float
    retract_speed_m_s: float
    axial_force_min_n: float
    axial_force_max_n: float
    temperature_min_c: float
    temperature_max_c: float
    revolutions_per_mm_min: float


@dataclass(frozen=True, slots=True)
class GrindParameters:
    """One grinding; positions are above the part's nominal surface."""

    grind_length_m: float
    wheel_rpm: float
    approach_m: float
    gap_speed_m_s: float
    contact_force_n: float
    rough_m: float
    rough_speed_m_s: float
    finish_m: float
    finish_speed_m_s: float
    traverse_speed_m_s: float
    spark_out_max_s: float
    size_m: float
    power_max_w: float
    size_tolerance_m: float
    finish_max_um: float


@dataclass(frozen=True, slots=True)
class _Range:
    low: float
    high: float


# Ranges are what the process can be at all, a good deal wider than its window: a recipe outside its window
# makes bad parts, a number outside these ranges is a slip of a unit or a decimal point.
RANGES: Mapping[str, _Range] = {
    # friction stir welding: plates to 25 mm, windows of ISO 25239 practice widened about threefold
    "thickness_m": _Range(0.0005, 0.025),
    "seam_m": _Range(0.001, 5.0),
    "pin_length_m": _Range(0.0003, 0.025),
    "spindle_rpm": _Range(50.0, 6000.0),
    "touch_speed_m_s": _Range(0.0001, 0.010),
    "touch_force_n": _Range(20.0, 3000.0),
    "plunge_speed_m_s": _Range(0.00005, 0.005),  # practice 5 to 60 mm/min
    "heel_plunge_m": _Range(0.0, 0.001),  # practice 0.1 to 0.3 mm
    "dwell_start_s": _Range(0.0, 30.0),
    "traverse_speed_m_s": _Range(0.0002, 0.5),
    "axial_force_n": _Range(200.0, 60000.0),
    "depth_authority_m": _Range(0.0, 0.001),  # practice 0.3 to 0.5 mm
    "dwell_end_s": _Range(0.0, 30.0),
    "retract_speed_m_s": _Range(0.001, 0.5),
    "axial_force_min_n": _Range(1.0, 60000.0),
    "axial_force_max_n": _Range(1.0, 60000.0),
    "temperature_min_c": _Range(-50.0, TOOL_LIMIT_C),
    "temperature_max_c": _Range(0.0, TOOL_LIMIT_C),
    "revolutions_per_mm_min": _Range(0.01, 100.0),
    # grinding
    "grind_length_m": _Range(0.001, 5.0),
    "wheel_rpm": _Range(100.0, 60000.0),
    "approach_m": _Range(0.00005, 0.020),
    "gap_speed_m_s": _Range(0.000005, 0.002),  # practice 20 to 200 um/s
    "contact_force_n": _Range(1.0, 500.0),
    "rough_m": _Range(0.000001, 0.005),
    "rough_speed_m_s": _Range(0.000001, 0.0005),  # practice 5 to 30 um/s
    "finish_m": _Range(0.0000005, 0.001),
    "finish_speed_m_s": _Range(0.0000002, 0.0001),  # practice 0.5 to 2 um/s
    "spark_out_max_s": _Range(0.1, 60.0),
    "size_m": _Range(-0.005, 0.005),
    "power_max_w": _Range(10.0, 100000.0),
    "size_tolerance_m": _Range(0.0000001, 0.001),
    "finish_max_um": _Range(0.01, 50.0),
}

P = TypeVar("P", WeldParameters, GrindParameters)


def weld_parameters(recipe: Recipe) -> WeldParameters:
    """The weld of a recipe."""
    weld, limits = recipe.weld, recipe.weld.limits
    return WeldParameters(
        thickness_m=recipe.part.thickness_m,
        seam_m=recipe.part.seam_m,
        pin_length_m=recipe.tool.pin_length_m,
        spindle_rpm=weld.spindle_rpm,
        touch_speed_m_s=weld.touch_speed_m_s,
        touch_force_n=weld.touch_force_n,
        plunge_speed_m_s=weld.plunge_speed_m_s,
        heel_plunge_m=weld.heel_plunge_m,
        dwell_start_s=weld.dwell_start_s,
        traverse_speed_m_s=weld.traverse_speed_m_s,
        axial_force_n=weld.axial_force_n,
        depth_authority_m=weld.depth_authority_m,
        dwell_end_s=weld.dwell_end_s,
        retract_speed_m_s=weld.retract_speed_m_s,
        axial_force_min_n=limits.axial_force_min_n,
        axial_force_max_n=limits.axial_force_max_n,
        temperature_min_c=limits.temperature_min_c,
        temperature_max_c=limits.temperature_max_c,
        revolutions_per_mm_min=limits.revolutions_per_mm_min,
    )


def grind_parameters(recipe: Recipe) -> GrindParameters:
    """The grinding of a recipe."""
    grind = recipe.grind
    return GrindParameters(
        grind_length_m=recipe.part.grind_length_m,
        wheel_rpm=grind.wheel_rpm,
        approach_m=grind.approach_m,
        gap_speed_m_s=grind.gap_speed_m_s,
        contact_force_n=grind.contact_force_n,
        rough_m=grind.rough_m,
        rough_speed_m_s=grind.rough_speed_m_s,
        finish_m=grind.finish_m,
        finish_speed_m_s=grind.finish_speed_m_s,
        traverse_speed_m_s=grind.traverse_speed_m_s,
        spark_out_max_s=grind.spark_out_max_s,
        size_m=grind.size_m,
        power_max_w=grind.power_max_w,
        size_tolerance_m=grind.limits.size_tolerance_m,
        finish_max_um=grind.limits.finish_max_um,
    )


def parameters_of(recipe: Recipe, kind: TaskKind) -> tuple[Parameter, ...]:
    """The parameters that an Order of this kind carries; kinds without numbers have none."""
    if kind is TaskKind.WELD:
        return _flatten(weld_parameters(recipe))
    if kind is TaskKind.GRIND:
        return _flatten(grind_parameters(recipe))
    return ()


def _flatten(values: WeldParameters | GrindParameters) -> tuple[Parameter, ...]:
    return tuple(Parameter(field.name, float(getattr(values, field.name))) for field in fields(values))


def parse_weld(parameters: tuple[Parameter, ...]) -> WeldParameters:
    """Back into typed values; raises ParameterError for the first that cannot be."""
    weld = _parse(parameters, WeldParameters)
    # the pin must not reach the anvil at full depth, and the window must be open
    _in_range("pin_length_m", weld.pin_length_m, 0.0, weld.thickness_m - weld.heel_plunge_m)
    _in_range("axial_force_max_n", weld.axial_force_max_n, weld.axial_force_min_n, 60000.0)
    _in_range("temperature_max_c", weld.temperature_max_c, weld.temperature_min_c, TOOL_LIMIT_C)
    _in_range("touch_force_n", weld.touch_force_n, 0.0, weld.axial_force_n)
    return weld


def parse_grind(parameters: tuple[Parameter, ...]) -> GrindParameters:
    """Back into typed values; raises ParameterError for the first that cannot be."""
    grind = _parse(parameters, GrindParameters)
    _in_range("size_m", grind.size_m, -0.005, grind.approach_m)
    return grind


def _in_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ParameterError(name, value, low, high)


def _parse(parameters: tuple[Parameter, ...], kind: type[P]) -> P:
    given = {parameter.name: parameter.value for parameter in parameters}
    values: dict[str, Any] = {}
    for field in fields(kind):
        allowed = RANGES[field.name]
        value = given.get(field.name)
        if value is None or not isfinite(value) or not allowed.low <= value <= allowed.high:
            raise ParameterError(field.name, value, allowed.low, allowed.high)
        values[field.name] = value
    return kind(**values)
