"""Everything the interlock has to know about a cell, as values; `limits_of` takes them from the cell file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_controller.config import AnalogWatch, InputRule, Trips

# Share of a spindle's permitted speed under a recovery permit: enough to keep the tool free in the metal on
# its way out, and a sixteenth of the full energy in whatever comes loose.
RECOVERY_SPEED = 0.25
REDUCED_SPEED_M_S = 0.25  # ISO 10218-1: the most at the tool outside automatic operation


@dataclass(frozen=True, slots=True)
class Ages:
    """Age limits of all that the interlock reads, per source; from the plan of the cell."""

    line_s: Mapping[str, float]  # DriveStates of a line
    station_s: Mapping[str, float]  # Setpoint of a station
    manager_s: float  # CellPermit
    based_on_s: Mapping[str, float]  # drive states that a station's Setpoint was computed from
    measured_s: Mapping[str, float]  # what a drive measured
    reaction_s: Mapping[str, float]  # from a drive's measurement to the end of the write that answers it


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
    floor_m: float | None  # no lower in the material
    max_current_a: float | None
    max_temperature_c: float | None
    measures_force: bool  # its drive reads the motor's torque
    standstill_m_s: float
    reaction_s: float  # from a measurement to the end of the write that answers it
    is_referenced: bool  # its drive finds its zero when told to

    @property
    def lowest_m(self) -> float:
        """No target is below this: the lower limit, or the depth floor above it."""
        return self.min_m if self.floor_m is None else max(self.min_m, self.floor_m)


@dataclass(frozen=True, slots=True)
class SpindleLimits:
    """One spindle; the wheel's marked speed is part of the limit."""

    name: str
    line: str
    station: str
    max_speed_rpm: float
    max_torque_nm: float | None  # None where its drive does not measure torque
    max_power_w: float | None
    max_current_a: float | None
    max_temperature_c: float | None
    standstill_rpm: float
    reaction_s: float


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
class Channel:
    """One channel of an I/O module."""

    name: str
    module: str
    mask: int


@dataclass(frozen=True, slots=True)
class StationLimits:
    """One station: what it may speak of in a Setpoint."""

    name: str
    drives: tuple[str, ...]  # axes and spindles
    modules: tuple[str, ...]  # I/O modules with outputs of its own
    axes: tuple[str, ...]
    lines: tuple[str, ...]  # lines of `drives`
    programs: tuple[str, ...]
    material: str = ""  # the program in force while the tool is in the material
    clamp_closed: Channel | None = None  # holds the part under the tool


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
class SafetyInputLimits:
    """An input that must be on, with its second channel where it has one."""

    channel: Channel
    rule: InputRule
    is_recoverable: bool
    second: Channel | None
    for_s: float
    while_turning: str  # spindle, "" for always


@dataclass(frozen=True, slots=True)
class AnalogLimits:
    """A process value: offset + scale x raw count of a module's channel."""

    name: str
    module: str
    channel: int
    scale: float
    offset: float
    unit: str
    watch: AnalogWatch


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
    analog: Mapping[str, AnalogLimits]
    enabling: Channel | None
    trips: Trips
    guard_locked: Channel
    guard_lock: Channel
    drive_enable: Channel
    # Hardwired ones of drives without a watchdog, with these drives; they go with drive_enable, or are it.
    enables: Mapping[Channel, tuple[str, ...]]
    manual_speed_m_s: float
    manual_force_n: float
    permit_valid_s: float

    @property
    def longest_program_s(self) -> float:
        """The longest that a declared stop may take."""
        return max((p.budget_s for p in self.programs.values()), default=0.0)
