"""Phase table of the grinding spindle."""

from __future__ import annotations

from enum import StrEnum

from cell_controller.messages import TaskResult
from cell_controller.stations.phases import Event, InForce, MaxTime, PartVerdict, PhaseTable, Row
from cell_controller.stations.reactions import CONTACT_WITHHELD, carry_on, program, retreating, wait
from cell_controller.stations.tool_phases import RETREAT_TIME, ToolPhase, before_contact, tool_rows


class GrindPhase(StrEnum):
    """Names in StationState.phase, besides those of ToolPhase."""

    APPROACH = "approach"
    LOWER = "lower"
    GAP = "gap"
    ROUGH = "rough"
    FINISH = "finish"
    SPARK_OUT = "spark_out"
    RETRACT = "retract"


MOVE = MaxTime(8.0, 2.0)  # ramp of the wheel and a slow wire, and twice the time of the move
# The power limit may slow the infeed down to a third.
PROCESS = MaxTime(6.0, 3.0)
_SUSPECT = PartVerdict.SUSPECT
_MATERIAL = InForce.MATERIAL


def _gap() -> Row:
    """The last phase before contact; a stop in it may find the wheel touching already."""
    row = before_contact(
        _MATERIAL, GrindPhase.GAP, "infeed at gap speed, traverse to and fro", "contact force", PROCESS
    )
    on = dict(row.on)
    on[Event.ABORT] = on[Event.PERMIT_LOST] = program(_SUSPECT, ToolPhase.IDLE)
    return Row(row.phase, row.motion, row.until, row.max_time, row.in_force, on)


def _in_contact(phase: GrindPhase, motion: str, until: str, max_time: MaxTime) -> Row:
    """A wheel may leave the part at any time and come back through gap elimination."""
    hold = retreating(
        ToolPhase.RETREAT, RETREAT_TIME, TaskResult.RUNNING, PartVerdict.UNCHANGED, may_resume=True
    )
    return Row(
        phase,
        motion,
        until,
        max_time,
        _MATERIAL,
        {
            Event.HOLD: hold,
            Event.HOLD_NOW: hold,
            Event.STOP: retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.STOPPED, _SUSPECT),
            Event.ABORT: program(_SUSPECT, ToolPhase.IDLE),
            Event.PERMIT_LOST: program(_SUSPECT, ToolPhase.IDLE),
            Event.WITHHELD: wait(CONTACT_WITHHELD),
            Event.FAULT: retreating(ToolPhase.RETREAT, RETREAT_TIME, TaskResult.FAILED, _SUSPECT),
        },
    )


def _retract() -> Row:
    """The part is ground and measured; the wheel only has to come back."""
    row = _in_contact(GrindPhase.RETRACT, "infeed back, wheel at speed", "safe position", MOVE)
    on = dict(row.on)
    on[Event.HOLD] = on[Event.HOLD_NOW] = on[Event.STOP] = carry_on("end of the task", MOVE)
    return Row(row.phase, row.motion, row.until, row.max_time, row.in_force, on)


TABLE = PhaseTable(
    (*ToolPhase, *GrindPhase),
    (
        *tool_rows(),
        before_contact(
            InForce.CLEAR,
            GrindPhase.APPROACH,
            "traverse to its start, wheel up",
            "arrived, wheel at speed",
            MOVE,
        ),
        before_contact(
            _MATERIAL, GrindPhase.LOWER, "infeed to the approach height, wheel at speed", "arrived", MOVE
        ),
        _gap(),
        _in_contact(
            GrindPhase.ROUGH,
            "infeed at rough speed under the power limit, traverse to and fro",
            "rough depth, or the finish allowance by the gauge",
            PROCESS,
        ),
        _in_contact(
            GrindPhase.FINISH,
            "infeed at finish speed under the power limit, traverse to and fro",
            "final position, or size by the gauge",
            PROCESS,
        ),
        _in_contact(
            GrindPhase.SPARK_OUT,
            "no infeed, traverse to and fro",
            "size, or the recipe's longest spark-out",
            MaxTime(2.0, 1.0),
        ),
        _retract(),
    ),
    idle=ToolPhase.IDLE,
    held=ToolPhase.HELD,
    resume=ToolPhase.WAIT_ZONE,
)
