"""The present task of a station and how it is going to end."""

from __future__ import annotations

from dataclasses import dataclass, field

from cell_controller.messages import Order, Parameter, TaskKind, TaskResult, Verdict
from cell_controller.stations.phases import PartVerdict, Reaction

_WORSE = (TaskResult.RUNNING, TaskResult.STOPPED, TaskResult.FAILED, TaskResult.ABORTED)


@dataclass(slots=True)
class Task:
    """One task; `result` is RUNNING until it has ended."""

    order: Order
    result: TaskResult = TaskResult.RUNNING
    verdict: Verdict = Verdict.NONE
    detail: str = ""
    ending: TaskResult = TaskResult.RUNNING  # RUNNING: it will be DONE
    is_suspect: bool = False
    is_touched: bool = False  # the tool has touched the part
    may_resume: bool = True
    was_permitted: bool = False
    waited_s: float = 0.0  # for the first permit
    withheld_s: float = 0.0  # the present interruption of the permit
    values: tuple[Parameter, ...] = field(default=())  # results

    @property
    def is_running(self) -> bool:
        return self.result is TaskResult.RUNNING

    @property
    def is_recovery(self) -> bool:
        return self.order.kind in (TaskKind.JOG, TaskKind.RECOVER_TOOL)

    @property
    def key(self) -> tuple[int, int]:
        """A restarted manager's numbers are other tasks."""
        return self.order.guard.session, self.order.task_id

    def note(self, detail: str) -> None:
        """Keep the first reason; later ones are its consequences."""
        self.detail = self.detail or detail

    def take(self, reaction: Reaction) -> None:
        """What an event means for the end of the task and for the part."""
        if _WORSE.index(reaction.result) > _WORSE.index(self.ending):
            self.ending = reaction.result
        if reaction.verdict is PartVerdict.SUSPECT:
            self.is_suspect = True
        if reaction.verdict is PartVerdict.IF_TOUCHED and self.is_touched:
            self.is_suspect = True
        if reaction.to is not None:
            self.may_resume = self.may_resume and reaction.may_resume

    def end(self, verdict: Verdict) -> None:
        """The task is over; `verdict` is by the limits, NONE while the process was not complete."""
        self.result = TaskResult.DONE if self.ending is TaskResult.RUNNING else self.ending
        self.verdict = Verdict.SUSPECT if self.is_suspect else verdict
