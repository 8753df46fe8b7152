"""The trace of an axis from reading to reading: when a way counts, when a jump, when a speed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from cell_controller.messages import Allowed, DriveCondition, DriveSetpoint, LineDrive, SetpointKind
from cell_controller.safety.limits import AxisLimits
from cell_controller.safety.traces import AxisTrace
from support.rule_limits import AXIS, AXIS_AT_REST, above

JITTER_S = 0.02
ARRIVED_M = 0.0005
REACTION_S = 0.125  # of axis and spindle

SLOW = LineDrive(
    "axis", Allowed.MOTION, setpoint=DriveSetpoint("axis", SetpointKind.VELOCITY, target_speed_m_s=-0.5)
)
MOVE = LineDrive(
    "axis",
    Allowed.MOTION,
    setpoint=DriveSetpoint("axis", SetpointKind.MOVE, 7, target_position_m=2.0, target_speed_m_s=0.5),
)
SEARCH = LineDrive("axis", Allowed.MOTION, setpoint=DriveSetpoint("axis", SetpointKind.REFERENCE, 7))


def wish(command: LineDrive, **changes: Any) -> LineDrive:
    """The command with another setpoint."""
    return replace(command, setpoint=replace(command.setpoint, **changes))


def read(
    trace: AxisTrace,
    at_s: float,
    position_m: float = 1.0,
    speed_m_s: float = 0.0,
    command: LineDrive | None = None,
    **changes: Any,
) -> AxisTrace:
    state = replace(
        AXIS_AT_REST,
        measured_at_s=at_s,
        measured_position_m=position_m,
        measured_speed_m_s=speed_m_s,
        move_id=7,
        **changes,
    )
    trace.take(state, command)
    return trace


def axis(at_s: float = 10.0, limits: AxisLimits = AXIS, **first: Any) -> AxisTrace:
    """A trace with one reading."""
    return read(AxisTrace(limits), at_s, **first)


def seen(trace: AxisTrace) -> tuple[float, float, float, float]:
    return trace.acceleration_m_s2, trace.jump_m, trace.owed_m, trace.still_s


NOTHING = (0.0, 0.0, 0.0, 0.0)


def test_the_first_reading_shows_nothing_but_where_the_axis_is() -> None:
    trace = axis(position_m=3.0, speed_m_s=1.5, command=SLOW)
    assert seen(trace) == NOTHING
    assert (trace.position_m, trace.state) == (3.0, trace.state)
    assert trace.state is not None


def test_a_reading_without_a_place_is_none_and_the_next_is_the_first() -> None:
    for lost in (nan, inf):
        trace = axis()
        read(trace, 10.0625, position_m=lost, speed_m_s=2.0)
        assert trace.position_m is None
        assert seen(trace) == NOTHING
        read(trace, 10.125, position_m=3.0, speed_m_s=2.0)
        assert (trace.position_m, seen(trace)) == (3.0, NOTHING)


def test_what_was_seen_is_forgotten_with_the_clock_of_the_bus() -> None:
    trace = axis()
    for n in range(1, 6):
        read(trace, 10.0 + n / 16.0, command=SLOW)
    read(trace, 10.375, position_m=3.0, speed_m_s=2.0)
    assert trace.jump_m > 0.0
    assert trace.acceleration_m_s2 > 0.0
    read(trace, 9.0, position_m=2.0)
    assert (trace.position_m, seen(trace)) == (2.0, NOTHING)
    read(trace, 9.0625, position_m=2.0)
    assert seen(trace) == NOTHING


def test_a_reading_of_an_axis_that_is_repeated_is_none() -> None:
    trace = follow(axis(), MOVE, (10.0625, 10.125))
    before = (trace.position_m, *seen(trace))
    read(trace, 10.125, position_m=3.0, speed_m_s=2.0)
    assert (trace.position_m, *seen(trace)) == before
    read(trace, 11.125, command=MOVE)
    assert trace.still_s == 1.0625


def test_after_a_silence_the_next_reading_is_the_first() -> None:
    trace = axis()
    trace.take(None, None)
    assert (trace.state, trace.position_m) == (None, None)
    read(trace, 10.0625, position_m=3.0, speed_m_s=2.0)
    assert (trace.position_m, seen(trace)) == (3.0, NOTHING)


def test_acceleration_is_the_change_of_speed_less_noise_over_at_least_35_ms() -> None:
    trace = axis(speed_m_s=0.5)
    read(trace, 10.03125, speed_m_s=2.0)
    assert trace.acceleration_m_s2 == 0.0
    read(trace, 10.0625, speed_m_s=1.75)
    assert trace.acceleration_m_s2 == (1.25 - 0.25) / 0.0625
    read(trace, 10.125, speed_m_s=-0.25)
    assert trace.acceleration_m_s2 == (2.0 - 0.25) / 0.0625
    read(trace, 10.25, speed_m_s=0.0)
    assert trace.acceleration_m_s2 == 0.0
    trace = axis(at_s=0.0)
    read(trace, 0.035, speed_m_s=1.0)
    assert trace.acceleration_m_s2 == pytest.approx(0.75 / 0.035)


@pytest.mark.parametrize("way_m", [1.0, -1.0])
@pytest.mark.parametrize(
    ("was_m_s", "is_m_s", "dt_s", "most_m"),
    [
        (0.0, 0.0, 0.0625, 4.0 * (0.0625 + JITTER_S) ** 2 / 2.0),  # a ramp
        (0.5, 0.0, 0.0625, 0.5 * (0.0625 + JITTER_S) + 4.0 * (0.0625 + JITTER_S) ** 2 / 2.0),
        (-0.5, 0.25, 0.0625, 0.5 * (0.0625 + JITTER_S) + 4.0 * (0.0625 + JITTER_S) ** 2 / 2.0),
        (0.25, -0.5, 0.0625, 0.5 * (0.0625 + JITTER_S) + 4.0 * (0.0625 + JITTER_S) ** 2 / 2.0),
        (2.0, 2.0, 0.25, 2.0 * (0.25 + JITTER_S)),  # at its fastest
    ],
)
def test_a_jump_is_the_way_that_no_ramp_and_no_speed_explains(
    was_m_s: float, is_m_s: float, dt_s: float, most_m: float, way_m: float
) -> None:
    trace = axis(position_m=2.0, speed_m_s=was_m_s)
    read(trace, 10.0 + dt_s, position_m=2.0 + way_m, speed_m_s=is_m_s)
    assert trace.jump_m == pytest.approx(1.0 - most_m - ARRIVED_M)
    read(trace, 10.0 + 2.0 * dt_s, position_m=2.0 + way_m, speed_m_s=is_m_s)
    assert trace.jump_m == 0.0, "it is told of one reading"


def test_the_speed_of_the_reading_before_is_that_of_the_newest_but_one() -> None:
    trace = axis(speed_m_s=0.0)
    read(trace, 10.0625, speed_m_s=-0.5)
    read(trace, 10.125, position_m=2.0)
    time_s = 0.0625 + JITTER_S
    assert trace.jump_m == pytest.approx(1.0 - 0.5 * time_s - 2.0 * time_s**2 - ARRIVED_M)


def test_a_way_that_can_be_is_no_jump() -> None:
    trace = axis()
    read(trace, 10.0625, position_m=1.013)
    assert trace.jump_m == 0.0


@pytest.mark.parametrize(("was", "is_now"), [(False, False), (False, True), (True, False)])
def test_positions_without_a_zero_may_jump(was: bool, is_now: bool) -> None:
    trace = axis(is_homed=was)
    read(trace, 10.0625, position_m=2.0, is_homed=is_now)
    assert trace.jump_m == 0.0
    read(trace, 10.125, position_m=1.0, is_homed=True)
    assert (trace.jump_m > 0.0) is is_now


def test_a_search_may_set_a_new_zero_for_the_time_of_a_reaction() -> None:
    trace = axis()
    read(trace, 10.125, position_m=2.0, command=SEARCH)
    assert trace.jump_m == 0.0
    read(trace, 10.25, position_m=1.0)
    assert trace.jump_m == 0.0
    read(trace, 10.25 + 2.0**-10, position_m=2.0)
    assert trace.jump_m > 0.0


def test_a_search_that_is_not_allowed_sets_none() -> None:
    trace = axis()
    read(trace, 10.125, position_m=2.0, command=replace(SEARCH, allowed=Allowed.HOLD))
    assert trace.jump_m > 0.0


def follow(trace: AxisTrace, command: LineDrive | None, times: Iterable[float], **state: Any) -> AxisTrace:
    for at_s in times:
        read(trace, at_s, command=command, **state)
    return trace


def test_a_velocity_has_the_time_of_a_reaction_to_show() -> None:
    trace = follow(axis(), SLOW, (10.0625, 10.125, 10.1875))
    assert seen(trace) == NOTHING, "commanded for 0.125 s"
    read(trace, 10.25, command=SLOW)
    assert (trace.owed_m, trace.still_s) == (-0.5 * 0.0625, 0.0625)
    read(trace, 10.375, command=SLOW)
    assert (trace.owed_m, trace.still_s) == (-0.5 * 0.1875, 0.1875)


def test_a_move_that_the_drive_has_accepted_shows_at_once() -> None:
    trace = follow(axis(), MOVE, (10.0625,))
    assert seen(trace) == NOTHING
    read(trace, 10.125, command=MOVE)
    assert (trace.owed_m, trace.still_s) == (0.5 * 0.0625, 0.0625)
    back = follow(axis(), wish(MOVE, target_position_m=0.25), (10.0625, 10.125))
    assert (back.owed_m, back.still_s) == (-0.5 * 0.0625, 0.0625)


def test_any_way_at_all_pays_what_is_owed() -> None:
    trace = follow(axis(), MOVE, (10.0625, 10.125))
    read(trace, 10.1875, position_m=1.0 - 2.0**-30, command=MOVE)
    assert (trace.owed_m, trace.still_s) == (0.0, 0.0)
    read(trace, 10.25, position_m=1.0 - 2.0**-30, command=MOVE)
    assert (trace.owed_m, trace.still_s) == (0.5 * 0.0625, 0.0625), "it is still commanded"


STILL: dict[str, tuple[LineDrive | None, dict[str, Any]]] = {
    "no command": (None, {}),
    "hold": (replace(SLOW, allowed=Allowed.HOLD), {}),
    "a stop program": (replace(SLOW, allowed=Allowed.STOP_PROGRAM), {}),
    "no speed": (wish(SLOW, target_speed_m_s=0.0), {}),
    "another move": (wish(MOVE, move_id=8), {}),
    "a target that is reached": (wish(MOVE, target_position_m=ARRIVED_M), {"position_m": 0.0}),
    "nothing that moves": (wish(MOVE, kind=SetpointKind.NONE), {}),
    "a search": (SEARCH, {}),
    "not switched on": (SLOW, {"condition": DriveCondition.SWITCHED_ON}),
}


@pytest.mark.parametrize("case", STILL)
def test_what_commands_no_motion_owes_no_way_and_ends_what_was_owed(case: str) -> None:
    command, state = STILL[case]
    times = tuple(10.0 + n / 16.0 for n in range(1, 9))
    place = {"position_m": state.get("position_m", 1.0)}
    assert seen(follow(axis(**place), command, times, **state)) == NOTHING
    trace = follow(axis(**place), SLOW, times, **place)
    assert trace.still_s > 0.0
    follow(trace, command, (11.0,), **state)
    assert seen(trace) == NOTHING
    follow(trace, SLOW, (11.0625, 11.125, 11.1875), **place)
    assert seen(trace) == NOTHING, "its time begins anew"


def test_a_target_just_beyond_arrival_is_a_way_to_go() -> None:
    trace = follow(
        axis(position_m=0.0),
        wish(MOVE, target_position_m=above(ARRIVED_M)),
        (10.0625, 10.125),
        position_m=0.0,
    )
    assert trace.still_s > 0.0


@pytest.mark.parametrize("allowed", [Allowed.MOTION, Allowed.RECOVERY])
def test_motion_and_recovery_both_command(allowed: Allowed) -> None:
    assert follow(axis(), replace(MOVE, allowed=allowed), (10.0625, 10.125)).still_s > 0.0
