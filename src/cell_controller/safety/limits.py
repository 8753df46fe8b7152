"""Everything the interlock has to know about a cell, taken once from the cell file and its plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cell_controller.config import (
    INTERLOCK,
    AxisDrive,
    CellFile,
    Conveyor,
    Drive,
    InputRule,
    OnStop,
    SpindleDrive,
)
from cell_controller.plan import CellPlan
from cell_controller.safety.errors import SafetySetupError

# Share of a spindle's permitted speed under a recovery permit: enough to keep the tool free in the metal on
# its way out, and a sixteenth of the full energy in whatever comes loose.
RECOVERY_SPEED = 0.25


@dataclass(frozen=True, slots=True)
class Ages:
    """Age limits of all that the interlock reads, per source; from the plan of the cell."""

    line_s: Mapping[str, float]  # DriveStates of a line
    station_s: Mapping[str, float]  # Setpoint of a station
    manager_s: float  # CellPermit
    based_on_s: Mapping[str, float]  # drive states that a station's Setpoint was computed from
    measured_s: Mapping[str, float]  # what a drive measured
    reaction_s: Mapping[str, float]  # from a drive's measurement to the end of the write that answers it


def ages_of(cell: CellFile, plan: CellPlan) -> Ages:
    """The plan's limits by source."""
    return Ages(
        line_s=MappingProxyType(dict.fromkeys(cell.lines, plan.ages.drive_states_s)),
        station_s=MappingProxyType(dict.fromkeys(cell.stations, plan.ages.setpoint_s)),
        manager_s=plan.ages.cell_permit_s,
        based_on_s=MappingProxyType(dict.fromkeys(cell.stations, plan.ages.based_on_s)),
        measured_s=MappingProxyType({d: plan.age_limit_of(d) for d in cell.drives}),
        reaction_s=MappingProxyType(
            {d: plan.drives[d].read_interval_s + plan.drives[d].write_interval_s for d in cell.drives}
        ),
    )


@dataclass(frozen=True, slots=True)
class AxisLimits:
    """One linear axis."""

    name: str
    line: str
    station: str
    min_m: float
    max_m: float
    max_speed_m_s: float
    max_acceleration_m_s2: float
    max_force_n: float
    max_axial_force_n: float | None
    standstill_m_s: float
    reaction_s: float  # from a measurement to the end of the write that answers it
    is_referenced: bool  # its drive finds its zero when told to


@dataclass(frozen=True, slots=True)
class SpindleLimits:
    """One spindle; the wheel's marked speed is part of the limit."""

    name: str
    line: str
    station: str
    max_speed_rpm: float
    standstill_rpm: float


@dataclass(frozen=True, slots=True)
class ModuleLimits:
    """One I/O module and who owns its outputs."""

    name: str
    line: str
    owners: Mapping[str, int]  # station: mask of the channels that it switches
    open_mask: int  # channels of stations that open on a stop


DriveLimits = AxisLimits | SpindleLimits | ModuleLimits


@dataclass(frozen=True, slots=True)
class LineLimits:
    """One line with its drives in the order of the cell file."""

    name: str
    drives: tuple[str, ...]
    moves: bool  # at least one axis or spindle


@dataclass(frozen=True, slots=True)
class StationLimits:
    """One station: what it may speak of in a Setpoint."""

    name: str
    drives: tuple[str, ...]  # axes and spindles
    modules: tuple[str, ...]  # I/O modules with outputs of its own
    lines: tuple[str, ...]  # lines of `drives`
    programs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """What the interlock needs to know of a stop program."""

    line: str
    drives: tuple[str, ...]
    budget_s: float


@dataclass(frozen=True, slots=True)
class Member:
    """How a station's presence in a zone is measured: below a position, or off the pitch."""

    station: str
    drive: str
    below_m: float | None
    off_pitch_m: float
    pitch_m: float


@dataclass(frozen=True, slots=True)
class Zone:
    """Space that its members share."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of an I/O module."""

    name: str
    module: str
    mask: int


@dataclass(frozen=True, slots=True)
class SafetyInputLimits:
    """An input that must be on."""

    channel: Channel
    rule: InputRule
    is_recoverable: bool


@dataclass(frozen=True, slots=True)
class SafetyLimits:
    """The interlock's whole knowledge of a cell."""

    ages: Ages
    config_hash: str  # of the cell file and profiles that this process read
    lines: Mapping[str, LineLimits]
    drives: Mapping[str, DriveLimits]
    stations: Mapping[str, StationLimits]
    programs: Mapping[str, Program]
    zones: tuple[Zone, ...]
    inputs: Mapping[str, SafetyInputLimits]
    guard_locked: Channel
    guard_lock: Channel
    drive_enable: Channel
    manual_speed_m_s: float
    manual_force_n: float
    permit_valid_s: float

    @property
    def longest_program_s(self) -> float:
        """The longest that a declared stop may take."""
        return max((p.budget_s for p in self.programs.values()), default=0.0)


