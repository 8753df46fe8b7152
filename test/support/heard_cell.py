"""A snapshot of the demo cell in which every line was heard just now, all drives are well and at rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cell_controller.messages import (
    CellPermit,
    DriveCondition,
    DriveState,
    DriveStates,
    Guard,
    LinePhase,
    Permit,
    SafetyPhase,
)
from cell_controller.packml import Mode
from cell_controller.safety.limits import AxisLimits, Channel, SafetyLimits, SpindleLimits
from cell_controller.safety.snapshot import Snapshot
from support.rule_limits import AXIS_AT_REST, CELL_LIMITS, SPINDLE_AT_REST

NOW_S = 8.0
BUS_AHEAD_S = 1024.0  # of every bus' clock
EPOCH = 3


def heard(
    limits: SafetyLimits = CELL_LIMITS, phase: SafetyPhase = SafetyPhase.MOTION, now_s: float = NOW_S
) -> Snapshot:
    """All inputs on, a fresh permit of motion, setpoints of just now."""
    snapshot = Snapshot(limits)
    snapshot.begin(now_s)
    snapshot.phase, snapshot.phase_since_s = phase, 0.0
    snapshot.epoch, snapshot.epoch_since_s = EPOCH, 0.0
    snapshot.permit = CellPermit(mode=Mode.PRODUCTION, permit=Permit.MOTION)
    snapshot.permit_at_s = snapshot.permit_echo_s = now_s
    snapshot.setpoint_at_s = dict.fromkeys(limits.stations, now_s)
    for line in limits.lines:
        _take(snapshot, first_states(limits, line, now_s))
    return snapshot


def first_states(limits: SafetyLimits, line: str, now_s: float = NOW_S) -> DriveStates:
    """What a bus says of a line on which all is well."""
    stamp_s = now_s + BUS_AHEAD_S
    drives = tuple(replace(_at_rest(limits, d), measured_at_s=stamp_s) for d in limits.lines[line].drives)
    return DriveStates(
        line,
        LinePhase.PERMITTED,
        epoch=EPOCH,
        is_stopped=True,
        is_armed=True,
        config_hash=limits.config_hash,
        drives=drives,
        guard=Guard(line, 10, 1, stamp_s),
    )


def _at_rest(limits: SafetyLimits, drive: str) -> DriveState:
    of_drive = limits.drives[drive]
    if isinstance(of_drive, AxisLimits):
        return replace(AXIS_AT_REST, drive=drive, measured_position_m=0.0625)
    if isinstance(of_drive, SpindleLimits):
        return replace(SPINDLE_AT_REST, drive=drive)
    return DriveState(
        drive, DriveCondition.OPERATION_ENABLED, True, True, True, inputs=0xFFFF, analog_inputs=(0.0,) * 4
    )


def _take(snapshot: Snapshot, states: DriveStates, at_s: float | None = None) -> None:
    snapshot.lines[states.line].take(states, snapshot.now_s if at_s is None else at_s)


def says(snapshot: Snapshot, drive: str, **changes: Any) -> None:
    """The newest message of the drive's line again, with another state of the drive."""
    view = snapshot.line_of(drive)
    assert view.states is not None
    drives = tuple(replace(d, **changes) if d.drive == drive else d for d in view.states.drives)
    _take(snapshot, replace(view.states, drives=drives), view.received_at_s)


def says_line(snapshot: Snapshot, line: str, **changes: Any) -> None:
    """The newest message of a line again, changed."""
    view = snapshot.lines[line]
    assert view.states is not None
    _take(snapshot, replace(view.states, **changes), view.received_at_s)


def switch(snapshot: Snapshot, channel: Channel, is_on: bool) -> None:
    """Another state of an input."""
    state = snapshot.line_of(channel.module).drives[channel.module]
    inputs = state.inputs & ~channel.mask
    says(snapshot, channel.module, inputs=inputs | (channel.mask if is_on else 0))


def repeat(snapshot: Snapshot, now_s: float) -> None:
    """Later; every line has said just now what it said before."""
    snapshot.begin(now_s)
    for view in snapshot.lines.values():
        states = view.states
        assert states is not None
        later_s = now_s + BUS_AHEAD_S - states.guard.stamp_s
        drives = tuple(replace(d, measured_at_s=d.measured_at_s + later_s) for d in states.drives)
        guard = replace(states.guard, seq=states.guard.seq + 1, stamp_s=now_s + BUS_AHEAD_S)
        _take(snapshot, replace(states, drives=drives, guard=guard))
