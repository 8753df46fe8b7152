"""Phase table of the conveyor."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cell_controller.messages import TaskResult
from cell_controller.stations.phases import (
    NO_LIMIT,
    Event,
    InForce,
    MaxTime,
    Motion,
    PartVerdict,
    PhaseTable,
    Reaction,
    Row,
)
from cell_controller.stations.reactions import (
    carry_on,
    hold_to_run,
    moving_clear,
    program,
    stand,
    wait,
    without_task,
)


class ConveyorPhase(StrEnum):
    """Names in StationState.phase."""

    IDLE = "idle"
    HOME_CHECK = "home_check"
    REFERENCE = "reference"
    TO_PITCH = "to_pitch"
    WAIT_CLEAR = "wait_clear"
    INDEX = "index"
    VERIFY = "verify"
    BLOCKED = "blocked"
    RE_REFERENCE = "re_reference"
    HELD = "held"
    JOG = "jog"


_P = ConveyorPhase
_U = PartVerdict.UNCHANGED
_CLEAR = InForce.CLEAR
ZONES = MaxTime(120.0)  # stations finish their parts first; minutes more are a defect
CHECK = MaxTime(3.0)  # sensors and modules answer in a fraction of it
MOVE = MaxTime(6.0, 3.0)  # three times the expected travel, and the jam is detected long before
_BLOCK = Reaction(Motion.BACK, "at the pitch it left", MOVE, True, _U, _P.BLOCKED)


def _standing(phase: _P, motion: str, until: str, max_time: MaxTime) -> Row:
    """The belt stands: everything ends or holds at once."""
    held = Reaction(Motion.STAND, "at once", MaxTime(0.0), True, _U, _P.HELD)
    return Row(
        phase,
        motion,
        until,
        max_time,
        _CLEAR,
        {
            Event.HOLD: held,
            Event.HOLD_NOW: held,
            Event.STOP: stand(_P.IDLE, TaskResult.STOPPED),
            Event.ABORT: program(_U, _P.IDLE),
            Event.PERMIT_LOST: program(_U, _P.IDLE),
            Event.WITHHELD: wait(),
            Event.FAULT: stand(_P.IDLE, TaskResult.FAILED),
        },
    )


def _moving(fault: Reaction) -> Mapping[Event, Reaction]:
    """The belt moves: the nearest hold point is the end of the move, where parts stand on their places."""
    finish = carry_on("the move is finished", MOVE, _U, may_resume=True)
    return {
        Event.HOLD: finish,
        Event.HOLD_NOW: finish,
        Event.STOP: finish,
        Event.ABORT: program(_U, _P.IDLE),
        Event.PERMIT_LOST: program(_U, _P.IDLE),
        Event.WITHHELD: wait(),
        Event.FAULT: fault,
    }


def _back() -> Mapping[Event, Reaction]:
    """Going back after a block: the task is as good as ended or held, the belt returns to its pitch first."""
    on = dict(_moving(stand(_P.IDLE, TaskResult.FAILED)))
    on[Event.STOP] = carry_on("at the pitch it left", MOVE, _U, TaskResult.STOPPED)
    return on


def _held() -> Row:
    row = _standing(_P.HELD, "stands on a pitch", "directive run, then the task resumes", NO_LIMIT)
    on = dict(row.on)
    on[Event.HOLD] = on[Event.HOLD_NOW] = Reaction(Motion.STAND, "directive run", NO_LIMIT, True, _U)
    return Row(row.phase, row.motion, row.until, row.max_time, row.in_force, on)


TABLE = PhaseTable(
    tuple(ConveyorPhase),
    (
        Row(_P.IDLE, "stands", "a task", NO_LIMIT, _CLEAR, without_task()),
        Row(
            _P.HOME_CHECK,
            "stands",
            "zones granted, clamps open, sensors heard",
            ZONES,
            _CLEAR,
            moving_clear(_P.IDLE),
        ),
        Row(
            _P.REFERENCE,
            "the drive finds its zero, as the cell file says; left out while it is known",
            "the drive reports its reference",
            MOVE,
            _CLEAR,
            _moving(stand(_P.IDLE, TaskResult.FAILED)),
        ),
        Row(
            _P.TO_PITCH,
            "slowly to the pitch that an unfinished index left, else to the nearest",
            "on a pitch",
            MOVE,
            _CLEAR,
            _moving(stand(_P.IDLE, TaskResult.FAILED)),
        ),
        _standing(_P.WAIT_CLEAR, "stands", "zones granted, clamps open, last place free", ZONES),
        Row(
            _P.INDEX,
            "profile move of one pitch",
            "in place, every part has left its sensor",
            MOVE,
            _CLEAR,
            _moving(_BLOCK),
        ),
        Row(
            _P.VERIFY,
            "stands",
            "sensors agree with the shift register",
            CHECK,
            _CLEAR,
            _moving(stand(_P.IDLE, TaskResult.FAILED)),
        ),
        Row(
            _P.BLOCKED,
            "ramps down",
            "standstill",
            CHECK,
            _CLEAR,
            _back(),
        ),
        Row(
            _P.RE_REFERENCE,
            "slowly back to the pitch it left, of a belt without absolute encoder to its mark",
            "in place, sensors as before the index",
            MOVE,
            _CLEAR,
            _back(),
        ),
        _held(),
        Row(_P.JOG, "the belt at manual speed", "released", NO_LIMIT, _CLEAR, hold_to_run(_P.IDLE)),
    ),
    idle=_P.IDLE,
    held=_P.HELD,
    resume=_P.WAIT_CLEAR,
)
