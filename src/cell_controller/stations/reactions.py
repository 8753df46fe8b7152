"""The kinds of reaction that the tables of the tool stations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cell_controller.messages import TaskResult
from cell_controller.stations.phases import NO_LIMIT, Event, MaxTime, Motion, PartVerdict, Reaction

AT_ONCE = MaxTime(0.0)
# A spindle that has been ramped down in the weld freezes there; inverters coast below stirring speed in
# about half a second. A permit that comes back later finds an interrupted process.
CONTACT_WITHHELD = MaxTime(0.5)


def carry_on(
    until: str,
    max_time: MaxTime = NO_LIMIT,
    verdict: PartVerdict = PartVerdict.BY_LIMITS,
    result: TaskResult = TaskResult.RUNNING,
    may_resume: bool = False,
) -> Reaction:
    return Reaction(Motion.CARRY_ON, until, max_time, may_resume, verdict, None, result)


def program(
    verdict: PartVerdict, idle: StrEnum, result: TaskResult = TaskResult.ABORTED, until: str = ""
) -> Reaction:
    """The task ends at once; what moves is the bus's, inside the program's own limits."""
    until = until or "the task ends at once"
    return Reaction(Motion.PROGRAM, until, AT_ONCE, False, verdict, idle, result)


def wait(max_time: MaxTime = NO_LIMIT) -> Reaction:
    until = "permit back" if max_time is NO_LIMIT else "permit back; later it is a fault"
    return Reaction(Motion.WAIT, until, max_time, True, PartVerdict.UNCHANGED)


def stand(to: StrEnum, result: TaskResult, verdict: PartVerdict = PartVerdict.UNCHANGED) -> Reaction:
    return Reaction(Motion.STAND, "the task ends at once", AT_ONCE, False, verdict, to, result)


def unclamp(
    to: StrEnum, max_time: MaxTime, result: TaskResult, verdict: PartVerdict = PartVerdict.UNCHANGED
) -> Reaction:
    """The tool is clear: open the clamp, then the task is over."""
    return Reaction(Motion.STAND, "clamp open", max_time, False, verdict, to, result)


def without_task() -> Mapping[Event, Reaction]:
    """Idle: nothing to interrupt."""
    none = Reaction(Motion.STAND, "next task", NO_LIMIT, False, PartVerdict.UNCHANGED)
    return dict.fromkeys(Event, none)


def moving_clear(idle: StrEnum) -> Mapping[Event, Reaction]:
    """Homing and the like: short moves clear of any part; Hold and Stop differ."""
    return {
        Event.HOLD: carry_on("end of the task", verdict=PartVerdict.UNCHANGED),
        Event.HOLD_NOW: stand(idle, TaskResult.STOPPED),
        Event.STOP: stand(idle, TaskResult.STOPPED),
        Event.ABORT: program(PartVerdict.UNCHANGED, idle),
        Event.PERMIT_LOST: program(PartVerdict.UNCHANGED, idle),
        Event.WITHHELD: wait(),
        Event.FAULT: stand(idle, TaskResult.FAILED),
    }


def hold_to_run(idle: StrEnum) -> Mapping[Event, Reaction]:
    """Recovery: everything ends it, nothing resumes it."""
    ends = stand(idle, TaskResult.STOPPED)
    return {
        Event.HOLD: ends,
        Event.HOLD_NOW: ends,
        Event.STOP: ends,
        Event.ABORT: stand(idle, TaskResult.ABORTED),
        Event.PERMIT_LOST: stand(idle, TaskResult.ABORTED),
        Event.WITHHELD: wait(CONTACT_WITHHELD),
        Event.FAULT: stand(idle, TaskResult.FAILED),
    }


def retreating(
    to: StrEnum,
    max_time: MaxTime,
    result: TaskResult,
    verdict: PartVerdict,
    may_resume: bool = False,
    until: str = "safe position, spindle standing",
) -> Reaction:
    return Reaction(Motion.RETREAT, until, max_time, may_resume, verdict, to, result)
