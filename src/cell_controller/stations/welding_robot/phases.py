"""Phase table of the welding robot."""

from __future__ import annotations

from enum import StrEnum

from cell_controller.messages import TaskResult
from cell_controller.stations.phases import Event, InForce, MaxTime, PartVerdict, PhaseTable, Row
from cell_controller.stations.reactions import CONTACT_WITHHELD, carry_on, program, retreating, wait
from cell_controller.stations.tool_phases import (
    RETREAT_TIME,
    ToolPhase,
    before_contact,
    tool_rows,
)


class WeldPhase(StrEnum):
    """Names in StationState.phase, besides those of ToolPhase."""

    APPROACH = "approach"
    LOWER = "lower"
    TOUCH = "touch"
    PLUNGE = "plunge"
    DWELL_START = "dwell_start"
    TRAVERSE = "traverse"
    DWELL_END = "dwell_end"
    RETRACT = "retract"


MOVE = MaxTime(5.0, 2.0)  # spindle ramp and a slow wire, and twice the time of the move
PROCESS = MaxTime(4.0, 2.0)  # the process may be half as fast as the recipe says, not slower
_SUSPECT = PartVerdict.SUSPECT
_MATERIAL = InForce.MATERIAL


def _touch() -> Row:
    """The last phase before contact; a stop in it may find the pin touching already."""
    row = before_contact(
        _MATERIAL, WeldPhase.TOUCH, "Z down at touch speed, spindle at speed", "touch force", PROCESS
    )
    on = dict(row.on)
    on[Event.ABORT] = on[Event.PERMIT_LOST] = program(_SUSPECT, ToolPhase.IDLE)
    on[Event.FAULT] = retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.FAILED, _SUSPECT)
    return Row(row.phase, row.motion, row.until, row.max_time, row.in_force, on)


def _in_contact(phase: WeldPhase, motion: str, until: str, max_time: MaxTime) -> Row:
    """From contact on a weld is finished or lost: it is never resumed."""
    leave = retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.STOPPED, _SUSPECT)
    return Row(
        phase,
        motion,
        until,
        max_time,
        _MATERIAL,
        {
            Event.HOLD: carry_on("the weld is finished", max_time),
            Event.HOLD_NOW: leave,
            Event.STOP: leave,
            Event.ABORT: program(_SUSPECT, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(_SUSPECT, ToolPhase.IDLE),
            Event.WITHHELD: wait(CONTACT_WITHHELD),
            Event.FAULT: retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.FAILED, _SUSPECT),
        },
    )


def _retract() -> Row:
    """The weld is complete; the tool only has to come out."""
    row = _in_contact(WeldPhase.RETRACT, "Z up, spindle at speed", "safe height", MOVE)
    on = dict(row.on)
    on[Event.HOLD] = on[Event.HOLD_NOW] = on[Event.STOP] = carry_on("end of the task", MOVE)
    return Row(row.phase, row.motion, row.until, row.max_time, row.in_force, on)


TABLE = PhaseTable(
    (*ToolPhase, *WeldPhase),
    (
        *tool_rows(),
        before_contact(
            InForce.CLEAR,
            WeldPhase.APPROACH,
            "X, Y over the start of the seam, spindle up",
            "arrived, spindle at speed",
            MOVE,
        ),
        before_contact(
            _MATERIAL, WeldPhase.LOWER, "Z down to 1.2 mm over the part, spindle at speed", "arrived", MOVE
        ),
        _touch(),
        _in_contact(
            WeldPhase.PLUNGE,
            "Z down under position control, slower as the force nears its limit",
            "shoulder seated",
            PROCESS,
        ),
        _in_contact(
            WeldPhase.DWELL_START,
            "force control, X and Y stand",
            "dwell time, force near its target, tool warm",
            MaxTime(8.0, 1.0),
        ),
        _in_contact(WeldPhase.TRAVERSE, "force control, X along the seam", "end of the seam", PROCESS),
        _in_contact(WeldPhase.DWELL_END, "force control, X and Y stand", "dwell time", MaxTime(2.0, 1.0)),
        _retract(),
    ),
    idle=ToolPhase.IDLE,
    held=ToolPhase.HELD,
    resume=ToolPhase.WAIT_ZONE,
)
