"""What a silence shows: a stop weaker than the plan counts on is not proved, however soon it is over."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from cell_controller.messages import DriveCondition, DriveState
from cell_controller.plan import load_plan
from cell_controller.proving.look import Reading
from cell_controller.proving.measure import TIMER, Measured, Sample, Silence, measure
from cell_controller.proving.trial import Trial, slowing_s, trial_of

LOADED, PLAN = load_plan(Path(__file__).parents[3] / "config" / "cells" / "demo.yaml")
CELL = LOADED.cell
OFF = DriveCondition.SWITCH_ON_DISABLED


def state(name: str, position_m: float = 0.0) -> DriveState:
    return DriveState(name, OFF, measured_position_m=position_m, is_homed=True)


def reading(at_s: float, position_m: float, speed: float, *, is_standing: bool) -> Reading:
    return Reading(at_s, position_m, speed, is_standing, OFF, 0)


def axis_silence(name: str, trial: Trial, runs_on_s: float, weaker: float) -> Measured:
    """It runs on for so long, then slows down with a part of its deceleration; looked at when it stands."""
    speed, told_at_s = abs(trial.speed), 10.0
    way_m = speed * (runs_on_s + weaker * trial.ramp_s / 2.0)
    stood = [reading(told_at_s + trial.silence_s + t, way_m, 0.0, is_standing=True) for t in (0.0, 0.1)]
    moving = tuple(Sample(told_at_s - t, -speed * t, trial.speed) for t in (0.2, 0.1, 0.0))
    trial = replace(trial, target_m=1e3)
    return measure(Silence(moving, told_at_s, tuple(stood)), trial, CELL.drives[name], PLAN.profile_of(name))


@pytest.mark.parametrize("name", ["weld_x", "belt"])
def test_an_axis_that_slows_as_the_plan_counts_on_is_proved_and_a_weaker_stop_is_not(name: str) -> None:
    trial = trial_of(CELL, PLAN, state(name))
    good = axis_silence(name, trial, trial.watchdog_s, 1.0)
    assert good.in_time, good.detail
    late_s = TIMER * trial.watchdog_s + 1.1 * (good.resolution_s or 0.0)
    weak = axis_silence(name, trial, trial.watchdog_s + late_s, 1.0)
    assert not weak.in_time
    assert "comes late, or it slows too little" in weak.detail
    feeble = axis_silence(name, trial, trial.watchdog_s, 1.0 + 2.0 * late_s / trial.ramp_s)
    assert not feeble.in_time
    assert feeble.time_s is not None
    assert feeble.time_s < trial.silence_s, "from full speed it would be in time"


@pytest.mark.parametrize(("share", "is_seen"), [(0.5, True), (0.97, False), (1.0, False)])
def test_a_spindle_that_shows_its_speed_and_then_nothing_was_not_seen_on_its_ramp(
    share: float, is_seen: bool
) -> None:
    trial = trial_of(CELL, PLAN, state("grind_wheel"))
    readings = (
        reading(10.7, nan, share * trial.speed, is_standing=False),
        reading(10.9, nan, 0.0, is_standing=True),
        reading(11.0, nan, 0.0, is_standing=True),
    )
    silence = Silence((Sample(9.9, nan, trial.speed),), 10.0, readings)
    found = measure(silence, trial, CELL.drives["grind_wheel"], PLAN.profile_of("grind_wheel"))
    assert found.is_seen_slowing is is_seen


def test_what_its_enable_stops_slows_by_its_run_out_and_all_else_by_its_ramp() -> None:
    belt, spindle = CELL.drives["belt"], CELL.drives["weld_spindle"]
    assert slowing_s(CELL, PLAN, "belt", 0.2) == pytest.approx(belt.run_out_s / 2.0)  # type: ignore[union-attr]
    assert slowing_s(CELL, PLAN, "weld_spindle", spindle.max_speed_rpm) == pytest.approx(spindle.ramp_s)  # type: ignore[union-attr]
    assert trial_of(CELL, PLAN, state("belt")).watchdog_s == PLAN.drives["safety_io"].watchdog_s
