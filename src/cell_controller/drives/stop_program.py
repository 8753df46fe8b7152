"""Plays one stop program of the cell file: steps with an exit condition, a time limit, an answer to death.

Pure: the bus says what it knows of the drives, the player says what each drive shall do. In a stop program
the positive direction of an axis leads out of the material; a move never goes the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from cell_controller.config import IfDead, MoveStep, Step, StopProgram, StopStep


@dataclass(frozen=True, slots=True)
class DriveView:
    """What a player has to know of one drive."""

    is_silent: bool  # did not answer when last asked
    is_faulted: bool
    can_move: bool  # answers, armed, switched on
    is_standing: bool
    at_target: bool  # of the move of this step
    position_m: float  # NaN for a spindle
    is_axis: bool


class Act(Enum):
    """What one drive shall do."""

    STOP = "stop"
    MOVE = "move"  # as the present step says
    KEEP = "keep"


class ProgramPlayer:
    """One play of one program; `done` after the last step."""

    def __init__(self, name: str, program: StopProgram, now_s: float) -> None:
        self.name = name
        self._program = program
        self._at = 0
        self._since_s = now_s
        self._is_marking = False  # a dead drive has been seen in this step: wait for its time, then mark
        self.tool_in_material = False

    @property
    def step(self) -> Step | None:
        """The present step, None when the program is over."""
        steps = self._program.steps
        return steps[self._at] if self._at < len(steps) else None

    @property
    def is_done(self) -> bool:
        return self.step is None

    @property
    def step_name(self) -> str:
        return self.step.name if self.step else ""

    @property
    def due_s(self) -> float:
        """When the present step ends at the latest."""
        return self._since_s + self.step.max_s if self.step else self._since_s

    def update(self, views: Mapping[str, DriveView], now_s: float) -> None:
        """Go on to the step that is due, as often as exit conditions hold at once."""
        while self.step is not None and self._is_over(self.step, views, now_s):
            self._at += 1
            self._since_s = now_s
            self._is_marking = False

    def _is_over(self, step: Step, views: Mapping[str, DriveView], now_s: float) -> bool:
        is_late = now_s >= self._since_s + step.max_s
        if isinstance(step, MoveStep):
            return self._is_move_over(step, views, is_late)
        return self._is_stop_over(step, views, is_late)

    def _is_stop_over(self, step: StopStep, views: Mapping[str, DriveView], is_late: bool) -> bool:
        waiting = [name for name in step.drives if not views[name].is_standing]
        dead = [name for name in waiting if views[name].is_silent]
        if dead and step.if_dead is not IfDead.GO_ON:
            self._is_marking = True
        if is_late or (step.if_dead is IfDead.STOP_AND_MARK and dead):
            self.tool_in_material |= self._is_marking
            return True
        if not waiting:
            return True
        return len(dead) == len(waiting) and step.if_dead is IfDead.GO_ON

    def _is_move_over(self, step: MoveStep, views: Mapping[str, DriveView], is_late: bool) -> bool:
        axis = views[step.drives[0]]
        if self._has_arrived(step, axis):
            return True
        if axis.is_silent or not axis.can_move:
            return self._is_given_up(step.if_dead, is_late)
        if self._is_spindle_dead(step, views):
            return self._is_given_up(step.if_keep_turning_dead, is_late)
        self.tool_in_material |= is_late  # it moved, and is not out
        return is_late

    def _is_given_up(self, if_dead: IfDead, is_late: bool) -> bool:
        if if_dead is IfDead.GO_ON:
            return True
        if if_dead is IfDead.STOP_AND_MARK or is_late:
            self.tool_in_material = True
            return True
        return False

    def _has_arrived(self, step: MoveStep, axis: DriveView) -> bool:
        """At the position, or already further out and standing."""
        if axis.is_silent:
            return False
        return axis.at_target or (axis.position_m >= step.position_m and axis.is_standing)

    def act(self, name: str, views: Mapping[str, DriveView]) -> Act:
        """What a drive of the program shall do now.

        Axes stop at once, whichever step they belong to; a spindle turns on until its own step.
        """
        step = self.step
        if step is None:
            return Act.STOP
        view = views[name]
        if name in step.drives:
            if not isinstance(step, MoveStep):
                return Act.STOP
            is_out = view.position_m >= step.position_m
            return Act.STOP if is_out or self._is_spindle_dead(step, views) else Act.MOVE
        if view.is_axis:
            return Act.STOP
        stopped = any(name in s.drives for s in self._program.steps[: self._at])
        return Act.STOP if stopped else Act.KEEP

    def _is_spindle_dead(self, step: MoveStep, views: Mapping[str, DriveView]) -> bool:
        """The spindle that must turn does not, and the step is not done without it."""
        if not step.keep_turning or step.if_keep_turning_dead is IfDead.GO_ON:
            return False
        spindle = views[step.keep_turning]
        return spindle.is_silent or spindle.is_faulted
