"""The catalogue of alarms as data, and the book of those that are active."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from types import MappingProxyType

from cell_controller.messages import Alarm, Alarms, Severity

HISTORY_LENGTH = 100  # about a screenful per shift; whole in every message, so it must stay small


class AlarmId(IntEnum):
    """Numbers of the catalogue: thousands are the category."""

    SAFETY_TRIP = 1001
    SAFETY_LOST = 1002
    SAFETY_WARNING = 1003
    CLEAR_FAILED = 1004
    STATION_LOST = 2001
    STATION_RESTARTED = 2002
    TASK_FAILED = 2003
    TASK_REFUSED = 2004
    TOOL_IN_MATERIAL = 2005
    STATION_STUCK = 2006
    PART_UNDISPOSED = 3001
    PART_UNEXPECTED = 3002
    PART_MISSING = 3003
    PART_NOT_REMOVED = 3004
    PART_BAD = 3005
    JOURNAL_FAILED = 4001
    STATE_OVERDUE = 5001
    STARVED = 5002
    BLOCKED = 5003
    NODE_LOST = 5004
    LATE_STEP = 5005
    INPUT_DISCARDED = 5006
    OPERATOR = 6001
    SHUT_DOWN = 6002


@dataclass(frozen=True, slots=True)
class AlarmSpec:
    """One line of the catalogue: what it means, what to do, how strong the reaction is."""

    text: str
    remedy: str
    severity: Severity

    def message(self, detail: str) -> str:
        """What operators read."""
        return f"{self.text}: {detail}" if detail else self.text


CATALOGUE: Mapping[AlarmId, AlarmSpec] = MappingProxyType(
    {
        AlarmId.SAFETY_TRIP: AlarmSpec(
            "The interlock tripped", "remove the cause, then Clear, Reset and Start", Severity.ABORT
        ),
        AlarmId.SAFETY_LOST: AlarmSpec(
            "The interlock is not heard", "check that its process runs", Severity.ABORT
        ),
        AlarmId.SAFETY_WARNING: AlarmSpec(
            "The interlock warns", "see the text; production goes on", Severity.WARNING
        ),
        AlarmId.CLEAR_FAILED: AlarmSpec(
            "The interlock did not reset", "remove the hindrance, then Clear again", Severity.ABORT
        ),
        AlarmId.STATION_LOST: AlarmSpec(
            "A station is not heard", "check that its process runs", Severity.ABORT
        ),
        AlarmId.STATION_RESTARTED: AlarmSpec(
            "A station restarted", "dispose of its part, then Clear, Reset and Start", Severity.ABORT
        ),
        AlarmId.TASK_FAILED: AlarmSpec(
            "A station could not finish its task", "see the text, dispose of the part, Reset", Severity.STOP
        ),
        AlarmId.TASK_REFUSED: AlarmSpec("A station refused a task", "see the text, Reset", Severity.STOP),
        AlarmId.TOOL_IN_MATERIAL: AlarmSpec(
            "A tool is in the material",
            "mode Manual, recover_tool; where it does not come free, jog",
            Severity.ABORT,
        ),
        AlarmId.STATION_STUCK: AlarmSpec(
            "Nothing can go on", "see the station that is named, Reset", Severity.STOP
        ),
        AlarmId.PART_UNDISPOSED: AlarmSpec(
            "A part waits for a decision", "take it away and dispose of it", Severity.STOP
        ),
        AlarmId.PART_UNEXPECTED: AlarmSpec(
            "A part was found that nobody announced", "take it away and dispose of it", Severity.STOP
        ),
        AlarmId.PART_MISSING: AlarmSpec(
            "A part is not where it should be", "find it and dispose of it", Severity.STOP
        ),
        AlarmId.PART_NOT_REMOVED: AlarmSpec(
            "A part that was disposed of still lies in the cell", "take it away", Severity.STOP
        ),
        AlarmId.PART_BAD: AlarmSpec("A part is bad", "see its results", Severity.WARNING),
        AlarmId.JOURNAL_FAILED: AlarmSpec(
            "The part journal cannot sync", "check the disk; nothing new is started", Severity.STOP
        ),
        AlarmId.STATE_OVERDUE: AlarmSpec(
            "A state took too long", "see the station that did not answer", Severity.STOP
        ),
        AlarmId.STARVED: AlarmSpec("The cell waits for parts", "feed parts or an order", Severity.INFO),
        AlarmId.BLOCKED: AlarmSpec(
            "The cell waits for its last place", "take the finished part away", Severity.INFO
        ),
        AlarmId.NODE_LOST: AlarmSpec(
            "A node is not heard any more", "production goes on without it", Severity.WARNING
        ),
        AlarmId.LATE_STEP: AlarmSpec(
            "The cell manager was late", "the computer is too busy", Severity.WARNING
        ),
        AlarmId.INPUT_DISCARDED: AlarmSpec(
            "Messages were discarded", "two nodes of one name, or a broken sender", Severity.WARNING
        ),
        AlarmId.OPERATOR: AlarmSpec("The operator stopped the cell", "", Severity.INFO),
        AlarmId.SHUT_DOWN: AlarmSpec("The cell is being shut down", "", Severity.INFO),
    }
)


@dataclass(frozen=True, slots=True)
class Condition:
    """An alarm that holds now."""

    id: AlarmId
    source: str
    detail: str = ""
    value: float = 0.0


class AlarmBook:
    """Conditions hold while they are reported; events stay until a Reset or Clear acknowledges them."""

    def __init__(self) -> None:
        self._active: dict[tuple[AlarmId, str], Alarm] = {}
        self._events: dict[tuple[AlarmId, str], Condition] = {}
        self._history: deque[Alarm] = deque(maxlen=HISTORY_LENGTH)

    def raise_event(self, condition: Condition) -> None:
        """Something happened; the first detail of one id and source is kept."""
        self._events.setdefault((condition.id, condition.source), condition)

    def acknowledge(self) -> None:
        """The operator has gone on: events are history."""
        self._events.clear()

    def update(self, conditions: Iterable[Condition], now_s: float) -> bool:
        """Take all conditions that hold now; True when the set of active alarms changed."""
        holding = {(c.id, c.source): c for c in conditions}
        holding.update({key: c for key, c in self._events.items() if key not in holding})
        is_changed = False
        for key in [key for key in self._active if key not in holding]:
            self._history.append(replace(self._active.pop(key), is_active=False))
            is_changed = True
        for key, condition in holding.items():
            message = CATALOGUE[condition.id].message(condition.detail)
            old = self._active.get(key)
            if old is None or old.message != message:
                self._active[key] = _alarm(condition, message, old.raised_at_s if old else now_s)
                is_changed = True
        return is_changed

    def read(self) -> Alarms:
        """Active alarms, oldest first, and the history, newest last."""
        return Alarms(tuple(self._active.values()), tuple(self._history))


def _alarm(condition: Condition, message: str, raised_at_s: float) -> Alarm:
    return Alarm(
        id=int(condition.id),
        message=message,
        source=condition.source,
        category=int(condition.id) // 1000,
        severity=CATALOGUE[condition.id].severity,
        value=condition.value,
        raised_at_s=raised_at_s,
    )
