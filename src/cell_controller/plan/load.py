"""Read a cell file, its recipes and its drive profiles into a plan, or say everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from cell_controller.config import (
    CellFile,
    ConfigError,
    Finding,
    LoadedCell,
    Problem,
    Severity,
    examine_cell,
)
from cell_controller.config.validate import did_you_mean
from cell_controller.drives.errors import ProfileError
from cell_controller.drives.profile import DriveProfile, load_profile
from cell_controller.plan import (
    checks,
    checks_force,
    checks_lines,
    checks_moves,
    checks_timing,
    checks_watching,
    distance,
)
from cell_controller.plan.make import Profiles, make_plan
from cell_controller.plan.values import CellPlan

DRIVE_CHECKS: tuple[Callable[[CellFile, Profiles], Iterator[Finding]], ...] = (
    checks.profiles_fit_their_drives,
    checks_lines.lines_speak_one_protocol,
    checks_lines.units_exist,
    checks_lines.directions_switch_in_time,
    checks_lines.devices_keep_their_names,
    checks.travels_can_be_counted,
    checks.limits_are_inside_the_nameplate,
    checks_moves.drives_can_be_told_their_moves,
    checks.absolute_axes_have_absolute_encoders,
    checks.drives_know_their_reference,
    checks.coasting_is_known,
    checks.run_outs_are_known,
    checks.channels_exist,
    checks.unverified_fields_are_accepted,
    checks.silence_stops_every_drive,
    checks_watching.watched_values_are_measured,
)

TIMING_CHECKS: tuple[Callable[[CellFile, CellPlan], Iterator[Finding]], ...] = (
    checks_timing.loops_are_fast_enough,
    checks_timing.watchdogs_fit,
    checks_timing.stops_come_quickly,
    checks_timing.safety_module_is_polled_fast,
    checks_timing.steps_allow_for_the_line,
    checks_timing.programs_end_before_the_relay_opens,
    distance.openings_are_far_enough,
    distance.every_mover_is_behind_an_opening,
)


def load_plan(path: str | Path) -> tuple[LoadedCell, CellPlan]:
    """The cell of a file and its plan; raises ConfigError with every problem that was found."""
    loaded, plan, problems = examine_plan(path)
    if loaded is None or plan is None:
        raise ConfigError(p for p in problems if p.severity is Severity.ERROR)
    return loaded, plan


def examine_plan(path: str | Path) -> tuple[LoadedCell | None, CellPlan | None, tuple[Problem, ...]]:
    """The cell and its plan with warnings only, or None with every problem."""
    loaded, problems = examine_cell(path)
    if loaded is None:
        return None, None, problems
    profiles, found = read_profiles(loaded)
    found += [loaded.problem(f) for check in DRIVE_CHECKS for f in check(loaded.cell, profiles)]
    found += [
        loaded.problem(f) for f in checks_force.contacts_can_be_felt(loaded.cell, profiles, loaded.recipes)
    ]
    if any(p.severity is Severity.ERROR for p in found):
        return loaded, None, in_order(found)
    plan = make_plan(loaded, profiles)
    found += [loaded.problem(f) for check in TIMING_CHECKS for f in check(loaded.cell, plan)]
    is_good = all(p.severity is Severity.WARNING for p in found)
    return loaded, plan if is_good else None, in_order(found)


def read_profiles(loaded: LoadedCell) -> tuple[dict[str, DriveProfile], list[Problem]]:
    """The profiles that the cell's drives name, and what is wrong with them."""
    directory = loaded.profiles_dir
    known = sorted(p.stem for p in directory.glob("*.yaml"))
    profiles: dict[str, DriveProfile] = {}
    problems: list[Problem] = []
    tried: set[str] = set()
    for name, drive in loaded.cell.drives.items():
        if drive.profile not in known:
            instead = "use one of: " + ", ".join(known) if known else f"there are none in {directory}"
            remedy = did_you_mean(drive.profile, known, instead)
            problems.append(loaded.problem(Finding(("drives", name, "profile"), "no such profile", remedy)))
        elif drive.profile not in tried:
            tried.add(drive.profile)
            file = directory / f"{drive.profile}.yaml"
            try:
                profiles[drive.profile] = load_profile(file)
            except ProfileError as error:
                problems += [
                    Problem(str(file), 0, "", "", "", text, "mend the profile") for text in error.problems
                ]
    return profiles, problems


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """File by file as they were met, by line."""
    files = list(dict.fromkeys(p.file for p in problems))
    return tuple(sorted(problems, key=lambda p: (files.index(p.file), p.line)))
