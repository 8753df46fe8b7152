"""The limits of one drive, applied to one setpoint: exactly at them, and just outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import DriveSetpoint, DriveState, SetpointKind
from cell_controller.safety import limits_of
from cell_controller.safety.clip import approach_speed_m_s, clip_axis, clip_spindle, fault_of
from cell_controller.safety.limits import AxisLimits, ModuleLimits, SpindleLimits
from support.interlock_bench import demo_cell

LIMITS = limits_of(*demo_cell())
SPINDLES = [limits for limits in LIMITS.drives.values() if isinstance(limits, SpindleLimits)]
MODULES = [limits for limits in LIMITS.drives.values() if isinstance(limits, ModuleLimits)]


def axis(name: str) -> AxisLimits:
    limits = LIMITS.drives[name]
    assert isinstance(limits, AxisLimits)
    return limits


X, SPINDLE = axis("weld_x"), SPINDLES[0]  # weld_x: -0.02 to 0.4 m
AT_ZERO = DriveState("weld_x", is_homed=True, measured_position_m=0.0)
GOOD_MOVE = DriveSetpoint("weld_x", SetpointKind.MOVE, 1, 0.1, 0.05, 1.0)


def clipped_x(setpoint: DriveSetpoint, state: DriveState = AT_ZERO) -> tuple[DriveSetpoint | None, str]:
    clipped = clip_axis(X, setpoint, state, max_speed_m_s=X.max_speed_m_s, max_force_n=X.max_force_n)
    return clipped.setpoint, clipped.warning


@pytest.mark.parametrize(
    "at_the_limit",
    [
        {"target_position_m": X.lowest_m},
        {"target_position_m": X.max_m},
        {"target_speed_m_s": X.max_speed_m_s},
        {"target_acceleration_m_s2": X.max_acceleration_m_s2},
        {"force_limit_n": X.max_force_n},
    ],
)
def test_a_move_at_a_limit_passes_as_it_is(at_the_limit: dict[str, float]) -> None:
    setpoint = replace(GOOD_MOVE, **at_the_limit)
    assert clipped_x(setpoint) == (setpoint, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_position_m": X.lowest_m - 1e-9},
        {"target_position_m": X.max_m + 1e-9},
        {"target_speed_m_s": 0.0},
        {"target_acceleration_m_s2": 0.0},
        {"target_acceleration_m_s2": -1.0},
        {"force_limit_n": -1e-9},
    ],
)
def test_a_move_that_makes_no_sense_is_refused_in_words(wrong: dict[str, float]) -> None:
    setpoint, warning = clipped_x(replace(GOOD_MOVE, **wrong))
    assert setpoint is None
    assert warning.startswith("weld_x: ")


def test_an_axis_with_a_floor_and_without_a_zero_takes_no_target() -> None:
    z = axis("weld_z")
    setpoint = replace(GOOD_MOVE, drive="weld_z", target_speed_m_s=0.01)
    limits = {"max_speed_m_s": z.max_speed_m_s, "max_force_n": z.max_force_n}
    state = DriveState("weld_z", is_homed=True, measured_position_m=0.05)
    assert clip_axis(z, setpoint, state, **limits).setpoint == setpoint
    clipped = clip_axis(z, setpoint, replace(state, is_homed=False), **limits)
    assert clipped.setpoint is None
    assert clipped.warning == "weld_z: has no zero, so no target is known to be above its floor"
    jog = replace(setpoint, kind=SetpointKind.VELOCITY)
    assert clip_axis(z, jog, replace(state, is_homed=False), **limits).setpoint == jog
    assert clipped_x(GOOD_MOVE, replace(AT_ZERO, is_homed=False)) == (GOOD_MOVE, "")


def test_the_force_of_a_setpoint_is_clipped_to_the_limit_for_the_moment() -> None:
    for kind in (SetpointKind.MOVE, SetpointKind.VELOCITY, SetpointKind.REFERENCE, SetpointKind.STOP):
        setpoint = replace(GOOD_MOVE, kind=kind, force_limit_n=500.0)
        clipped = clip_axis(X, setpoint, AT_ZERO, max_speed_m_s=0.1, max_force_n=400.0).setpoint
        assert clipped == replace(setpoint, force_limit_n=400.0)


def test_a_reference_at_its_speed_limit_passes_and_a_faster_one_is_slowed_in_words() -> None:
    reference = replace(GOOD_MOVE, kind=SetpointKind.REFERENCE, target_speed_m_s=X.max_speed_m_s)
    assert clipped_x(reference) == (reference, "")
    setpoint, warning = clipped_x(replace(reference, target_speed_m_s=9.0))
    assert setpoint == reference
    assert warning.startswith("weld_x: speed of the reference")
    setpoint, warning = clipped_x(replace(reference, target_speed_m_s=0.0))
    assert setpoint is None
    assert warning.startswith("weld_x: a reference needs")


@pytest.mark.parametrize(("position_m", "speed_m_s", "way_m"), [(0.0, -0.2, 0.02), (0.38, 0.2, 0.02)])
def test_a_jog_may_be_as_fast_as_the_way_to_either_end_allows(
    position_m: float, speed_m_s: float, way_m: float
) -> None:
    state = replace(AT_ZERO, measured_position_m=position_m)
    allowed_m_s = approach_speed_m_s(X, way_m)
    assert 0.0 < allowed_m_s < abs(speed_m_s)
    setpoint, warning = clipped_x(
        DriveSetpoint("weld_x", SetpointKind.VELOCITY, target_speed_m_s=speed_m_s), state
    )
    assert setpoint is not None
    assert setpoint.target_speed_m_s == pytest.approx(allowed_m_s * speed_m_s / abs(speed_m_s))
    assert warning.startswith("weld_x: ")
    assert clipped_x(setpoint, state) == (setpoint, "")


def test_a_spindle_at_its_limit_turns_as_it_was_told() -> None:
    setpoint = DriveSetpoint(SPINDLE.name, SetpointKind.VELOCITY, target_speed_rpm=-SPINDLE.max_speed_rpm)
    clipped = clip_spindle(SPINDLE, setpoint, max_speed_rpm=SPINDLE.max_speed_rpm)
    assert (clipped.setpoint, clipped.warning) == (setpoint, "")


def test_a_station_without_outputs_on_a_module_may_not_switch_any() -> None:
    for module in MODULES:
        for mask in (1, 0b10):
            setpoint = DriveSetpoint(module.name, SetpointKind.OUTPUTS, outputs_mask=mask)
            assert fault_of(module, setpoint, "nobody")
