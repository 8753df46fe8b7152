"""The rows of the fault table: what is injected, by fault class, and what a test proves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cell_sim.live.catalog import BY_NAME, Reaction

COMMAND = "command"  # an invalid one: no fault of the machine, anybody may send it


class Moment(Enum):
    """When it happens to the cell."""

    PROCESS = "a weld or grind"
    WELD = "a weld"  # the robot has something to say
    TRAVERSE = "the traverse of a weld"  # the axis moves
    STOPPED = "Stopped"


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line of the table."""

    fault_class: str
    fault: str  # a name of `cell fault`, or COMMAND
    target: str = ""
    for_s: float = 0.0  # what --for would say; 0 is as it is without
    expected: str = ""  # "": as `cell fault list` says
    moment: Moment = Moment.PROCESS

    @property
    def key(self) -> str:
        """Of its lines in the file."""
        lasts = f" --for {self.for_s:g}" if self.for_s else ""
        return f"{self.fault} {self.target}".strip() + lasts

    @property
    def goes_on(self) -> bool:
        """Nothing may stop: several of these are tried in one part."""
        if self.fault == COMMAND:
            return True
        fault = BY_NAME[self.fault]
        is_moment = fault.reaction is Reaction.GOES_ON and not (self.for_s and fault.lasting)
        return self.moment is not Moment.STOPPED and (is_moment or fault.reaction is Reaction.REFUSES)


@dataclass(frozen=True, slots=True)
class Proved:
    """A line about the start of a cell, or about what no fault on a running cell can do: a test proves it."""

    fault_class: str
    expected: str
    tests: tuple[str, ...]  # file::test


_STOPS = "stop programs, or the drives' watchdogs; Aborted, the part is suspect"
MEASURED: tuple[Row, ...] = (
    Row("a process crashes", "kill", "robot", expected=_STOPS),
    Row("a process crashes", "kill", "cell_manager", expected=_STOPS),
    Row("a process crashes", "kill", "weld_line", expected=_STOPS),
    Row("a process hangs", "hang", "robot", expected=_STOPS),
    Row("a process hangs", "hang", "cell_manager", expected=_STOPS),
    Row("a process hangs", "hang", "weld_line", expected=_STOPS),
    Row("the interlock dies", "kill", "interlock", expected="every bus stops for want of a permit"),
    Row("the interlock dies", "hang", "interlock", expected="every bus stops for want of a permit"),
    Row("messages lost, partition", "hang", "robot", 0.5, expected=f"stale is unsafe: {_STOPS}"),
    Row("serial noise, CRC", "serial.crc", "weld_line"),
    Row("serial noise, CRC", "serial.late", "weld_line"),
    Row("serial noise, CRC", "serial.crc", "weld_line", 1.5, expected=_STOPS),
    Row("cable unplugged", "unplug", "weld_line", expected=f"{_STOPS}; nothing moves when it is in again"),
    Row("cable unplugged", "unplug", "safety_line", expected=_STOPS),
    Row("drive fault", "drive-trip", "weld_z", expected=_STOPS),
    Row("drive fault", "mute", "weld_x", expected=_STOPS),
    Row("NaN, inf, out of range", "nan", "robot", expected=_STOPS, moment=Moment.WELD),
    Row("NaN, inf, out of range", "nan", "weld_line", expected=_STOPS),
    Row("sensor frozen", "freeze", "weld_x", expected=_STOPS, moment=Moment.TRAVERSE),
    Row("emergency stop, guard", "estop", expected=_STOPS),
    Row("emergency stop, guard", "guard", expected=_STOPS),
    Row("wall clock jumps", "clock", "forward", expected="none"),
    Row("wall clock jumps", "clock", "back", expected="none"),
    Row("disk full", "disk-full", moment=Moment.STOPPED, expected="a new order is refused with the reason"),
    Row(
        "disk full",
        "disk-full",
        for_s=1.0,
        expected="what is under way is finished, nothing new is started until there is room",
    ),
    Row(
        "invalid or malicious command",
        COMMAND,
        expected="rejected with the reason and what is legal now; no change of state",
    ),
)

PROVED: tuple[Proved, ...] = (
    Proved(
        "messages lost, partition",
        "of each guarded topic: the weld ends with the tool out",
        (
            "test/scenario/test_recovery.py::test_messages_that_stay_away_or_come_late_end_the_weld_with_the_tool_out",
        ),
    ),
    Proved(
        "power loss mid-cycle",
        "starts Aborted; the part is suspect and waits for a person's decision",
        ("test/scenario/test_deaths.py::test_power_loss_in_a_weld_leaves_the_part_suspect_in_the_journal",),
    ),
    Proved(
        "config error",
        "refuses to start; names file, line, key, value and unit, all errors at once",
        ("test/unit/plan/test_broken_cells.py::test_a_broken_cell_file_gives_one_clear_message_per_error",),
    ),
    Proved(
        "restart with a part inside",
        "zones are held by measured position, not by memory",
        (
            "test/unit/cell/test_zones_and_rhythm.py::test_after_a_start_nobody_owns_a_zone",
            "test/unit/safety/test_zones.py::test_the_owner_waits_until_the_other_is_measured_clear",
            "test/unit/safety/test_zones.py::test_a_belt_that_is_not_homed_occupies_everything_it_can_reach",
        ),
    ),
)
