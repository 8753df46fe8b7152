"""The whole cell file as frozen models. Constructing one checks each value; `load_cell` also cross-checks."""

from __future__ import annotations

from math import inf

from pydantic import Field

from cell_controller.config.drives import (
    AnalogSignal,
    AxisDrive,
    Drive,
    InputSignal,
    IoDrive,
    Line,
    OutputSignal,
    Rs485,
    Signals,
    SpindleDrive,
    Wheel,
)
from cell_controller.config.guarding import (
    MoveStep,
    Relay,
    Safety,
    Step,
    StopProgram,
    StopStep,
    ZoneMember,
)
from cell_controller.config.realtime import Realtime
from cell_controller.config.recipe import (
    GrindLimits,
    GrindRecipe,
    Part,
    Recipe,
    WeldLimits,
    WeldRecipe,
    WeldTool,
)
from cell_controller.config.stations import Conveyor, GrindingSpindle, Station, StationPrograms, WeldingRobot
from cell_controller.config.values import (
    AnalogRule,
    Count,
    DriveKind,
    Flag,
    IfDead,
    InputRule,
    Name,
    OnStop,
    OpeningKind,
    PlantModel,
    ReferenceMethod,
    SerialFormat,
    StationKind,
    StepAction,
    Strict,
    Text,
    Until,
)
from cell_controller.config.watching import AnalogWatch, Opening, SafetyInput, Trips

INTERLOCK = "interlock"
CELL_MANAGER = "cell_manager"
RECORDER = "recorder"
DISPLAY = "display"
RESERVED_NAMES = (CELL_MANAGER, INTERLOCK, RECORDER, DISPLAY)  # names of Units that every cell has


class Process(Strict):
    """A process that `cell up` starts and stops with the cell."""

    module: Text = Field(description="Python module, run with -m")
    arguments: tuple[str, ...] = Field(
        (), description="arguments; {run_dir}, {cell_file} and {plant} are filled in"
    )


class Simulation(Strict):
    """Read by the simulator only."""

    seed: Count = Field(description="seed of every random number")
    plant: PlantModel = Field(description="physics behind the virtual drives")