def limits_of(cell: CellFile, plan: CellPlan) -> SafetyLimits:
    """Raises SafetySetupError where the cell file contradicts itself."""
    ages = ages_of(cell, plan)
    return SafetyLimits(
        ages=ages,
        config_hash=plan.config_hash,
        lines=MappingProxyType({name: _line(cell, name) for name in cell.lines}),
        drives=MappingProxyType({name: _drive(cell, ages, name, d) for name, d in cell.drives.items()}),
        stations=MappingProxyType({name: _station(cell, name) for name in cell.stations}),
        programs=MappingProxyType(
            {name: Program(p.line, p.drives, p.budget_s) for name, p in cell.stop_programs.items()}
        ),
        zones=tuple(_zone(cell, name) for name in cell.zones),
        inputs=MappingProxyType(
            {
                name: SafetyInputLimits(_input(cell, name), i.rule, i.is_recoverable)
                for name, i in cell.safety.inputs.items()
            }
        ),
        guard_locked=_input(cell, cell.safety.guard_locked),
        guard_lock=_output(cell, cell.safety.guard_lock),
        drive_enable=_output(cell, cell.safety.drive_enable),
        manual_speed_m_s=cell.safety.manual_speed_m_s,
        manual_force_n=cell.safety.manual_force_n,
        permit_valid_s=plan.permit_valid_s,
    )


def _line(cell: CellFile, name: str) -> LineLimits:
    drives = cell.drives_of_line(name)
    return LineLimits(
        name, tuple(drives), any(isinstance(d, AxisDrive | SpindleDrive) for d in drives.values())
    )


def _drive(cell: CellFile, ages: Ages, name: str, drive: Drive) -> DriveLimits:
    if isinstance(drive, AxisDrive):
        return AxisLimits(
            name=name,
            line=drive.line,
            station=cell.station_of_drive(name),
            min_m=drive.min_m,
            max_m=drive.max_m,
            max_speed_m_s=drive.max_speed_m_s,
            max_acceleration_m_s2=drive.max_acceleration_m_s2,
            max_force_n=drive.max_force_n,
            max_axial_force_n=cell.safety.max_axial_force_n.get(name),
            standstill_m_s=drive.standstill_m_s,
            reaction_s=ages.reaction_s[name],
            is_referenced=drive.reference is not None,
        )
    if isinstance(drive, SpindleDrive):
        return SpindleLimits(
            name, drive.line, cell.station_of_drive(name), drive.permitted_rpm, drive.standstill_rpm
        )
    owners: dict[str, int] = {}
    open_mask = 0
    for output in cell.outputs_of_module(name).values():
        if output.owner != INTERLOCK:
            owners[output.owner] = owners.get(output.owner, 0) | output.mask
            open_mask |= output.mask if output.on_stop is OnStop.OPEN else 0
    return ModuleLimits(name, drive.line, MappingProxyType(owners), open_mask)


def _station(cell: CellFile, name: str) -> StationLimits:
    station = cell.stations[name]
    outputs = (cell.signals.outputs[o] for o in station.outputs)
    return StationLimits(
        name=name,
        drives=station.drives,
        modules=tuple(dict.fromkeys(o.module for o in outputs)),
        lines=tuple(dict.fromkeys(cell.drives[d].line for d in station.drives)),
        programs=tuple(dict.fromkeys((station.programs.clear, station.programs.material))),
    )


def _zone(cell: CellFile, name: str) -> Zone:
    members = []
    for station, member in cell.zones[name].items():
        kind = cell.stations.get(station)
        pitch_m = kind.pitch_m if isinstance(kind, Conveyor) else 0.0
        if member.below_m is None and (member.off_pitch_m is None or pitch_m <= 0.0):
            raise SafetySetupError(f"zone {name} cannot be measured for", station)
        members.append(Member(station, member.drive, member.below_m, member.off_pitch_m or 0.0, pitch_m))
    return Zone(name, tuple(members))


def _input(cell: CellFile, name: str) -> Channel:
    signal = cell.signals.inputs.get(name)
    if signal is None:
        raise SafetySetupError("unknown safety input", name)
    return Channel(name, signal.module, 1 << signal.channel)


def _output(cell: CellFile, name: str) -> Channel:
    signal = cell.signals.outputs.get(name)
    if signal is None or signal.owner != INTERLOCK:
        raise SafetySetupError("not an output of the interlock", name)
    return Channel(name, signal.module, signal.mask)
