"""Goals of ROS clients: each becomes an ordinary task of its station, or is refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING

from cell_controller.cell.errors import GoalRefusedError
from cell_controller.cell.goal_rules import Goal, start_of
from cell_controller.cell.tasks import Ended, verdict_on_part
from cell_controller.cell.view import View
from cell_controller.messages import (
    GoalCancel,
    GoalFeedback,
    GoalResult,
    Outcome,
    StationState,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.runtime import Action, Inputs, Sent, ports
from cell_controller.stations.grinding_spindle.phases import GrindPhase
from cell_controller.stations.tool_phases import ToolPhase
from cell_controller.stations.welding_robot.phases import WeldPhase

if TYPE_CHECKING:
    from cell_controller.cell.core import CellCore

KINDS: Mapping[Action, TaskKind] = MappingProxyType(
    {ports.WELD: TaskKind.WELD, ports.GRIND: TaskKind.GRIND, ports.INDEX: TaskKind.INDEX}
)

FEEDBACK_S = 0.2
"""Of feedback within a phase: often enough for a progress bar; a new phase is told at once."""

_BEFORE = (ToolPhase.WAIT_ZONE, ToolPhase.CLAMP)
_AFTER = (ToolPhase.SPIN_DOWN, ToolPhase.OPEN_CLAMP)

SEQUENCES: Mapping[TaskKind, tuple[StrEnum, ...]] = MappingProxyType(
    {
        TaskKind.WELD: (*_BEFORE, *WeldPhase, *_AFTER),
        TaskKind.GRIND: (*_BEFORE, *GrindPhase, *_AFTER),
    }
)
"""The way of a task that nothing interrupts: the share of it that lies behind is the progress. The conveyor
measures its own way."""


@dataclass(slots=True)
class _Live:
    """A goal whose task is on the board."""

    action: Action
    goal_id: str
    station: str
    task_id: int
    progress: float = 0.0
    phase: str = ""  # as it was told last
    told_at_s: float = -inf


@dataclass(slots=True)
class GoalDesk:
    """The goals that have no result yet, and what is to be told to their clients."""

    _live: dict[int, _Live] = field(default_factory=dict)  # by task id
    _results: list[Sent] = field(default_factory=list)

    def take(self, core: CellCore, inputs: Inputs, view: View) -> None:
        """Begin or refuse what is new, then stop what is not wanted any more."""
        for action, kind in KINDS.items():
            goals: tuple[Goal, ...] = inputs.new(action.goal_port, action.goal)
            for goal in goals:
                self._begin(core, action, kind, goal, view)
        for action in KINDS:
            for cancel in inputs.new(action.cancel_port, GoalCancel):
                for live in self._live.values():
                    if live.goal_id == cancel.goal_id:
                        core.tasks.cancel(live.station)

    def end(self, ended: Ended, stop_reason: str) -> None:
        """A task is over; when it was a goal's, its client will hear of it."""
        live = self._live.pop(ended.task.task_id, None)
        if live is None:
            return
        outcome = outcome_of(ended)
        detail = ended.detail
        if outcome is Outcome.ABORTED:
            detail = ", ".join(text for text in (detail, stop_reason) if text)
        self._answer(live.action, live.goal_id, outcome, detail or ended.result.name.lower(), ended)

    def tell(self, core: CellCore, view: View) -> list[Sent]:
        """Results, and feedback where it is due."""
        sent, self._results = self._results, []
        for live in self._live.values():
            state = view.stations.get(live.station)
            task = core.tasks.of(live.station)
            if state is None or task is None or state.task_id != live.task_id:
                continue  # the station has not taken it yet
            live.progress = max(live.progress, progress_of(task.kind, state))
            if state.phase == live.phase and view.now_s - live.told_at_s < FEEDBACK_S:
                continue
            live.phase, live.told_at_s = state.phase, view.now_s
            feedback = GoalFeedback(live.goal_id, state.phase, live.progress, state.values)
            sent.append(Sent(live.action.feedback_port, feedback))
        return sent

    def _begin(self, core: CellCore, action: Action, kind: TaskKind, goal: Goal, view: View) -> None:
        if any(live.goal_id == goal.goal_id for live in self._live.values()):
            return  # repeated on the way
        try:
            start = start_of(core, kind, goal, view)
        except GoalRefusedError as refusal:
            self._answer(action, goal.goal_id, refusal.outcome, refusal.reason)
            return
        for task in core.begin((start,), view.now_s, goal.operator):
            self._live[task.task_id] = _Live(action, goal.goal_id, task.station, task.task_id)

    def _answer(
        self, action: Action, goal_id: str, outcome: Outcome, detail: str, ended: Ended | None = None
    ) -> None:
        values = ended.values if ended is not None else ()
        result = GoalResult(goal_id, action.code(outcome), detail, values)
        self._results.append(Sent(action.result_port, result))


def outcome_of(ended: Ended) -> Outcome:
    """How a task's end is told to whoever asked for it."""
    if not ended.was_sent:
        return Outcome.STOPPED if ended.was_started else Outcome.FAILED
    if ended.result is TaskResult.ABORTED:
        return Outcome.ABORTED
    if ended.task.kind is TaskKind.INDEX:
        # Between two places, unless it was stopped or never begun: nobody knows where the parts are.
        is_known = ended.result in (TaskResult.STOPPED, TaskResult.REFUSED)
        verdict = Verdict.GOOD if ended.is_done else Verdict.NONE if is_known else Verdict.SUSPECT
    else:
        verdict = verdict_on_part(ended)
    if verdict is Verdict.SUSPECT:
        return Outcome.SUSPECT
    if ended.is_done:
        return Outcome.GOOD if verdict is Verdict.GOOD else Outcome.BAD
    return Outcome.STOPPED if ended.result is TaskResult.STOPPED else Outcome.FAILED


def progress_of(kind: TaskKind, state: StationState) -> float:
    """Share of the task that lies behind; 0 in phases beside the way, where the last share stands."""
    sequence = SEQUENCES.get(kind)
    if sequence is None:
        return min(max(state.progress, 0.0), 1.0)
    place = next((i for i, phase in enumerate(sequence) if phase.value == state.phase), 0)
    return place / len(sequence)
