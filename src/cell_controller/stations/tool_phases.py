"""Phases that welding robot and grinding spindle share: homing, clamping, retreat, hold, recovery."""

from __future__ import annotations

from enum import StrEnum

from cell_controller.messages import TaskResult
from cell_controller.stations.phases import (
    NO_LIMIT,
    Event,
    InForce,
    MaxTime,
    Motion,
    PartVerdict,
    Reaction,
    Row,
)
from cell_controller.stations.reactions import (
    AT_ONCE,
    carry_on,
    hold_to_run,
    moving_clear,
    program,
    retreating,
    stand,
    unclamp,
    wait,
    without_task,
)


class ToolPhase(StrEnum):
    """Names in StationState.phase."""

    IDLE = "idle"
    HOME_RAISE = "home_raise"
    HOME_PARK = "home_park"
    WAIT_ZONE = "wait_zone"
    CLAMP = "clamp"
    SPIN_DOWN = "spin_down"
    OPEN_CLAMP = "open_clamp"
    RETREAT = "retreat"
    HELD = "held"
    JOG = "jog"
    RECOVER_SPIN = "recover_spin"
    RECOVER_RETRACT = "recover_retract"


_U = PartVerdict.UNCHANGED
_TOUCHED = PartVerdict.IF_TOUCHED
MOVE = MaxTime(4.0, 2.0)  # twice the time of the move, plus ramps and a slow wire
ZONE = MaxTime(120.0)  # the manager grants a zone when the conveyor has indexed; minutes are a defect
CLAMP_TIME = MaxTime(3.0)  # pneumatic clamps close in well under a second
RETREAT_TIME = MaxTime(8.0, 2.0)  # the longest ramp of a wheel without brake, and the move
SPIN_TIME = MaxTime(6.0)  # inverters ramp in about a second
HOLD_TO_RUN = NO_LIMIT  # as long as the operator holds it


def _clear_row(phase: ToolPhase, motion: str, until: str, max_time: MaxTime) -> Row:
    return Row(phase, motion, until, max_time, InForce.CLEAR, moving_clear(ToolPhase.IDLE))