class CellFile(Strict):
    """A whole cell as data."""

    name: Name = Field(description="name of the cell")
    label: Text = Field(description="name that operators see")
    namespace: str = Field(
        strict=True, pattern=r"^(/[a-z][a-z0-9_]*)+$", description="ROS namespace of all its topics"
    )
    journal: Text = Field(description="part journal; {run_dir} is the directory of the run")
    recipes: tuple[Text, ...] = Field(min_length=1, description="recipe files, relative to the cell file")
    profiles: Text = Field(
        "../drives", description="directory of the drive profiles, relative to the cell file"
    )
    description: Text | None = Field(
        None, description="URDF of the mechanisms for displays, relative to the cell file"
    )
    production: Flag = Field(
        False, description="true refuses profile fields that are from memory and not accepted_unverified"
    )
    accepted_unverified: tuple[Text, ...] = Field(
        (), description="profile.field of profile fields from memory that Production may use"
    )
    processes: dict[Name, Process] = Field(default_factory=dict, description="processes of a simulated cell")
    simulation: Simulation | None = Field(None, description="settings of the simulator, none on a machine")
    lines: dict[Name, Line] = Field(min_length=1, description="serial lines by name")
    drives: dict[Name, Drive] = Field(min_length=1, description="drives by name")
    signals: Signals = Field(description="named channels of I/O modules")
    stations: dict[Name, Station] = Field(min_length=1, description="stations by name")
    stop_programs: dict[Name, StopProgram] = Field(min_length=1, description="stop programs by name")
    zones: dict[Name, dict[Name, ZoneMember]] = Field(
        default_factory=dict, description="space shared by stations: members by station"
    )
    safety: Safety = Field(description="interlock")
    realtime: Realtime = Field(
        Realtime(cpus={}, lock_memory=True), description="processors and memory of the machine"
    )

    def resolve(self, *, run_dir: str, cell_file: str, plant: PlantModel | None = None) -> CellFile:
        """The same cell with all placeholders filled in; `plant` stands for that of `simulation`."""
        physics = plant or (self.simulation.plant if self.simulation else PlantModel.ANALYTIC)

        def fill(text: str) -> str:
            return text.replace("{run_dir}", run_dir).replace("{cell_file}", cell_file)

        def filled(text: str) -> str:
            return fill(text).replace("{plant}", physics)

        return self.model_copy(
            update={
                "journal": fill(self.journal),
                "lines": {
                    name: line.model_copy(update={"device": fill(line.device)})
                    for name, line in self.lines.items()
                },
                "processes": {
                    name: process.model_copy(update={"arguments": tuple(map(filled, process.arguments))})
                    for name, process in self.processes.items()
                },
            }
        )

    def drives_of_line(self, line: str) -> dict[str, Drive]:
        """Drives wired to a line, in file order."""
        return {name: drive for name, drive in self.drives.items() if drive.line == line}

    def programs_of_line(self, line: str) -> dict[str, StopProgram]:
        """Stop programs that the bus of a line can play, in file order."""
        return {name: p for name, p in self.stop_programs.items() if p.line == line}

    def station_of_drive(self, drive: str) -> str:
        """The station that moves a drive; "" for I/O modules."""
        return next((name for name, station in self.stations.items() if drive in station.drives), "")

    def modules_of_station(self, station: str) -> tuple[str, ...]:
        """I/O modules that a station reads or switches, in order, once."""
        found = self.stations[station]
        signals = [self.signals.inputs.get(s) or self.signals.analog.get(s) for s in found.signals]
        outputs = [self.signals.outputs.get(s) for s in found.outputs]
        return tuple(dict.fromkeys(s.module for s in (*signals, *outputs) if s is not None))

    def lines_of_station(self, station: str) -> tuple[str, ...]:
        """Lines whose DriveStates a station reads: of its drives, then of its I/O modules, once each."""
        drives = (*self.stations[station].drives, *self.modules_of_station(station))
        return tuple(dict.fromkeys(self.drives[d].line for d in drives))

    def inputs_of_module(self, module: str) -> dict[str, InputSignal]:
        """Digital inputs of an I/O module."""
        return {name: s for name, s in self.signals.inputs.items() if s.module == module}

    def analog_of_module(self, module: str) -> dict[str, AnalogSignal]:
        """Analog inputs of an I/O module."""
        return {name: s for name, s in self.signals.analog.items() if s.module == module}

    def outputs_of_module(self, module: str) -> dict[str, OutputSignal]:
        """Digital outputs of an I/O module."""
        return {name: s for name, s in self.signals.outputs.items() if s.module == module}

    def zones_of_station(self, station: str) -> tuple[str, ...]:
        """Zones of which a station is a member."""
        return tuple(name for name, members in self.zones.items() if station in members)

    def axis(self, name: str) -> AxisDrive:
        """An axis by name; TypeError for another kind of drive, which a loaded cell never has there."""
        drive = self.drives[name]
        if not isinstance(drive, AxisDrive):
            raise TypeError(f"{name} is no axis but {drive.kind.value}")
        return drive

    def floor_m(self, name: str) -> float:
        """The lowest position that an axis may have: its depth floor if it has one, or its lower limit."""
        return max(self.axis(name).min_m, self.safety.depth_floor_m.get(name, -inf))

    def spindle(self, name: str) -> SpindleDrive:
        """A spindle by name; TypeError for another kind of drive, which a loaded cell never has there."""
        drive = self.drives[name]
        if not isinstance(drive, SpindleDrive):
            raise TypeError(f"{name} is no spindle but {drive.kind.value}")
        return drive

    @property
    def welding_robots(self) -> dict[str, WeldingRobot]:
        """Welding robots by name."""
        return {name: s for name, s in self.stations.items() if isinstance(s, WeldingRobot)}

    @property
    def grinding_spindles(self) -> dict[str, GrindingSpindle]:
        """Grinding spindles by name."""
        return {name: s for name, s in self.stations.items() if isinstance(s, GrindingSpindle)}

    @property
    def conveyors(self) -> dict[str, Conveyor]:
        """Stations that carry parts, by name."""
        return {name: s for name, s in self.stations.items() if isinstance(s, Conveyor)}


__all__ = [
    "CELL_MANAGER",
    "DISPLAY",
    "INTERLOCK",
    "RECORDER",
    "RESERVED_NAMES",
    "AnalogRule",
    "AnalogSignal",
    "AnalogWatch",
    "AxisDrive",
    "CellFile",
    "Conveyor",
    "Drive",
    "DriveKind",
    "GrindLimits",
    "GrindRecipe",
    "GrindingSpindle",
    "IfDead",
    "InputRule",
    "InputSignal",
    "IoDrive",
    "Line",
    "MoveStep",
    "OnStop",
    "Opening",
    "OpeningKind",
    "OutputSignal",
    "Part",
    "PlantModel",
    "Process",
    "Realtime",
    "Recipe",
    "ReferenceMethod",
    "Relay",
    "Rs485",
    "Safety",
    "SafetyInput",
    "SerialFormat",
    "Signals",
    "Simulation",
    "SpindleDrive",
    "Station",
    "StationKind",
    "StationPrograms",
    "Step",
    "StepAction",
    "StopProgram",
    "StopStep",
    "Trips",
    "Until",
    "WeldLimits",
    "WeldRecipe",
    "WeldTool",
    "WeldingRobot",
    "Wheel",
    "ZoneMember",
]
