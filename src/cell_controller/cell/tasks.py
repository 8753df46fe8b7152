"""Tasks of the stations: from the journal to the Order to the result."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from cell_controller.cell.journal import JournalQueue, Status
from cell_controller.cell.numbers import Numbers
from cell_controller.cell.view import View
from cell_controller.messages import (
    HoldState,
    Parameter,
    PartEvent,
    StationState,
    TaskKind,
    TaskResult,
    Verdict,
)

TAKE_LIMIT_S = 2.0  # an Order is repeated every 50 ms: forty in a row do not get lost
ABORT_LIMIT_S = 2.0  # after an abort a station answers within a few of its 50 ms periods

PART_KINDS = (TaskKind.WELD, TaskKind.GRIND)


class Stage(Enum):
    """How far a task is."""

    JOURNAL = "waits for the journal"
    SENT = "with the station"


@dataclass(slots=True)
class Task:
    """One task of one station."""

    task_id: int
    station: str
    kind: TaskKind
    part_id: str = ""
    parameters: tuple[Parameter, ...] = ()
    intention: int | None = None  # in the journal; None: nothing to write first
    events: tuple[PartEvent, ...] = ()  # written by the intention
    stage: Stage = Stage.JOURNAL
    since_s: float = 0.0
    is_withdrawn: bool = False
    is_taken: bool = False  # the station has echoed it
    is_cancelled: bool = False  # its station stops, whatever the others do


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task ended. `was_started` is False when its start never reached the journal."""

    task: Task
    result: TaskResult
    verdict: Verdict = Verdict.NONE
    detail: str = ""
    values: tuple[Parameter, ...] = ()
    was_started: bool = True
    was_sent: bool = True

    @property
    def is_done(self) -> bool:
        return self.result is TaskResult.DONE


def verdict_on_part(ended: Ended) -> Verdict:
    """What the task did to its part. An ending that says less than GOOD or BAD leaves doubt or nothing."""
    if ended.task.kind not in PART_KINDS or not ended.was_sent:
        return Verdict.NONE
    if ended.is_done:
        return ended.verdict if ended.verdict in (Verdict.GOOD, Verdict.BAD) else Verdict.SUSPECT
    return Verdict.NONE if ended.verdict is Verdict.NONE else Verdict.SUSPECT


