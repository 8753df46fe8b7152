"""Checks of the stop programs: one line, every drive, long enough for the way, short enough for the relay."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from cell_controller.config.models import (
    AxisDrive,
    CellFile,
    Drive,
    GrindingSpindle,
    MoveStep,
    SpindleDrive,
    StopProgram,
    StopStep,
    WeldingRobot,
)
from cell_controller.config.problems import Finding
from cell_controller.config.units import quantity


def programs_stay_on_their_line(cell: CellFile) -> Iterator[Finding]:
    """A bus plays its program alone, so it can reach only drives of its own line."""
    for name, program in cell.stop_programs.items():
        for index, step in enumerate(program.steps):
            path = ("stop_programs", name, "steps", index)
            for position, drive in enumerate(step.drives):
                if cell.drives[drive].line != program.line:
                    text = f"is on {cell.drives[drive].line}, the program is on {program.line}"
                    yield Finding((*path, "drives", position), text, "use drives of one line")
            turning = step.keep_turning if isinstance(step, MoveStep) else None
            if turning is not None and cell.drives[turning].line != program.line:
                text = f"is on {cell.drives[turning].line}, the program is on {program.line}"
                yield Finding((*path, "keep_turning"), text, "use a spindle of the line")


def programs_fit_into_the_relay_delay(cell: CellFile) -> Iterator[Finding]:
    """After its delay the relay takes the power away, whatever the program still does."""
    delay_s = cell.safety.relay.delay_s
    for name, program in cell.stop_programs.items():
        if program.budget_s > delay_s:
            yield Finding(
                ("stop_programs", name),
                f"lasts up to {quantity(program.budget_s, 's')}, "
                f"the relay cuts the power after {quantity(delay_s, 's')}",
                "shorten its steps or set a longer safety.relay.delay_s on the relay",
            )


def programs_are_used_and_cover_their_station(cell: CellFile) -> Iterator[Finding]:
    """Whatever moves in a station must be brought to rest by each of its programs, and nothing else."""
    used = set()
    for name, station in cell.stations.items():
        for key, program_name in (("clear", station.programs.clear), ("material", station.programs.material)):
            used.add(program_name)
            drives = cell.stop_programs[program_name].drives
            path = ("stations", name, "programs", key)
            missing = [d for d in station.drives if d not in drives]
            foreign = [d for d in drives if cell.station_of_drive(d) not in ("", name)]
            if missing:
                yield Finding(path, f"does not stop {', '.join(missing)}", f"add a step to {program_name}")
            if foreign:
                yield Finding(path, f"also stops {', '.join(foreign)}", "use only drives of the station")
    for name in cell.stop_programs:
        if name not in used:
            yield Finding(
                ("stop_programs", name), "is used by no station", "remove it or name it in a station"
            )


def moves_stay_inside_the_axis(cell: CellFile) -> Iterator[Finding]:
    """A stop program must not run an axis into its limits."""
    for name, program in cell.stop_programs.items():
        for index, step in enumerate(program.steps):
            if not isinstance(step, MoveStep):
                continue
            path = ("stop_programs", name, "steps", index)
            axis = cell.axis(step.drives[0])
            if not axis.min_m <= step.position_m <= axis.max_m:
                limits = f"{quantity(axis.min_m, 'm')} to {quantity(axis.max_m, 'm')}"
                text = f"outside the limits of {step.drives[0]}, {limits}"
                yield Finding((*path, "position_m"), text, "move it inside")
            for key, limit, unit in (
                ("speed_m_s", axis.max_speed_m_s, "m/s"),
                ("acceleration_m_s2", axis.max_acceleration_m_s2, "m/s²"),
            ):
                if getattr(step, key) > limit:
                    text = f"above the limit of {step.drives[0]}, {quantity(limit, unit)}"
                    yield Finding((*path, key), text, "lower it")


def steps_last_long_enough(cell: CellFile) -> Iterator[Finding]:
    """A step that ends before its drives can be done would cut the stop short."""
    for name, program in cell.stop_programs.items():
        for index, step in enumerate(program.steps):
            need_s, slowest = longest_s(cell, step)
            if step.max_s < need_s:
                text = f"{slowest} can need {quantity(need_s, 's')}"
                yield Finding(("stop_programs", name, "steps", index, "max_s"), text, "give it more time")


def longest_s(cell: CellFile, step: StopStep | MoveStep) -> tuple[float, str]:
    """The longest a step can last when its drives work, and the drive that needs it.

    A stop starts at full speed; a move starts at the axis limit that is farther away.
    """
    if isinstance(step, StopStep):
        return max((_ramp_s(cell.drives[d]), d) for d in step.drives)
    axis = cell.axis(step.drives[0])
    way_m = max(abs(axis.max_m - step.position_m), abs(step.position_m - axis.min_m))
    return move_s(way_m, step.speed_m_s, step.acceleration_m_s2), step.drives[0]


def move_s(way_m: float, speed_m_s: float, acceleration_m_s2: float) -> float:
    """Duration of a move from rest to rest, trapezoidal or triangular."""
    if way_m >= speed_m_s * speed_m_s / acceleration_m_s2:
        return way_m / speed_m_s + speed_m_s / acceleration_m_s2
    return 2.0 * sqrt(way_m / acceleration_m_s2)


def _ramp_s(drive: Drive) -> float:
    if isinstance(drive, AxisDrive):
        return drive.max_speed_m_s / drive.max_acceleration_m_s2
    return drive.ramp_s if isinstance(drive, SpindleDrive) else 0.0


def tools_leave_the_material_turning(cell: CellFile) -> Iterator[Finding]:
    """In force while the tool is in the material: bring it out first, with the spindle turning."""

    found: list[tuple[str, WeldingRobot | GrindingSpindle, str, str]]
    found = [(n, s, s.z, s.spindle) for n, s in cell.welding_robots.items()]
    found += [(n, s, s.infeed, s.wheel) for n, s in cell.grinding_spindles.items()]
    for name, station, out, spindle in found:
        program = cell.stop_programs[station.programs.material]
        if not _is_out_first(program, out, spindle):
            yield Finding(
                ("stations", name, "programs", "material"),
                f"does not move {out} out while {spindle} keeps turning",
                f"add a move of {out} with keep_turning: {spindle} before any step that stops either",
            )


def _is_out_first(program: StopProgram, out: str, spindle: str) -> bool:
    for step in program.steps:
        if isinstance(step, MoveStep) and step.drives[0] == out:
            return step.keep_turning == spindle
        if out in step.drives or spindle in step.drives:
            return False
    return False
