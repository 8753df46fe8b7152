"""Every rule of an axis by itself: at its limit, just beyond it, and to the last word of what it says."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan, sqrt

import pytest

from cell_controller.messages import CellPermit, DriveState, SafetyPhase
from cell_controller.packml import Mode
from cell_controller.safety import axis_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AxisLimits
from cell_controller.safety.rule import AxisCheck
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import AxisTrace
from support.rule_limits import AXIS, AXIS_AT_REST, CELL_LIMITS, above, below

TOLERANCE_M = 1.0e-5
CHECKS: tuple[AxisCheck, ...] = (
    axis_rules.numbers,
    axis_rules.jump,
    axis_rules.frozen,
    axis_rules.depth_floor,
    axis_rules.position,
    axis_rules.overspeed,
    axis_rules.acceleration,
    axis_rules.axial_force,
    axis_rules.motor_force,
)


def snapshot(phase: SafetyPhase = SafetyPhase.MOTION) -> Snapshot:
    snapshot = Snapshot(CELL_LIMITS)
    snapshot.phase = phase
    return snapshot


def trace(limits: AxisLimits = AXIS, state: DriveState | None = AXIS_AT_REST, **changes: float) -> AxisTrace:
    trace = AxisTrace(limits)
    trace.state = replace(state, **changes) if state else None
    return trace


def says(check: AxisCheck, axis: AxisTrace, phase: SafetyPhase = SafetyPhase.MOTION) -> Finding | None:
    return check(snapshot(phase), axis)


@pytest.mark.parametrize("check", CHECKS)
def test_an_axis_at_rest_is_ok_and_so_is_one_that_says_nothing(check: AxisCheck) -> None:
    assert says(check, trace()) is None
    silent = trace(state=None)
    silent.jump_m = silent.acceleration_m_s2 = silent.owed_m = silent.still_s = 100.0
    assert says(check, silent) is None


def test_position_speed_and_force_are_numbers() -> None:
    for name in ("measured_position_m", "measured_speed_m_s"):
        for value in (nan, inf, -inf):
            assert says(axis_rules.numbers, trace(**{name: value})) == Finding(
                RuleName.NOT_A_NUMBER, "axis", "position or speed is not a number"
            )
    assert says(axis_rules.numbers, trace(measured_force_n=nan)) == Finding(
        RuleName.NOT_A_NUMBER, "axis", "force is not a number"
    )
    blind = replace(AXIS, measures_force=False)
    assert says(axis_rules.numbers, trace(blind, measured_force_n=nan)) is None
    assert says(axis_rules.numbers, trace(blind, measured_speed_m_s=nan)) is not None


def test_any_jump_counts() -> None:
    axis = trace()
    axis.jump_m = 1.0
    text = "position has jumped further than it can have moved"
    assert says(axis_rules.jump, axis) == Finding(RuleName.IMPLAUSIBLE, "axis", text, 1.0, 0.0, "m")
    axis.jump_m = 1.0e-9
    assert says(axis_rules.jump, axis) == Finding(RuleName.IMPLAUSIBLE, "axis", text, 1.0e-9, 0.0, "m")


@pytest.mark.parametrize("owed_m", [2.0e-6, -2.0e-6])
def test_a_frozen_axis_owes_a_way_and_has_stood_for_its_time(owed_m: float) -> None:
    axis = trace()
    axis.owed_m, axis.still_s = owed_m, 0.25
    text = "position does not change while motion is commanded"
    assert says(axis_rules.frozen, axis) == Finding(RuleName.FROZEN, "axis", text, 0.25, 0.25, "s")
    axis.still_s = below(0.25)
    assert says(axis_rules.frozen, axis) is None
    axis.still_s, axis.owed_m = 0.25, 0.999 * owed_m
    assert says(axis_rules.frozen, axis) is None


def test_the_floor_trips_ten_micrometres_below_and_warns_before() -> None:
    for at_m, text, is_warning in (
        (below(0.5 - TOLERANCE_M), "is below its depth floor", False),
        (0.5 - TOLERANCE_M, "is at its depth floor", True),
        (below(0.5), "is at its depth floor", True),
    ):
        assert says(axis_rules.depth_floor, trace(measured_position_m=at_m)) == Finding(
            RuleName.DEPTH_FLOOR, "axis", text, at_m, 0.5, "m", is_warning
        )
    assert says(axis_rules.depth_floor, trace(measured_position_m=0.5)) is None


def test_an_axis_without_floor_or_without_zero_is_nowhere_below_one() -> None:
    assert says(axis_rules.depth_floor, trace(replace(AXIS, floor_m=None), measured_position_m=0.0)) is None
    for check in (axis_rules.depth_floor, axis_rules.position):
        assert says(check, trace(is_homed=False, measured_position_m=-1.0)) is None


@pytest.mark.parametrize(
    ("at_m", "text", "limit_m", "is_warning"),
    [
        (-1.0e-5, "is at its lower limit", 0.0, True),
        (below(-1.0e-5), "is below its lower limit", 0.0, False),
        (above(4.0), "is at its upper limit", 4.0, True),
        (4.0001, "is above its upper limit", 4.0, False),
    ],
)
def test_soft_limits_trip_ten_micrometres_outside(
    at_m: float, text: str, limit_m: float, is_warning: bool
) -> None:
    assert says(axis_rules.position, trace(measured_position_m=at_m)) == Finding(
        RuleName.LIMITS, "axis", text, at_m, limit_m, "m", is_warning
    )


@pytest.mark.parametrize("at_m", [0.0, 4.0])
def test_the_soft_limits_themselves_are_inside(at_m: float) -> None:
    assert says(axis_rules.position, trace(measured_position_m=at_m)) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_an_axis_is_too_fast_beyond_its_share_and_the_noise_of_standstill(sign: float) -> None:
    warns_m_s, trips_m_s = 2.0 * 1.015625 + 0.25, 2.0 * 1.03125 + 0.25

    def at(speed_m_s: float) -> Finding | None:
        return says(axis_rules.overspeed, trace(measured_speed_m_s=sign * speed_m_s))

    assert at(warns_m_s) is None
    text = "is nearly too fast"
    for speed_m_s in (above(warns_m_s), trips_m_s):
        assert at(speed_m_s) == Finding(RuleName.OVERSPEED, "axis", text, speed_m_s, 2.0, "m/s", True)
    fast_m_s = above(trips_m_s)
    assert at(fast_m_s) == Finding(RuleName.OVERSPEED, "axis", "is too fast", fast_m_s, 2.0, "m/s")


@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_acceleration_warns_at_five_quarters_and_trips_at_one_and_a_half(phase: SafetyPhase) -> None:
    axis = trace()

    def at(value: float, during: SafetyPhase = phase) -> Finding | None:
        axis.acceleration_m_s2 = value
        return says(axis_rules.acceleration, axis, during)

    assert at(5.0) is None
    text = "acceleration is nearly too high"
    for value in (above(5.0), 6.0):
        assert at(value) == Finding(RuleName.ACCELERATION, "axis", text, value, 4.0, "m/s²", True)
    text = "acceleration is too high"
    assert at(above(6.0)) == Finding(RuleName.ACCELERATION, "axis", text, above(6.0), 4.0, "m/s²")
    for quiet in (SafetyPhase.TRIPPED, SafetyPhase.HOLD):
        assert at(above(6.0), quiet) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_axial_force_warns_at_its_share_and_trips_above_its_limit(sign: float) -> None:
    def at(force_n: float) -> Finding | None:
        return says(axis_rules.axial_force, trace(measured_force_n=sign * force_n))

    assert at(224.0) is None
    text = "force is nearly too high"
    for force_n in (above(224.0), 256.0):
        assert at(force_n) == Finding(RuleName.FORCE, "axis", text, force_n, 256.0, "N", True)
    text, force_n = "force is too high", above(256.0)
    assert at(force_n) == Finding(RuleName.FORCE, "axis", text, force_n, 256.0, "N")
    free = replace(AXIS, max_axial_force_n=None)
    assert says(axis_rules.axial_force, trace(free, measured_force_n=force_n)) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_motor_may_be_at_its_force_limit_and_not_much_above(sign: float) -> None:
    def at(force_n: float) -> Finding | None:
        return says(axis_rules.motor_force, trace(measured_force_n=sign * force_n))

    assert at(128.0) is None
    text = "is at its force limit"
    for force_n in (above(128.0), 136.0):
        assert at(force_n) == Finding(RuleName.TORQUE, "axis", text, force_n, 128.0, "N", True)
    text, force_n = "pushes harder than its drive is told to", above(136.0)
    assert at(force_n) == Finding(RuleName.TORQUE, "axis", text, force_n, 128.0, "N")


def tool(
    speeds_m_s: tuple[float | None, ...],
    *,
    mode: int = Mode.MANUAL,
    phase: SafetyPhase = SafetyPhase.MOTION,
) -> Finding | None:
    """What the rule says of a robot whose axes have these speeds; None: the axis says nothing."""
    asked = snapshot(phase)
    asked.permit = CellPermit(mode=mode)
    axes = CELL_LIMITS.stations["robot"].axes
    for name, speed_m_s in zip(axes, speeds_m_s, strict=True):
        state = replace(AXIS_AT_REST, measured_speed_m_s=speed_m_s) if speed_m_s is not None else None
        asked.axes[name].state = state
    return axis_rules.reduced_speed(asked, "robot")


def test_a_tool_is_slow_outside_production_by_the_sum_of_its_axes() -> None:
    text = "its tool is too fast for manual operation"
    for speeds_m_s in ((0.25, 0.125, 0.0), (0.125, 0.0, -0.25), (-0.125, -0.25, None)):
        assert tool(speeds_m_s) == Finding(RuleName.REDUCED_SPEED, "robot", text, sqrt(0.078125), 0.25, "m/s")
    text = "its tool is nearly too fast for manual operation"
    for speed_m_s in (0.24, 0.25):
        assert tool((0.0, speed_m_s, None)) == Finding(
            RuleName.REDUCED_SPEED, "robot", text, speed_m_s, 0.25, "m/s", True
        )
    assert tool((0.95 * 0.25, 0.0, 0.0)) is None
    assert tool((None, None, None)) is None


@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.MAINTENANCE])
@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_a_tool_has_to_be_slow_in_every_other_mode_while_it_may_move(mode: int, phase: SafetyPhase) -> None:
    fast = (1.0, 1.0, 1.0)
    assert tool(fast, mode=mode, phase=phase) is not None
    assert tool(fast, mode=Mode.PRODUCTION, phase=phase) is None
    for quiet in (SafetyPhase.TRIPPED, SafetyPhase.HOLD):
        assert tool(fast, mode=mode, phase=quiet) is None
    asked = snapshot(phase)
    asked.axes["weld_x"].state = replace(AXIS_AT_REST, measured_speed_m_s=1.0)
    assert axis_rules.reduced_speed(asked, "robot") is None, "there is no permit"