class TaskBoard:
    """At most one task per station."""

    def __init__(self, numbers: Numbers, journal: JournalQueue) -> None:
        self._numbers = numbers
        self._journal = journal
        self._tasks: dict[str, Task] = {}
        self._abort_since_s: float | None = None
        self._confirmed: list[PartEvent] = []

    def active(self) -> tuple[Task, ...]:
        return tuple(self._tasks.values())

    @property
    def busy(self) -> Collection[str]:
        """Stations with a task."""
        return tuple(self._tasks)

    def of(self, station: str) -> Task | None:
        return self._tasks.get(station)

    def is_sent(self, station: str) -> Task | None:
        """The task of a station, when its Order may leave."""
        task = self._tasks.get(station)
        return task if task is not None and task.stage is Stage.SENT else None

    def in_process(self) -> int:
        """Number of parts being worked on."""
        return sum(t.stage is Stage.SENT and t.kind in PART_KINDS for t in self._tasks.values())

    def start(
        self,
        station: str,
        kind: TaskKind,
        now_s: float,
        *,
        part_id: str = "",
        parameters: tuple[Parameter, ...] = (),
        events: tuple[PartEvent, ...] = (),
    ) -> Task:
        """Give a station a task; its Order leaves when its events are on disk."""
        task = Task(self._numbers.next(), station, kind, part_id, parameters, events=events, since_s=now_s)
        if events:
            task.intention = self._journal.intend(events)
        else:
            task.stage = Stage.SENT
        self._tasks[station] = task
        return task

    def withdraw_unsent(self) -> None:
        """Tasks that wait for the journal will not be sent any more."""
        for task in self._tasks.values():
            if task.stage is Stage.JOURNAL:
                task.is_withdrawn = True

    def cancel(self, station: str) -> None:
        """The task of this station is not wanted any more."""
        task = self._tasks[station]
        task.is_cancelled = True
        task.is_withdrawn |= task.stage is Stage.JOURNAL

    def abort(self, now_s: float) -> None:
        """From now on a station has ABORT_LIMIT_S to say how its task ended."""
        if self._abort_since_s is None:
            self._abort_since_s = now_s
        self.withdraw_unsent()

    def end_abort(self) -> None:
        self._abort_since_s = None

    def is_held(self, view: View) -> bool:
        """Every task that is with a station has reached its hold point."""
        return all(
            task.stage is Stage.SENT and _echo(task, view, HoldState.HELD) for task in self._tasks.values()
        )

    def is_running(self, view: View) -> bool:
        """Every task that is with a station goes on again."""
        return all(_echo(task, view, HoldState.RUNNING) for task in self._tasks.values())

    def take_confirmed(self) -> tuple[PartEvent, ...]:
        """Events of starts that have reached the disk since the last call."""
        confirmed = tuple(self._confirmed)
        self._confirmed.clear()
        return confirmed

    def poll(self, view: View) -> tuple[Ended, ...]:
        """Tasks that ended since the last step; they are gone from the board."""
        ended = []
        for task in tuple(self._tasks.values()):
            if task.stage is Stage.JOURNAL:
                end = self._poll_journal(task, view.now_s)
            else:
                end = self._poll_station(task, view)
            if end is not None:
                del self._tasks[task.station]
                ended.append(end)
        return tuple(ended)

    def _is_abort_over(self, now_s: float) -> bool:
        return self._abort_since_s is not None and now_s - self._abort_since_s >= ABORT_LIMIT_S

    def _poll_journal(self, task: Task, now_s: float) -> Ended | None:
        status = self._journal.status(task.intention or 0)
        if status is Status.PENDING and not self._is_abort_over(now_s):
            return None
        if status is not Status.SYNCED:  # aborted while the disk hangs: its Order never leaves
            detail = f"not started: {self._journal.failure}"
            return Ended(task, TaskResult.REFUSED, detail=detail, was_started=False, was_sent=False)
        self._confirmed.extend(task.events)
        if task.is_withdrawn:
            return Ended(task, TaskResult.REFUSED, detail="withdrawn before its start", was_sent=False)
        task.stage, task.since_s = Stage.SENT, now_s
        return None

    def _poll_station(self, task: Task, view: View) -> Ended | None:
        if task.station in view.restarted:
            return Ended(task, TaskResult.STATION_RESTARTED, Verdict.SUSPECT, "the station restarted")
        state = view.stations.get(task.station)
        if state is not None and state.task_id == task.task_id:
            task.is_taken = True
            if state.result not in (TaskResult.NONE, TaskResult.RUNNING):
                return _ended(task, state)
        elif state is not None and not task.is_taken and view.now_s - task.since_s >= TAKE_LIMIT_S:
            detail = f"not taken within {TAKE_LIMIT_S:g} s"
            return Ended(task, TaskResult.FAILED, Verdict.SUSPECT, detail)
        elif state is not None and task.is_taken:
            detail = f"the station dropped it for task {state.task_id}"
            return Ended(task, TaskResult.FAILED, Verdict.SUSPECT, detail)
        if self._is_abort_over(view.now_s):
            return Ended(task, TaskResult.ABORTED, Verdict.SUSPECT, "the station did not say how it ended")
        return None


def _ended(task: Task, state: StationState) -> Ended:
    return Ended(task, state.result, state.verdict, state.detail, state.values)


def _echo(task: Task, view: View, hold: HoldState) -> bool:
    state = view.stations.get(task.station)
    return state is not None and state.task_id == task.task_id and state.hold is hold
