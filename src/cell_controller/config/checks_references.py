"""Checks that every name in the cell file means something, and the right kind of thing."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from cell_controller.config.models import (
    INTERLOCK,
    RESERVED_NAMES,
    CellFile,
    Conveyor,
    DriveKind,
    IoDrive,
    MoveStep,
    StopStep,
)
from cell_controller.config.problems import Finding, KeyPath
from cell_controller.config.validate import did_you_mean


class Thing(StrEnum):
    """What a name in the cell file can stand for."""

    LINE = "line"
    PROCESS = "process"
    AXIS = "axis"
    SPINDLE = "spindle"
    IO = "I/O module"
    INPUT = "input"
    ANALOG = "analog input"
    OUTPUT = "output"
    STATION = "station"
    PLACE = "place of a conveyor"
    PROGRAM = "stop program"
    INTERLOCK = "the interlock"


_DRIVES = {DriveKind.AXIS: Thing.AXIS, DriveKind.SPINDLE: Thing.SPINDLE, DriveKind.IO: Thing.IO}
_MOVERS = (Thing.AXIS, Thing.SPINDLE)


def names_mean_something(cell: CellFile) -> Iterator[Finding]:
    """Every reference leads to something of the kind that is needed there."""
    known = _known(cell)
    for path, name, wanted in _references(cell):
        if any(name in known[thing] for thing in wanted):
            continue
        names = [n for thing in wanted for n in known[thing]]
        use = "use one of: " + ", ".join(names) if names else "there is none yet, describe one"
        is_thing = next((thing for thing in Thing if name in known[thing]), None)
        if is_thing is None:
            needed = " or ".join(thing.value for thing in wanted)
            yield Finding(path, f"no such {needed}", did_you_mean(name, names, use))
        else:
            needed = " or ".join(_article(thing) for thing in wanted)
            yield Finding(path, f"is {_article(is_thing)}, {needed} is needed here", use)


def _article(thing: Thing) -> str:
    if thing is Thing.INTERLOCK:
        return thing.value
    return f"{'an' if thing.value[0] in 'aeioI' else 'a'} {thing.value}"


def unit_names_are_unique(cell: CellFile) -> Iterator[Finding]:
    """Lines and stations name their Units, so they share one set of names with the Units every cell has."""
    for name in cell.lines:
        if name in RESERVED_NAMES:
            yield Finding(("lines", name), "is the name of a unit that every cell has", "rename the line")
    for name in cell.stations:
        if name in RESERVED_NAMES:
            yield Finding(
                ("stations", name), "is the name of a unit that every cell has", "rename the station"
            )
        if name in cell.lines:
            yield Finding(("stations", name), "is the name of a line too", "rename the station")


def signal_names_are_unique(cell: CellFile) -> Iterator[Finding]:
    """A name stands for one signal only, so that alarms and displays are clear."""
    for section in ("analog", "outputs"):
        for name in getattr(cell.signals, section):
            if name in cell.signals.inputs or (section == "outputs" and name in cell.signals.analog):
                yield Finding(("signals", section, name), "is the name of an input too", "rename one of them")


def _known(cell: CellFile) -> dict[Thing, list[str]]:
    known: dict[Thing, list[str]] = {
        Thing.LINE: list(cell.lines),
        Thing.PROCESS: list(cell.processes),
        Thing.INPUT: list(cell.signals.inputs),
        Thing.ANALOG: list(cell.signals.analog),
        Thing.OUTPUT: list(cell.signals.outputs),
        Thing.STATION: list(cell.stations),
        Thing.PLACE: [place for conveyor in cell.conveyors.values() for place in conveyor.places],
        Thing.PROGRAM: list(cell.stop_programs),
        Thing.INTERLOCK: [INTERLOCK],
    }
    for kind, thing in _DRIVES.items():
        known[thing] = [name for name, drive in cell.drives.items() if drive.kind is kind]
    return known


Reference = tuple[KeyPath, str, tuple[Thing, ...]]


def _references(cell: CellFile) -> Iterator[Reference]:
    for name, line in cell.lines.items():
        if line.process is not None:
            yield ("lines", name, "process"), line.process, (Thing.PROCESS,)
    for name, drive in cell.drives.items():
        yield ("drives", name, "line"), drive.line, (Thing.LINE,)
        if not isinstance(drive, IoDrive) and drive.enable is not None:
            yield ("drives", name, "enable"), drive.enable, (Thing.OUTPUT,)
    yield from _signal_references(cell)
    yield from _station_references(cell)
    yield from _program_references(cell)
    for zone, members in cell.zones.items():
        for station, member in members.items():
            yield ("zones", zone, station), station, (Thing.STATION,)
            yield ("zones", zone, station, "drive"), member.drive, (Thing.AXIS,)
    yield from _safety_references(cell)


def _safety_references(cell: CellFile) -> Iterator[Reference]:
    safety = cell.safety
    for name, watched in safety.inputs.items():
        yield ("safety", "inputs", name), name, (Thing.INPUT,)
        if watched.second is not None:
            yield ("safety", "inputs", name, "second"), watched.second, (Thing.INPUT,)
        if watched.while_turning is not None:
            yield ("safety", "inputs", name, "while_turning"), watched.while_turning, (Thing.SPINDLE,)
    yield ("safety", "drive_enable"), safety.drive_enable, (Thing.OUTPUT,)
    yield ("safety", "guard_lock"), safety.guard_lock, (Thing.OUTPUT,)
    yield ("safety", "guard_locked"), safety.guard_locked, (Thing.INPUT,)
    if safety.enabling_device is not None:
        yield ("safety", "enabling_device"), safety.enabling_device, (Thing.INPUT,)
    for name, opening in safety.openings.items():
        yield ("safety", "openings", name, "input"), opening.input, (Thing.INPUT,)
        for index, drive in enumerate(opening.reaches):
            yield ("safety", "openings", name, "reaches", index), drive, _MOVERS
    for key in ("max_axial_force_n", "depth_floor_m"):
        for name in getattr(safety, key):
            yield ("safety", key, name), name, (Thing.AXIS,)
    for name, value in safety.analog.items():
        yield ("safety", "analog", name), name, (Thing.ANALOG,)
        if value.while_turning is not None:
            yield ("safety", "analog", name, "while_turning"), value.while_turning, (Thing.SPINDLE,)


def _signal_references(cell: CellFile) -> Iterator[Reference]:
    for section in ("inputs", "analog", "outputs"):
        for name, signal in getattr(cell.signals, section).items():
            yield ("signals", section, name, "module"), signal.module, (Thing.IO,)
    for name, output in cell.signals.outputs.items():
        yield ("signals", "outputs", name, "owner"), output.owner, (Thing.STATION, Thing.INTERLOCK)


DRIVE_ROLES: dict[str, Thing] = {
    "x": Thing.AXIS,
    "y": Thing.AXIS,
    "z": Thing.AXIS,
    "infeed": Thing.AXIS,
    "traverse": Thing.AXIS,
    "axis": Thing.AXIS,
    "spindle": Thing.SPINDLE,
    "wheel": Thing.SPINDLE,
}

_ROLES: dict[str, Thing] = {
    **DRIVE_ROLES,
    "clamp": Thing.OUTPUT,
    "load_request": Thing.OUTPUT,
    "clamp_closed": Thing.INPUT,
    "temperature": Thing.ANALOG,
    "gauge": Thing.ANALOG,
    "finish": Thing.ANALOG,
    "place": Thing.PLACE,
}


def _station_references(cell: CellFile) -> Iterator[Reference]:
    for name, station in cell.stations.items():
        for key, thing in _ROLES.items():
            if key in type(station).model_fields:
                yield ("stations", name, key), getattr(station, key), (thing,)
        if isinstance(station, Conveyor):
            for index, signal in enumerate(station.part_present):
                yield ("stations", name, "part_present", index), signal, (Thing.INPUT,)
        yield ("stations", name, "programs", "clear"), station.programs.clear, (Thing.PROGRAM,)
        yield ("stations", name, "programs", "material"), station.programs.material, (Thing.PROGRAM,)


def _program_references(cell: CellFile) -> Iterator[Reference]:
    for name, program in cell.stop_programs.items():
        yield ("stop_programs", name, "line"), program.line, (Thing.LINE,)
        for index, step in enumerate(program.steps):
            path = ("stop_programs", name, "steps", index)
            wanted = _MOVERS if isinstance(step, StopStep) else (Thing.AXIS,)
            for position, drive in enumerate(step.drives):
                yield (*path, "drives", position), drive, wanted
            if isinstance(step, MoveStep) and step.keep_turning is not None:
                yield (*path, "keep_turning"), step.keep_turning, (Thing.SPINDLE,)
