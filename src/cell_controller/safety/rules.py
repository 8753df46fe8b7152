"""The table applied to one cell: to OK when all of a rule's conditions hold, to tripped when any does not.

Each check is a function of the snapshot and of the subject it is asked about. It returns None when the
subject is OK. What is missing, old or not a number is never OK; where another rule of the table already says
so (a line that is lost, a drive that is silent), the rules about its values stay quiet, so that the
first-out names the cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from cell_controller.safety.findings import Finding
from cell_controller.safety.limits import SafetyLimits
from cell_controller.safety.rule import AxisCheck, Check, Reads, SpindleCheck
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.table import RULES

RANK = {rule.name: index for index, rule in reversed(tuple(enumerate(RULES)))}
REMEDY = {rule.name: rule.remedy for rule in reversed(RULES)}

_AXIS_CHECKS = tuple(
    cast("AxisCheck", r.check) for r in RULES if r.check and r.reads in (Reads.MOVER, Reads.AXIS)
)
_SPINDLE_CHECKS = tuple(
    cast("SpindleCheck", r.check) for r in RULES if r.check and r.reads in (Reads.MOVER, Reads.SPINDLE)
)


class RuleBook:
    """Knows which check to run when. Makes nothing but an empty tuple while all is OK."""

    def __init__(self, limits: SafetyLimits) -> None:
        self._limits = limits
        self._of_line = {line: tuple(_line_checks(limits, line)) for line in limits.lines}
        self._drives = {line: limits.lines[line].drives for line in limits.lines}
        self._of_step = tuple(_step_checks(limits))

    def of_line(self, line: str, snapshot: Snapshot) -> tuple[Finding, ...]:
        """All that follows from the newest DriveStates of a line, until the next one."""
        found: list[Finding] | None = None
        for check, subject in self._of_line[line]:
            finding = check(snapshot, subject)
            if finding is not None:
                found = [*(found or ()), finding]
        for name in self._drives[line]:
            axis = snapshot.axes.get(name)
            if axis is not None and axis.state is not None:
                for of_axis in _AXIS_CHECKS:
                    finding = of_axis(snapshot, axis)
                    if finding is not None:
                        found = [*(found or ()), finding]
            spindle = snapshot.spindles.get(name)
            if spindle is not None and spindle.state is not None:
                for of_spindle in _SPINDLE_CHECKS:
                    finding = of_spindle(snapshot, spindle)
                    if finding is not None:
                        found = [*(found or ()), finding]
        return tuple(found) if found else ()

    def of_step(self, snapshot: Snapshot) -> tuple[Finding, ...]:
        """All that depends on the time."""
        found: list[Finding] | None = None
        for check, subject in self._of_step:
            finding = check(snapshot, subject)
            if finding is not None:
                found = [*(found or ()), finding]
        return tuple(found) if found else ()

    def is_recoverable(self, finding: Finding) -> bool:
        """Whether a recovery permit is possible while this is present."""
        for entry in self._limits.inputs.values():
            if entry.rule.value == finding.rule.value and entry.channel.name == finding.subject:
                return entry.is_recoverable
        process = self._limits.analog.get(finding.subject)
        if process is not None and process.watch.rule.value == finding.rule.value:
            return process.watch.is_recoverable
        return all(r.is_recoverable for r in RULES if r.name is finding.rule)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Causes before effects, in the order of the table; equal ranks keep their order."""
    return tuple(sorted(findings, key=lambda f: RANK[f.rule]))


def _line_checks(limits: SafetyLimits, line: str) -> Iterator[tuple[Check, str]]:
    drives = limits.lines[line].drives
    subjects: dict[Reads, tuple[str, ...]] = {
        Reads.LINE: (line,),
        Reads.DRIVE: drives,
        Reads.STATION: tuple(n for n, s in limits.stations.items() if line in s.lines),
        Reads.CLAMP: tuple(
            n for n, s in limits.stations.items() if s.clamp_closed and s.clamp_closed.module in drives
        ),
        Reads.INPUTS: tuple(n for n, i in limits.inputs.items() if i.channel.module in drives),
    }
    for rule in RULES:
        if rule.check is None:
            continue
        wanted = subjects.get(rule.reads, ())
        if rule.reads is Reads.INPUT:
            wanted = tuple(
                n
                for n, i in limits.inputs.items()
                if i.channel.module in drives and i.rule.value == rule.name.value
            )
        elif rule.reads is Reads.ANALOG:
            wanted = tuple(
                n
                for n, a in limits.analog.items()
                if a.module in drives and a.watch.rule.value == rule.name.value
            )
        for subject in wanted:
            yield cast("Check", rule.check), subject


def _step_checks(limits: SafetyLimits) -> Iterator[tuple[Check, str]]:
    subjects = {
        Reads.LINE_AGE: tuple(limits.lines),
        Reads.STATION_AGE: tuple(limits.stations),
        Reads.CELL: ("cell",),
    }
    for rule in RULES:
        if rule.check is not None:
            for subject in subjects.get(rule.reads, ()):
                yield cast("Check", rule.check), subject
