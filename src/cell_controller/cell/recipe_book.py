"""Recipes as orders use them: hash, parameters per process, and the time one part should take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cell_controller.cell.layout import CellLayout
from cell_controller.config.models import CellFile, Conveyor, GrindingSpindle, Recipe, WeldingRobot
from cell_controller.messages import Parameter, TaskKind
from cell_controller.stations.parameters import parameters_of

HASH_DIGITS = 16  # 64 bits: no two recipes of one plant meet by chance


@dataclass(frozen=True, slots=True)
class RecipeEntry:
    """One recipe, ready to be ordered."""

    name: str
    hash: str
    cycle_s: float  # planned time per part of the slowest process, with its share of the index
    parameters: Mapping[TaskKind, tuple[Parameter, ...]]


def recipe_hash(recipe: Recipe) -> str:
    """Identity of a recipe's content."""
    return sha256(recipe.model_dump_json().encode()).hexdigest()[:HASH_DIGITS]


def recipe_entry(recipe: Recipe, cell: CellFile, layout: CellLayout) -> RecipeEntry:
    """Everything that orders need of one recipe."""
    kinds = dict.fromkeys(spec.process for spec in layout.processing)
    return RecipeEntry(
        recipe.name,
        recipe_hash(recipe),
        planned_cycle_s(recipe, cell),
        {kind: parameters_of(recipe, kind) for kind in kinds},
    )


def planned_cycle_s(recipe: Recipe, cell: CellFile) -> float:
    """PRI of ISO 22400-2: the bottleneck's time without losses, from the recipe's own speeds and lengths."""
    longest_s, index_s = 0.0, 0.0
    for station in cell.stations.values():
        if isinstance(station, WeldingRobot):
            longest_s = max(longest_s, weld_s(recipe, station))
        elif isinstance(station, GrindingSpindle):
            longest_s = max(longest_s, grind_s(recipe, station))
        elif isinstance(station, Conveyor):
            index_s = max(index_s, station.pitch_m / station.speed_m_s)
    return longest_s + index_s


def weld_s(recipe: Recipe, robot: WeldingRobot) -> float:
    """Travel down, plunge, dwell, traverse, dwell, retract and travel back."""
    weld = recipe.weld
    fall_m = max(0.0, robot.safe_z_m - recipe.part.thickness_m)
    run_m = abs(robot.seam_start_x_m - robot.park_x_m)
    return (
        fall_m / robot.rapid_m_s
        + (recipe.tool.pin_length_m + weld.heel_plunge_m) / weld.plunge_speed_m_s
        + weld.dwell_start_s
        + recipe.part.seam_m / weld.traverse_speed_m_s
        + weld.dwell_end_s
        + robot.safe_z_m / weld.retract_speed_m_s
        + (2 * run_m + recipe.part.seam_m) / robot.rapid_m_s
    )


def grind_s(recipe: Recipe, spindle: GrindingSpindle) -> float:
    """Approach, gap elimination, rough, finish, spark-out and retract."""
    grind = recipe.grind
    return (
        2 * spindle.safe_infeed_m / spindle.rapid_m_s
        + grind.approach_m / grind.gap_speed_m_s
        + grind.rough_m / grind.rough_speed_m_s
        + grind.finish_m / grind.finish_speed_m_s
        + grind.spark_out_max_s
    )
