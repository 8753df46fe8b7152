"""The one table of live faults: what each is, what it is aimed at, the reaction that the cell owes.

Limits follow from the cell's own plan. A reaction is over when the interlock has latched its trip or, where
the interlock itself is the victim, when the first drive has its stop; standstill comes after it, within the
stop time of the line that `cell check` computes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cell_controller.bringup.units import unit_names
from cell_controller.cell.journal import ANSWER_LIMIT_S
from cell_controller.cell.manager import NODE_LIMIT_S
from cell_controller.config import CELL_MANAGER, INTERLOCK, RECORDER, AxisDrive, CellFile, IoDrive
from cell_controller.plan import CellPlan
from cell_controller.plan.periods import HANDOVER_S
from cell_sim.episodes.faults import FaultKind

UNPLUGGED_S = 0.25  # what is owed for a cable, on every line
Names = Callable[[CellFile], tuple[str, ...]]
Limit = Callable[[CellFile, CellPlan, str], float]


class Reaction(Enum):
    """How the reaction to a fault is measured."""

    TRIPS = "the interlock's first_out"
    STOPS = "the first stop that a drive takes"
    ALARMS = "the alarm"
    GOES_ON = "no trip, no stop"
    REFUSES = "the answer to an order"


@dataclass(frozen=True, slots=True)
class LiveFault:
    """One name of `cell fault`."""

    kind: FaultKind
    aim: str  # what a target is, "" when there is none
    targets: Names
    does: str
    expected: str
    reaction: Reaction
    limit_s: Limit
    for_s: float = 0.0  # how long it lasts unless told otherwise; 0 is one moment
    lasting: str = ""  # what is expected instead when it lasts
    lasting_limit_s: Limit | None = None

    @property
    def name(self) -> str:
        return self.kind.value

    def owes(self, target: str, *, lasts: bool) -> tuple[str, Reaction]:
        """Words and measure; a fault that can be a moment owes more when it lasts."""
        if self.lasting and lasts:
            return self.lasting, Reaction.TRIPS
        return _OTHERS.get(target, (self.expected, self.reaction))

    def limit_of(self, cell: CellFile, plan: CellPlan, target: str, *, lasts: bool) -> float:
        """Seconds until the reaction is owed; 0 where nothing may happen."""
        limit = self.lasting_limit_s if lasts and self.lasting_limit_s is not None else self.limit_s
        return round(limit(cell, plan, target), 4)


def _none(cell: CellFile) -> tuple[str, ...]:
    return ()


def _lines(cell: CellFile) -> tuple[str, ...]:
    return tuple(cell.lines)


def _drives(cell: CellFile) -> tuple[str, ...]:
    return tuple(cell.drives)


def _motors(cell: CellFile) -> tuple[str, ...]:
    return tuple(n for n, d in cell.drives.items() if not isinstance(d, IoDrive))


def _axes(cell: CellFile) -> tuple[str, ...]:
    return tuple(n for n, d in cell.drives.items() if isinstance(d, AxisDrive))


def _conveyors(cell: CellFile) -> tuple[str, ...]:
    return tuple(cell.conveyors)


def _nodes(cell: CellFile) -> tuple[str, ...]:
    return (*unit_names(cell), RECORDER)


def _senders(cell: CellFile) -> tuple[str, ...]:
    return (*cell.stations, *(n for n in cell.lines if set(_axes(cell)) & set(cell.drives_of_line(n))))


def _nothing_happens(cell: CellFile, plan: CellPlan, target: str) -> float:
    return 0.0


def _one_sample(cell: CellFile, plan: CellPlan, target: str) -> float:
    return HANDOVER_S


def _unplugged(cell: CellFile, plan: CellPlan, target: str) -> float:
    return UNPLUGGED_S


def _silent_node(cell: CellFile, plan: CellPlan, target: str) -> float:
    ages = plan.ages
    if target == INTERLOCK:
        return plan.permit_valid_s + HANDOVER_S + max(line.stop_latency_s for line in plan.lines.values())
    if target == RECORDER:
        return NODE_LIMIT_S + HANDOVER_S  # nobody who guards: its heartbeat is missed, nothing stops
    if target in cell.lines:
        return ages.drive_states_s + HANDOVER_S
    return (ages.cell_permit_s if target == CELL_MANAGER else ages.setpoint_s) + HANDOVER_S


def _silent_drive(cell: CellFile, plan: CellPlan, target: str) -> float:
    return plan.age_limit_of(target) + HANDOVER_S


def _silent_line(cell: CellFile, plan: CellPlan, target: str) -> float:
    return min(plan.age_limit_of(name) for name in cell.drives_of_line(target)) + HANDOVER_S


def _one_reading(cell: CellFile, plan: CellPlan, target: str) -> float:
    return plan.drives[target].read_interval_s + HANDOVER_S


def _same_reading(cell: CellFile, plan: CellPlan, target: str) -> float:
    return cell.safety.trips.frozen_s + plan.drives[target].read_interval_s + HANDOVER_S


def _safety_input(cell: CellFile, plan: CellPlan, target: str) -> float:
    modules = {cell.signals.inputs[name].module for name in cell.safety.inputs}
    return max(plan.drives[name].read_interval_s for name in modules) + HANDOVER_S


def _late_belt(cell: CellFile, plan: CellPlan, target: str) -> float:
    belt = cell.conveyors[target]
    return belt.jam_factor * belt.pitch_m / belt.speed_m_s + 1.0


def _journal(cell: CellFile, plan: CellPlan, target: str) -> float:
    return ANSWER_LIMIT_S


_ABORTS = "stop programs, Aborted; a person clears"
_OTHERS = {  # who is missed by others than the interlock, or not at all
    INTERLOCK: ("every bus stops alone when its permit ends; Aborted; a person clears", Reaction.STOPS),
    RECORDER: ("an alarm; nothing stops", Reaction.ALARMS),
}
_GOES_ON = "noticed, thrown away, asked anew and counted; production goes on"

CATALOG: tuple[LiveFault, ...] = (
    LiveFault(
        FaultKind.KILL, "process", _nodes, "kill -9",
        f"{_ABORTS}. Of the interlock: {_OTHERS[INTERLOCK][0]}. Of the recorder: {_OTHERS[RECORDER][0]}",
        Reaction.TRIPS, _silent_node,
    ),
    LiveFault(
        FaultKind.HANG, "process", _nodes, "kill -STOP, CONT at its end",
        f"{_ABORTS}; after 2 s it is ended and started anew; for a moment it is as a partition",
        Reaction.TRIPS, _silent_node, for_s=5.0,
    ),
    LiveFault(
        FaultKind.NAN, "station or line", _senders,
        "its newest guarded messages once more, as next ones, with NaN in them",
        _ABORTS, Reaction.TRIPS, _one_sample,
    ),
    LiveFault(
        FaultKind.SERIAL_CRC, "line", _lines, "a flipped bit in two replies, or in all of them for a time",
        _GOES_ON, Reaction.GOES_ON, _nothing_happens,
        lasting=_ABORTS, lasting_limit_s=_silent_line,
    ),
    LiveFault(
        FaultKind.SERIAL_LATE, "line", _lines,
        "a reply after its timeout, when the next request may be under way; or all that are due for a time",
        f"{_GOES_ON}; it answers no other request", Reaction.GOES_ON, _nothing_happens,
        lasting=_ABORTS, lasting_limit_s=_silent_line,
    ),
    LiveFault(
        FaultKind.SERIAL_LOST, "line", _lines, "two replies lost, or all of them for a time",
        _GOES_ON, Reaction.GOES_ON, _nothing_happens,
        lasting=_ABORTS, lasting_limit_s=_silent_line,
    ),
    LiveFault(
        FaultKind.SERIAL_TRUNCATED, "line", _lines, "a reply without its end", _GOES_ON,
        Reaction.GOES_ON, _nothing_happens,
    ),
    LiveFault(
        FaultKind.UNPLUG, "line", _lines, "the cable out, and in again",
        f"its drives stop by their watchdogs; {_ABORTS}; nothing moves when it is in again",
        Reaction.TRIPS, _unplugged, for_s=3.0,
    ),
    LiveFault(
        FaultKind.DRIVE_TRIP, "drive with a motor", _motors, "a fault of its own", _ABORTS,
        Reaction.TRIPS, _one_reading,
    ),
    LiveFault(
        FaultKind.MUTE, "drive", _drives, "it hears and says nothing", _ABORTS,
        Reaction.TRIPS, _silent_drive, for_s=3.0,
    ),
    LiveFault(
        FaultKind.FREEZE, "axis", _axes, "its measured values stay the same; seen while it is told to move",
        _ABORTS, Reaction.TRIPS, _same_reading, for_s=3.0,
    ),
    LiveFault(
        FaultKind.POWER, "drive", _drives, "off, and on again",
        f"{_ABORTS}; it is armed anew when it is on again", Reaction.TRIPS, _silent_drive, for_s=3.0,
    ),
    LiveFault(
        FaultKind.ESTOP, "", _none, "the button pressed, and pulled again",
        f"{_ABORTS}; pulling it resets nothing", Reaction.TRIPS, _safety_input, for_s=3.0,
    ),
    LiveFault(
        FaultKind.GUARD, "", _none, "forced open, and closed again",
        f"{_ABORTS}; closing it resets nothing", Reaction.TRIPS, _safety_input, for_s=3.0,
    ),
    LiveFault(
        FaultKind.AIR, "", _none, "no air pressure, and air again", _ABORTS,
        Reaction.TRIPS, _safety_input, for_s=3.0,
    ),
    LiveFault(
        FaultKind.JAM, "conveyor", _conveyors, "its belt holds fast; seen when it moves",
        "the index fails, the station says so, the cell aborts", Reaction.TRIPS, _late_belt, for_s=5.0,
    ),
    LiveFault(
        FaultKind.CLOCK, "forward or back", lambda cell: ("forward", "back"),
        "the wall clock that the cell's processes see steps by an hour, and back",
        "none: everything that guards lives by the monotonic clock",
        Reaction.GOES_ON, _nothing_happens, for_s=3.0,
    ),
    LiveFault(
        FaultKind.DISK_FULL, "", _none, "manager and recorder can write no byte more",
        "an alarm; what is under way is finished, nothing new is started: an order is refused",
        Reaction.REFUSES, _journal, for_s=3.0,
    ),
)  # fmt: skip

BY_NAME = {fault.name: fault for fault in CATALOG}
