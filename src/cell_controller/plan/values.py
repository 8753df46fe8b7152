"""What follows from a cell file and its drive profiles, as values that Units take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_controller.drives.profile import DriveProfile
from cell_controller.drives.schedule import LineSchedule
from cell_controller.plan.periods import Ages


@dataclass(frozen=True, slots=True)
class DrivePlan:
    """Times of one drive.

    read_interval_s, write_interval_s: longest time between two readings, and from a setpoint's arrival at the
    bus to the end of its last exchange.
    age_limit_s: how old a value may be at the interlock (bus stamp - measured_at_s + age of the message).
    It tolerates two failed exchanges in a row, as the watchdog does, and DriveStates as old as they may be.
    watchdog_s: to be written into the drive and read back; None when the drive has none.
    dead_man_s: from the last frame until it is made to stop when the bus is dead: by its watchdog, or by the
    module, or the interlock, which opens its hardwired enable; inf with neither.
    coast_s: until it stands then: its ramp from full speed comes to that, or its run-out without torque.
    """

    drive: str
    line: str
    profile: str
    is_fast: bool
    read_interval_s: float
    write_interval_s: float
    age_limit_s: float
    watchdog_s: float | None
    dead_man_s: float
    coast_s: float

    @property
    def slowing_s(self) -> float:
        """From full speed to standstill on a silent line; asked only where something stops it there."""
        return self.coast_s - self.dead_man_s


@dataclass(frozen=True, slots=True)
class LinePlan:
    """Times of one line.

    stop_latency_s: from 'stop wanted' in the bus to the first stop request at the last drive.
    program_s: longest stop program of the line.
    stop_time_s: from the death or hang of any node, this line's bus included, or from a tripped rule, to
    measured standstill.
    permit_stop_s: the same when only the permit ends (death of the interlock).
    """

    line: str
    schedule: LineSchedule
    stop_latency_s: float
    program_s: float
    permit_stop_s: float
    stop_time_s: float


@dataclass(frozen=True, slots=True)
class CellPlan:
    """Everything that Units need besides the cell file; all of it derived, nothing set by hand."""

    config_hash: str  # of cell file, recipes and profiles; buses and interlock compare it
    ages: Ages
    permit_valid_s: float  # of one LineCommand
    lines: Mapping[str, LinePlan]
    drives: Mapping[str, DrivePlan]
    programs_s: Mapping[str, float]  # budget of each stop program
    profiles: Mapping[str, DriveProfile]  # by profile name
    unverified: tuple[str, ...]  # profile.field known from memory only and not accepted by the cell file

    def profile_of(self, drive: str) -> DriveProfile:
        """The profile of a drive."""
        return self.profiles[self.drives[drive].profile]

    def age_limit_of(self, drive: str) -> float:
        """How old the values of a drive may be at the interlock."""
        return self.drives[drive].age_limit_s
