"""The table of rules: to OK when all of a rule's conditions hold, to tripped when any does not.

Each check is a pure function of the snapshot and of the subject it is asked about. It returns None when
the subject is OK. What is missing, old or not a number is never OK; where another rule of the table
already says so (a line that is lost, a drive that is silent), the rules about its values stay quiet, so
that the first-out names the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from cell_controller.safety import drive_rules, line_rules
from cell_controller.safety.findings import Finding, RuleName, StopCategory
from cell_controller.safety.limits import AxisLimits, SafetyLimits, SpindleLimits
from cell_controller.safety.snapshot import Snapshot

Check = Callable[[Snapshot, str], Finding | None]


class Reads(IntEnum):
    """What a rule is asked about, and so when it has to be evaluated."""

    LINE = 0  # each line, at each of its DriveStates
    DRIVE = 1  # each drive, at each DriveStates of its line
    AXIS = 2
    SPINDLE = 3
    INPUT = 4  # each safety input, at each DriveStates of its module's line
    LINE_AGE = 5  # each line, at every step
    STATION_AGE = 6  # each station, at every step
    CELL = 7  # once, at every step
    EVENT = 8  # no check: the runtime or the gate reports it


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    name: RuleName
    reads: Reads
    check: Check | None
    is_recoverable: bool  # a recovery permit is possible while the condition is present
    category: StopCategory
    remedy: str  # what an operator does before the reset
    warns_at: str = ""  # in words, for the documentation


CATEGORY_1 = StopCategory.CATEGORY_1
# Category 0 is no rule's first reaction: power is removed when a stop does not reach standstill within the
# longest stop program (escalation), because one enable feeds all drives and a tool must leave the material.
RULES: tuple[Rule, ...] = (
    Rule(RuleName.STARTUP, Reads.EVENT, None, True, CATEGORY_1, "clear"),
    Rule(RuleName.ESTOP, Reads.INPUT, line_rules.safety_input, False, CATEGORY_1, "release the E-stop"),
    Rule(RuleName.GUARD, Reads.INPUT, line_rules.safety_input, False, CATEGORY_1, "close the guard"),
    Rule(RuleName.RELAY, Reads.INPUT, line_rules.safety_input, False, CATEGORY_1, "reset the safety relay"),
    Rule(RuleName.AIR, Reads.INPUT, line_rules.safety_input, True, CATEGORY_1, "restore the air pressure"),
    Rule(RuleName.GUARD, Reads.CELL, line_rules.guard_locked, False, CATEGORY_1, "lock the guard"),
    Rule(RuleName.SESSION, Reads.EVENT, None, True, CATEGORY_1, "find out why it restarted, then clear"),
    Rule(RuleName.LATE, Reads.EVENT, None, True, CATEGORY_1, "find out what loads the computer, then clear"),
    Rule(RuleName.ABORT, Reads.EVENT, None, True, CATEGORY_1, "find out why it was aborted, then clear"),
    Rule(
        RuleName.MANAGER_LOST,
        Reads.CELL,
        line_rules.manager_lost,
        False,
        CATEGORY_1,
        "start the cell manager",
    ),
    Rule(RuleName.LINE_LOST, Reads.LINE_AGE, line_rules.line_lost, False, CATEGORY_1, "start its drive bus"),
    Rule(
        RuleName.LINE_DOWN,
        Reads.LINE,
        line_rules.line_down,
        False,
        CATEGORY_1,
        "wait until its drives are armed; if the port does not open, plug in the line",
    ),
    Rule(
        RuleName.BUS_STOPPED,
        Reads.LINE_AGE,
        line_rules.bus_stopped,
        False,
        CATEGORY_1,
        "mend the cause it names",
    ),
    Rule(
        RuleName.CONFIG,
        Reads.LINE,
        line_rules.other_config,
        False,
        CATEGORY_1,
        "restart the cell, so that all read the same files",
    ),
    Rule(
        RuleName.STATION_LOST,
        Reads.STATION_AGE,
        line_rules.station_lost,
        False,
        CATEGORY_1,
        "start the station",
    ),
    Rule(RuleName.SETPOINT, Reads.EVENT, None, False, CATEGORY_1, "restart the station"),
    Rule(
        RuleName.DRIVE_FAULT,
        Reads.DRIVE,
        drive_rules.fault,
        True,
        CATEGORY_1,
        "mend and acknowledge the drive",
    ),
    Rule(
        RuleName.DRIVE_OFFLINE, Reads.DRIVE, drive_rules.offline, False, CATEGORY_1, "switch on or connect it"
    ),
    Rule(RuleName.NOT_ARMED, Reads.DRIVE, drive_rules.not_armed, False, CATEGORY_1, "wait for its arming"),
    Rule(
        RuleName.STALE_DATA, Reads.LINE_AGE, line_rules.stale_data, False, CATEGORY_1, "check line and drive"
    ),
    Rule(
        RuleName.NOT_A_NUMBER,
        Reads.AXIS,
        drive_rules.axis_numbers,
        False,
        CATEGORY_1,
        "check drive and profile",
    ),
    Rule(
        RuleName.NOT_A_NUMBER,
        Reads.SPINDLE,
        drive_rules.spindle_numbers,
        False,
        CATEGORY_1,
        "check drive and profile",
    ),
    Rule(RuleName.LIMITS, Reads.AXIS, drive_rules.position, True, CATEGORY_1, "jog it back in manual mode"),
    Rule(
        RuleName.OVERSPEED,
        Reads.AXIS,
        drive_rules.axis_overspeed,
        False,
        CATEGORY_1,
        "wait for standstill and inspect it",
        "102 % of its limit",
    ),
    Rule(
        RuleName.OVERSPEED,
        Reads.SPINDLE,
        drive_rules.spindle_overspeed,
        False,
        CATEGORY_1,
        "wait for standstill and inspect wheel or tool",
        "102 % of its limit",
    ),
    Rule(
        RuleName.FORCE,
        Reads.AXIS,
        drive_rules.axial_force,
        True,
        CATEGORY_1,
        "recover the tool and inspect it",
        "88 % of its limit",
    ),
    Rule(RuleName.ZONE, Reads.EVENT, None, True, CATEGORY_1, "jog one of them out in manual mode"),
    Rule(
        RuleName.STANDSTILL,
        Reads.CELL,
        line_rules.standstill,
        False,
        CATEGORY_1,
        "wait for standstill; if it does not come, switch off the power",
    ),
)

RANK = {rule.name: index for index, rule in reversed(tuple(enumerate(RULES)))}
REMEDY = {rule.name: rule.remedy for rule in reversed(RULES)}


class RuleBook:
    """The table applied to one cell: which check to run when."""

    def __init__(self, limits: SafetyLimits) -> None:
        self._limits = limits
        self._of_line = {line: tuple(_line_checks(limits, line)) for line in limits.lines}
        self._of_step = tuple(_step_checks(limits))

    def of_line(self, line: str, snapshot: Snapshot) -> tuple[Finding, ...]:
        """All that follows from the newest DriveStates of a line, until the next one."""
        return tuple(f for check, subject in self._of_line[line] if (f := check(snapshot, subject)))

    def of_step(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        """All that depends on the time."""
        return tuple(f for check, subject in self._of_step if (f := check(snapshot, subject)))

    def is_recoverable(self, finding: Finding) -> bool:
        """Whether a recovery permit is possible while this is present."""
        for entry in self._limits.inputs.values():
            if entry.rule.value == finding.rule.value and entry.channel.name == finding.subject:
                return entry.is_recoverable
        return all(r.is_recoverable for r in RULES if r.name is finding.rule)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Causes before effects, in the order of the table; equal ranks keep their order."""
    return tuple(sorted(findings, key=lambda f: RANK[f.rule]))


def _line_checks(limits: SafetyLimits, line: str) -> Iterable[tuple[Check, str]]:
    drives = limits.lines[line].drives
    subjects = {
        Reads.LINE: (line,),
        Reads.DRIVE: drives,
        Reads.AXIS: tuple(d for d in drives if isinstance(limits.drives[d], AxisLimits)),
        Reads.SPINDLE: tuple(d for d in drives if isinstance(limits.drives[d], SpindleLimits)),
    }
    for rule in RULES:
        if rule.check is None:
            continue
        for subject in subjects.get(rule.reads, ()):
            yield rule.check, subject
        if rule.reads is Reads.INPUT:
            for name, entry in limits.inputs.items():
                if entry.channel.module in drives and entry.rule.value == rule.name.value:
                    yield rule.check, name


def _step_checks(limits: SafetyLimits) -> Iterable[tuple[Check, str]]:
    subjects = {
        Reads.LINE_AGE: tuple(limits.lines),
        Reads.STATION_AGE: tuple(limits.stations),
        Reads.CELL: ("cell",),
    }
    for rule in RULES:
        if rule.check is not None:
            for subject in subjects.get(rule.reads, ()):
                yield rule.check, subject
