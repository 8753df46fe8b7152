"""The form of every station's phase table: per phase and event what moves, until when, and what it means.

The machine (station.py) runs from these tables, docs/stations.md shows them, and a test walks every cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from math import inf
from types import MappingProxyType

from cell_controller.messages import TaskResult
from cell_controller.stations.errors import PhaseTableError


class Event(Enum):
    """What can interrupt a phase."""

    HOLD = "hold"
    HOLD_NOW = "hold now"
    STOP = "stop"
    ABORT = "abort"
    PERMIT_LOST = "loss of permit"  # the interlock tripped
    WITHHELD = "permit withheld"  # the interlock is in hold: an inhibit, not a trip
    FAULT = "fault or overtime"  # the station's own: maximum time, clamp, spindle, temperature


class Motion(Enum):
    """What the drives do after an event."""

    CARRY_ON = "as without the event"
    RETREAT = "tool out of the material with the spindle turning, then the spindle ramps down"
    STAND = "axes ramp down and stand, the spindle ramps down"
    BACK = "belt back to the pitch it left, slowly"
    WAIT = "drives ramp down and hold; the phase goes on when the permit is back"
    PROGRAM = "the drive bus plays the stop program in force"


class PartVerdict(Enum):
    """What an event means for the part."""

    UNCHANGED = "unchanged"
    BY_LIMITS = "by the recipe's limits"
    IF_TOUCHED = "suspect once the tool has touched it, else unchanged"
    SUSPECT = "suspect"


class InForce(Enum):
    """Which of the station's two stop programs is in force in a phase."""

    CLEAR = "clear"
    MATERIAL = "material"


@dataclass(frozen=True, slots=True)
class MaxTime:
    """Longest duration: a constant plus a factor times what the recipe lets expect."""

    base_s: float
    factor: float = 0.0

    def of(self, expected_s: float) -> float:
        return self.base_s + self.factor * expected_s if self.factor else self.base_s

    def __str__(self) -> str:
        if self.base_s == inf:
            return "none"
        return f"{self.base_s:g} s" + (f" + {self.factor:g} x expected" if self.factor else "")


NO_LIMIT = MaxTime(inf)


@dataclass(frozen=True, slots=True)
class Reaction:
    """One cell of a table."""

    motion: Motion
    until: str  # exit condition of that motion
    max_time: MaxTime
    may_resume: bool
    verdict: PartVerdict
    to: StrEnum | None = None  # phase entered; None: the phase stays
    result: TaskResult = TaskResult.RUNNING  # how the task will end because of the event


@dataclass(frozen=True, slots=True)
class Row:
    """One phase: what it does without events, and its reaction to each."""

    phase: StrEnum
    motion: str
    until: str
    max_time: MaxTime
    in_force: InForce
    on: Mapping[Event, Reaction]


class PhaseTable:
    """All phases of one kind of station; complete, or it cannot be made."""

    def __init__(
        self,
        phases: tuple[StrEnum, ...],
        rows: tuple[Row, ...],
        *,
        idle: StrEnum,
        held: StrEnum,
        resume: StrEnum,
    ) -> None:
        self.idle, self.held, self.resume = idle, held, resume
        self.rows: Mapping[StrEnum, Row] = MappingProxyType({row.phase: row for row in rows})
        self.order: Mapping[StrEnum, int] = MappingProxyType({row.phase: i for i, row in enumerate(rows)})
        for phase in phases:
            row = self.rows.get(phase)
            for event in Event:
                if row is None or event not in row.on:
                    raise PhaseTableError(phase.value, event.value)

    def reaction(self, phase: StrEnum, event: Event) -> Reaction:
        return self.rows[phase].on[event]


def as_markdown(table: PhaseTable) -> str:
    """The table as docs/stations.md shows it: one section line per phase, one row per event."""
    lines = [
        "| phase | does | until | at most | program"
        " | event | motion | until | at most | resume | part | task |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.rows.values():
        head = f"| {row.phase.value} | {row.motion} | {row.until} | {row.max_time} | {row.in_force.value} |"
        for event, reaction in row.on.items():
            resume = "yes" if reaction.may_resume else "no"
            lines.append(
                f"{head} {event.value} | {reaction.motion.value} | {reaction.until} | {reaction.max_time} |"
                f" {resume} | {reaction.verdict.value} | {reaction.result.name.lower()} |"
            )
            head = "| | | | | |"
    return "\n".join(lines) + "\n"
