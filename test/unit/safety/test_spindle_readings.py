"""The trace of a spindle from reading to reading: when it has to follow, and when it turns."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from cell_controller.messages import Allowed, DriveCondition, DriveSetpoint, LineDrive, SetpointKind
from cell_controller.safety.traces import SpindleTrace
from support.rule_limits import SPINDLE, SPINDLE_AT_REST, above

TURN = LineDrive(
    "spindle",
    Allowed.MOTION,
    setpoint=DriveSetpoint("spindle", SetpointKind.VELOCITY, target_speed_rpm=-512.0),
)


def wish(command: LineDrive, **changes: Any) -> LineDrive:
    """The command with another setpoint."""
    return replace(command, setpoint=replace(command.setpoint, **changes))


def turn(
    trace: SpindleTrace, at_s: float, rpm: float = 0.0, command: LineDrive | None = TURN, **changes: Any
) -> SpindleTrace:
    trace.take(replace(SPINDLE_AT_REST, measured_at_s=at_s, measured_speed_rpm=rpm, **changes), command)
    return trace


def spindle(*times: float) -> SpindleTrace:
    """A spindle that stands at each of these times while it is told to turn."""
    trace = SpindleTrace(SPINDLE)
    for at_s in times:
        turn(trace, at_s)
    return trace


LATE = (10.0, 10.0625, 10.125, 10.1875, 10.25)  # stands still for 0.0625 s after its reaction time


def test_a_spindle_has_the_time_of_a_reaction_to_follow() -> None:
    assert SpindleTrace(SPINDLE).still_s == 0.0
    assert spindle(*LATE[:-1]).still_s == 0.0, "commanded for 0.125 s"
    trace = spindle(*LATE)
    assert trace.still_s == 0.0625
    assert turn(trace, 10.375).still_s == 0.1875


def test_a_reading_of_a_spindle_that_is_repeated_is_none() -> None:
    trace = spindle(*LATE)
    assert turn(trace, 10.25, 100.0).still_s == 0.0625
    assert turn(trace, 10.25, 0.0, None).still_s == 0.0625
    assert turn(trace, 10.3125).still_s == 0.125
    twice = spindle(10.0, 10.0)
    for at_s in (10.0625, 10.125, 10.1875):
        turn(twice, at_s)
    assert twice.still_s == 0.0


def test_any_change_of_speed_counts_as_following() -> None:
    trace = spindle(*LATE)
    assert turn(trace, 10.3125, -(2.0**-20)).still_s == 0.0
    assert turn(trace, 10.375, -(2.0**-20)).still_s == 0.0625, "it is still commanded"


def test_an_older_reading_of_a_spindle_is_the_first_again() -> None:
    """The clock of a bus that was restarted elsewhere may be younger than the one before."""
    trace = spindle(*LATE)
    assert turn(trace, 9.0, 8.0).still_s == 0.0
    for at_s in (9.0625, 9.125, 9.1875):
        assert turn(trace, at_s, 8.0).still_s == 0.0
    assert turn(trace, 9.25, 8.0).still_s == 0.0625


@pytest.mark.parametrize("rpm", [nan, inf])
def test_a_spindle_without_a_speed_begins_anew(rpm: float) -> None:
    trace = spindle(*LATE)
    assert turn(trace, 10.3125, rpm).still_s == 0.0
    for at_s in (10.375, 10.4375, 10.5, 10.5625):
        assert turn(trace, at_s).still_s == 0.0
    assert turn(trace, 10.625).still_s == 0.0625
    trace.take(None, TURN)
    assert (trace.state, trace.still_s) == (None, 0.0)
    assert turn(trace, 10.6875).still_s == 0.0


NOT_DUE: dict[str, tuple[LineDrive | None, dict[str, Any]]] = {
    "no command": (None, {}),
    "hold": (replace(TURN, allowed=Allowed.HOLD), {}),
    "nothing that turns": (wish(TURN, kind=SetpointKind.NONE), {}),
    "not switched on": (TURN, {"condition": DriveCondition.SWITCHED_ON}),
    "near": (wish(TURN, target_speed_rpm=0.1 * 1024.0), {}),
    "near at speed": (wish(TURN, target_speed_rpm=-512.0), {"rpm": -500.0}),
}


@pytest.mark.parametrize("case", NOT_DUE)
def test_a_spindle_that_has_nothing_to_follow_is_not_frozen(case: str) -> None:
    command, state = NOT_DUE[case]
    trace = turn(spindle(*LATE), 10.3125, command=command, **state)
    assert trace.still_s == 0.0
    for at_s in (10.375, 10.4375, 10.5, 10.5625, 10.625):
        assert turn(trace, at_s, command=command, **state).still_s == 0.0
    for at_s in (10.6875, 10.75, 10.8125):
        assert turn(trace, at_s).still_s == 0.0, "its time begins anew"


@pytest.mark.parametrize("allowed", [Allowed.MOTION, Allowed.RECOVERY])
def test_a_spindle_more_than_a_tenth_of_its_limit_away_has_to_follow(allowed: Allowed) -> None:
    trace = SpindleTrace(SPINDLE)
    for at_s in LATE:
        turn(trace, at_s, 0.0, wish(replace(TURN, allowed=allowed), target_speed_rpm=above(0.1 * 1024.0)))
    assert trace.still_s == 0.0625


@pytest.mark.parametrize(
    ("rpm", "is_turning"), [(16.0, False), (-16.0, False), (above(16.0), True), (-16.5, True), (nan, True)]
)
def test_a_spindle_turns_above_its_standstill(rpm: float, is_turning: bool) -> None:
    assert turn(SpindleTrace(SPINDLE), 10.0, rpm).is_turning is is_turning


def test_a_spindle_of_which_nothing_is_known_turns() -> None:
    assert SpindleTrace(SPINDLE).is_turning
