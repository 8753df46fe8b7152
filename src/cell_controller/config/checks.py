"""The table of checks that need nothing but the cell file and its recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cell_controller.config import (
    checks_positions,
    checks_programs,
    checks_realtime,
    checks_recipes,
    checks_references,
    checks_watching,
    checks_wiring,
    checks_zones,
)
from cell_controller.config.models import CellFile, Recipe
from cell_controller.config.problems import Finding

NAMES: tuple[Callable[[CellFile], Iterator[Finding]], ...] = (
    checks_references.names_mean_something,
    checks_references.unit_names_are_unique,
    checks_references.signal_names_are_unique,
    checks_wiring.unit_ids_are_unique_on_a_line,
    checks_wiring.every_line_has_its_own_device_and_a_drive,
    checks_wiring.every_module_has_signals,
    checks_wiring.channels_are_used_once,
    checks_wiring.hard_stops_are_not_recoverable,
    checks_wiring.placeholders_are_known,
    checks_positions.limits_are_in_order,
    checks_positions.conveyors_are_consistent,
    checks_realtime.pinned_units_exist,
    checks_watching.warnings_come_before_trips,
    checks_watching.hard_stops_trip_at_once,
)

# These follow references, so they run when every name means something.
RELATIONS: tuple[Callable[[CellFile], Iterator[Finding]], ...] = (
    checks_wiring.every_drive_is_used_once,
    checks_wiring.outputs_have_one_user,
    checks_wiring.outputs_fall_back_safely,
    checks_programs.programs_stay_on_their_line,
    checks_programs.programs_fit_into_the_relay_delay,
    checks_programs.programs_are_used_and_cover_their_station,
    checks_programs.moves_stay_inside_the_axis,
    checks_programs.steps_last_long_enough,
    checks_programs.tools_leave_the_material_turning,
    checks_positions.positions_are_inside_the_axes,
    checks_positions.speeds_are_inside_the_axes,
    checks_positions.tool_axes_are_absolute,
    checks_positions.axes_find_their_zero,
    checks_positions.force_trips_are_inside_the_axes,
    checks_watching.watched_inputs_are_different,
    checks_watching.process_limits_can_be_passed,
    checks_watching.floors_are_under_the_tool,
    checks_watching.openings_are_described,
    checks_watching.power_trips_can_be_reached,
    checks_zones.shared_places_are_zones,
    checks_zones.zones_have_members,
    checks_zones.members_are_measured_on_their_own_axis,
)

RECIPES: tuple[Callable[[CellFile, Mapping[str, Recipe]], Iterator[Finding]], ...] = (
    checks_recipes.recipe_limits_are_in_order,
    checks_recipes.wheels_are_described,
    checks_recipes.welds_are_inside_the_cell,
    checks_recipes.grinding_is_inside_the_cell,
    checks_watching.recipes_stay_below_the_trips,
)


def check(cell: CellFile, recipes: Mapping[str, Recipe]) -> list[Finding]:
    """Everything that is wrong with a cell and its recipes, apart from what needs the drive profiles."""
    findings = [finding for examine in NAMES for finding in examine(cell)]
    if any(True for _ in checks_references.names_mean_something(cell)):
        return findings
    findings += [finding for examine in RELATIONS for finding in examine(cell)]
    return findings + [finding for examine in RECIPES for finding in examine(cell, recipes)]