def _wait_zone() -> Row:
    held = Reaction(Motion.STAND, "at once", AT_ONCE, True, _U, ToolPhase.HELD)
    return Row(
        ToolPhase.WAIT_ZONE,
        "waits at the safe position",
        "zones granted",
        ZONE,
        InForce.CLEAR,
        {
            Event.HOLD: held,
            Event.HOLD_NOW: held,
            Event.STOP: unclamp(ToolPhase.OPEN_CLAMP, CLAMP_TIME, TaskResult.STOPPED, _TOUCHED),
            Event.ABORT: program(_TOUCHED, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(_TOUCHED, ToolPhase.IDLE),
            Event.WITHHELD: wait(),
            Event.FAULT: unclamp(ToolPhase.OPEN_CLAMP, CLAMP_TIME, TaskResult.FAILED, _TOUCHED),
        },
    )


def _clamp() -> Row:
    on = dict(_wait_zone().on)
    return Row(
        ToolPhase.CLAMP,
        "the clamp closes; over the part, other axes to their start and spindle up",
        "clamp reported closed",
        CLAMP_TIME,
        InForce.CLEAR,
        on,
    )


def _held() -> Row:
    on = dict(_wait_zone().on)
    on[Event.HOLD] = on[Event.HOLD_NOW] = Reaction(Motion.STAND, "directive run", NO_LIMIT, True, _U)
    return Row(
        ToolPhase.HELD,
        "stands at the safe position, part clamped",
        "directive run, then the task resumes",
        NO_LIMIT,
        InForce.CLEAR,
        on,
    )


def _retreat() -> Row:
    until = "safe position, spindle standing"
    return Row(
        ToolPhase.RETREAT,
        "tool leaves the material with the spindle turning, then the spindle ramps down",
        until,
        RETREAT_TIME,
        InForce.MATERIAL,
        {
            Event.HOLD: carry_on(until, RETREAT_TIME, _U, may_resume=True),
            Event.HOLD_NOW: carry_on(until, RETREAT_TIME, _U, may_resume=True),
            Event.STOP: carry_on(until, RETREAT_TIME, _TOUCHED, TaskResult.STOPPED),
            Event.ABORT: program(_TOUCHED, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(_TOUCHED, ToolPhase.IDLE),
            Event.WITHHELD: wait(),
            # a retreat that does not work out is the bus's: the station falls silent with the spindle turning
            Event.FAULT: program(
                _TOUCHED,
                ToolPhase.IDLE,
                TaskResult.FAILED,
                "the task ends at once; clear of the zones all drives ramp down and stand instead",
            ),
        },
    )


def _after_process(phase: ToolPhase, motion: str, until: str, max_time: MaxTime, is_clamped: bool) -> Row:
    """The process is complete and the tool clear: nothing can spoil the part any more."""
    ends = PartVerdict.BY_LIMITS
    fault = stand(ToolPhase.IDLE, TaskResult.FAILED, ends)
    if is_clamped:
        fault = unclamp(ToolPhase.OPEN_CLAMP, CLAMP_TIME, TaskResult.FAILED, ends)
    return Row(
        phase,
        motion,
        until,
        max_time,
        InForce.CLEAR,
        {
            Event.HOLD: carry_on("end of the task", max_time),
            Event.HOLD_NOW: carry_on("end of the task", max_time),
            Event.STOP: carry_on("end of the task", max_time),
            Event.ABORT: program(ends, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(ends, ToolPhase.IDLE),
            Event.WITHHELD: wait(),
            Event.FAULT: fault,
        },
    )


def before_contact(in_force: InForce, phase: StrEnum, motion: str, until: str, max_time: MaxTime) -> Row:
    """The tool is on its way and has not touched: Hold retracts and may resume."""
    hold = retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.RUNNING, _U, may_resume=True)
    return Row(
        phase,
        motion,
        until,
        max_time,
        in_force,
        {
            Event.HOLD: hold,
            Event.HOLD_NOW: hold,
            Event.STOP: retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.STOPPED, _TOUCHED),
            Event.ABORT: program(_TOUCHED, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(_TOUCHED, ToolPhase.IDLE),
            Event.WITHHELD: wait(),
            Event.FAULT: retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.FAILED, _TOUCHED),
        },
    )


def tool_rows() -> tuple[Row, ...]:
    """Rows of every phase in ToolPhase."""
    recover = hold_to_run(ToolPhase.IDLE)
    material = InForce.MATERIAL
    return (
        Row(ToolPhase.IDLE, "stands", "a task", NO_LIMIT, InForce.CLEAR, without_task()),
        _clear_row(ToolPhase.HOME_RAISE, "tool to the safe position", "arrived", MOVE),
        _clear_row(
            ToolPhase.HOME_PARK, "other axes to park, spindle ramps down", "arrived, spindle standing", MOVE
        ),
        _wait_zone(),
        _clamp(),
        _after_process(
            ToolPhase.SPIN_DOWN, "spindle ramps down, the clamp opens", "spindle standing", SPIN_TIME, True
        ),
        _after_process(
            ToolPhase.OPEN_CLAMP, "the clamp opens", "clamp no longer reported closed", CLAMP_TIME, False
        ),
        _retreat(),
        _held(),
        Row(ToolPhase.JOG, "one axis at manual speed", "released", HOLD_TO_RUN, material, recover),
        Row(
            ToolPhase.RECOVER_SPIN,
            "spindle up to a quarter of its speed",
            "turning, or it cannot: 5 s",
            MaxTime(7.0),
            material,
            recover,
        ),
        Row(
            ToolPhase.RECOVER_RETRACT,
            "tool to the safe position at manual speed",
            "arrived",
            MaxTime(10.0, 2.0),
            material,
            recover,
        ),
    )
