"""Derive the plan from a cell and its profiles. Pure; `load.py` reads the files."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from cell_controller.config import (
    AxisDrive,
    CellFile,
    Drive,
    DriveKind,
    LoadedCell,
    ReferenceMethod,
    SpindleDrive,
    canonical_hash,
)
from cell_controller.drives.line_time import speed_of
from cell_controller.drives.profile import DriveProfile, Verb
from cell_controller.drives.schedule import DriveSchedule, LineMember, LineSchedule, schedule_line
from cell_controller.plan.periods import HANDOVER_S, LEAST_AGE_LIMIT_S, Ages
from cell_controller.plan.values import CellPlan, DrivePlan, LinePlan

Profiles = Mapping[str, DriveProfile]


def make_plan(loaded: LoadedCell, profiles: Profiles) -> CellPlan:
    """The plan of a cell whose checks found nothing; ScheduleError when a drive cannot work on its line."""
    cell = loaded.cell
    schedules = {line: line_schedule(cell, profiles, line) for line in cell.lines}
    drives = {name: _drive_plan(cell, name, schedules) for name in cell.drives}
    lines = {line: line_plan(cell, schedule, line, drives) for line, schedule in schedules.items()}
    used = [profiles[name] for name in sorted({d.profile for d in cell.drives.values()})]
    return CellPlan(
        config_hash=canonical_hash(cell, *(loaded.recipes[name] for name in sorted(loaded.recipes)), *used),
        ages=Ages(),
        permit_valid_s=min(cell.safety.permit_valid_s, LEAST_AGE_LIMIT_S),
        lines=lines,
        drives=drives,
        programs_s={name: program.budget_s for name, program in cell.stop_programs.items()},
        profiles={profile.name: profile for profile in used},
        unverified=unverified(cell, profiles),
    )


def verbs_of(cell: CellFile, name: str) -> tuple[Verb, ...]:
    """The kinds of setpoint that the cell uses of a drive."""
    drive = cell.drives[name]
    if isinstance(drive, AxisDrive):
        return (Verb.PROFILE_MOVE, Verb.VELOCITY) if drive.control_bandwidth_hz else (Verb.PROFILE_MOVE,)
    if isinstance(drive, SpindleDrive):
        return (Verb.VELOCITY,)
    return (Verb.OUTPUTS,) if cell.outputs_of_module(name) else ()


def line_schedule(cell: CellFile, profiles: Profiles, line: str) -> LineSchedule:
    """The schedule of one line; ScheduleError when a drive cannot work on it."""
    members = tuple(
        LineMember(name, profiles[drive.profile], verbs_of(cell, name), _reference(drive))
        for name, drive in cell.drives_of_line(line).items()
    )
    return schedule_line(speed_of(cell.lines[line]), members)


def _reference(drive: Drive) -> ReferenceMethod | None:
    return drive.reference if isinstance(drive, AxisDrive) else None


def ramp_s(drive: Drive) -> float:
    """From full speed to standstill on the drive's own ramp."""
    if isinstance(drive, AxisDrive):
        return drive.max_speed_m_s / drive.max_acceleration_m_s2
    return drive.ramp_s if isinstance(drive, SpindleDrive) else 0.0


def run_out_s(drive: Drive) -> float:
    """From full speed to standstill without torque: never reckoned shorter than the ramp."""
    told_s = 0.0
    if isinstance(drive, AxisDrive):
        told_s = drive.run_out_s or 0.0
    elif isinstance(drive, SpindleDrive):
        told_s = drive.coast_s or 0.0
    return max(ramp_s(drive), told_s)


def _dead_man_s(cell: CellFile, name: str, schedules: Mapping[str, LineSchedule]) -> float:
    """How long the line may be silent before the drive is stopped: by itself, or by its enable's module.

    The module lets go by its own watchdog when nobody speaks to it any more, and else when the interlock that
    misses the drive tells it to. The enable of all drives goes through the relay, which waits for its delay.
    """
    drive = cell.drives[name]
    own_s = schedules[drive.line].drive(name).watchdog_s
    if own_s is not None:
        return own_s
    enable = drive.enable if isinstance(drive, AxisDrive | SpindleDrive) else None
    if enable is None:
        return inf
    module = cell.signals.outputs[enable].module
    there = schedules[cell.drives[module].line].drive(module)
    if there.watchdog_s is None:
        return inf
    missed_s = schedules[drive.line].drive(name).watchdog_min_s + Ages().drive_states_s  # its age limit
    told_s = missed_s + HANDOVER_S + there.stop_latency_s
    module_s = max(there.watchdog_s, told_s)
    return module_s + (cell.safety.relay.delay_s if enable == cell.safety.drive_enable else 0.0)


def _drive_plan(cell: CellFile, name: str, schedules: Mapping[str, LineSchedule]) -> DrivePlan:
    drive = cell.drives[name]
    found: DriveSchedule = schedules[drive.line].drive(name)
    dead_man_s = _dead_man_s(cell, name, schedules)
    return DrivePlan(
        drive=name,
        line=drive.line,
        profile=drive.profile,
        is_fast=found.is_fast,
        read_interval_s=found.read_interval_s,
        write_interval_s=found.write_interval_s,
        # watchdog_min_s is the longest silence with two failed exchanges, before rounding.
        age_limit_s=found.watchdog_min_s + Ages().drive_states_s,
        watchdog_s=found.watchdog_s,
        dead_man_s=dead_man_s,
        coast_s=dead_man_s + (ramp_s(drive) if found.watchdog_s is not None else run_out_s(drive)),
    )


def line_plan(cell: CellFile, schedule: LineSchedule, line: str, drives: Mapping[str, DrivePlan]) -> LinePlan:
    """The stop times of a line."""
    latency_s = max((d.stop_latency_s for d in schedule.drives), default=0.0)
    program_s = max((p.budget_s for p in cell.programs_of_line(line).values()), default=0.0)
    moving = [d for d in drives.values() if d.line == line and cell.drives[d.drive].kind is not DriveKind.IO]
    stop_s = Ages().longest_guarding_s + HANDOVER_S + latency_s + program_s
    return LinePlan(
        line=line,
        schedule=schedule,
        stop_latency_s=latency_s,
        program_s=program_s,
        permit_stop_s=cell.safety.permit_valid_s + latency_s + program_s,
        stop_time_s=max([stop_s, *(d.coast_s for d in moving if d.coast_s != inf)]),
    )


def estop_to_standstill_s(plan: LinePlan, safety_io: DrivePlan) -> float:
    """From the E-stop's contact to the end of the line's longest program; the relay's delay must cover it."""
    return safety_io.read_interval_s + HANDOVER_S + plan.stop_latency_s + plan.program_s


def unverified(cell: CellFile, profiles: Profiles) -> tuple[str, ...]:
    """Profile fields from memory that the cell file does not accept, as profile.field."""
    names = sorted({d.profile for d in cell.drives.values()} & profiles.keys())
    found = [f"{name}.{field.value}" for name in names for field in profiles[name].unverified()]
    return tuple(entry for entry in found if entry not in cell.accepted_unverified)
