"""What a rule of the interlock is: one row of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

from cell_controller.safety.findings import Finding, RuleName, StopCategory
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import AxisTrace, SpindleTrace, Trace

Check = Callable[[Snapshot, str], Finding | None]
TraceCheck = Callable[[Snapshot, Trace], Finding | None]
AxisCheck = Callable[[Snapshot, AxisTrace], Finding | None]
SpindleCheck = Callable[[Snapshot, SpindleTrace], Finding | None]


class Reads(IntEnum):
    """What a rule is asked about, and so when it has to be evaluated."""

    LINE = 0  # each line, at each of its DriveStates
    DRIVE = 1  # each drive, at each DriveStates of its line
    MOVER = 2  # each axis and spindle, likewise
    AXIS = 3
    SPINDLE = 4
    STATION = 5  # each station, at each DriveStates of a line of its drives
    CLAMP = 6  # each station with a clamp, at each DriveStates of the line of its switch
    INPUT = 7  # each safety input that names the rule, at each DriveStates of its module's line
    INPUTS = 8  # every safety input, likewise
    ANALOG = 9  # each process value that names the rule, likewise
    LINE_AGE = 10  # each line, at every step
    STATION_AGE = 11  # each station, at every step
    CELL = 12  # once, at every step
    EVENT = 13  # no check: the runtime or the gate reports it


class During(Enum):
    """When a rule can trip; a rule that cannot is OK."""

    ALWAYS = "always"
    MOTION = "motion is permitted"
    MANUAL = "motion is permitted in Manual"
    NOT_PRODUCTION = "motion is permitted in Manual or Maintenance"
    PERMITTED = "something is permitted"
    NOT_MOVING = "nothing may move"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Every rule is latched and plays the stop programs in force. A reset takes the operator's Clear once the
    condition is gone and every bus stands still in the present epoch; motion takes Reset and Start after it.
    """

    name: RuleName
    reads: Reads
    check: Check | TraceCheck | AxisCheck | SpindleCheck | None
    inputs: str  # what is read, in words
    trips: str  # to tripped when any of it is so; negated, it is the rule's part of "to OK when all"
    remedy: str  # what an operator does before the reset
    is_recoverable: bool = False  # a recovery permit is possible while the condition is present
    warns: str = ""
    during: During = During.ALWAYS
    # Category 0 is no rule's first reaction: one enable feeds all drives, and a tool must leave the material.
    # Power is removed when a stop does not reach standstill within the longest stop program (escalation).
    category: StopCategory = StopCategory.CATEGORY_1
