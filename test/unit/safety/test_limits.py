"""Every limit on a measured value trips where the table says, not just before, and warns before it trips."""

from __future__ import annotations

from math import inf, nan

import pytest

from cell_controller.messages import SafetyPhase
from support.interlock_bench import Bench
from support.interlock_limits import LIMITS, WARNINGS


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


@pytest.mark.parametrize("case", LIMITS)
def test_it_trips_at_the_limit_and_not_just_before(bench: Bench, case: str) -> None:
    drive, name, last_good, first_bad, first_out = LIMITS[case]
    bench.edit(drive, **{name: last_good})
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION, bench.safety.first_out
    bench.edit(drive, **{name: first_bad})
    bench.run(0.03)
    assert bench.safety.first_out.startswith(f"{first_out}:")


@pytest.mark.parametrize("case", WARNINGS)
def test_it_warns_before_it_trips_and_not_too_early(bench: Bench, case: str) -> None:
    drive, name, last_quiet, first_warned, words = WARNINGS[case]
    bench.edit(drive, **{name: last_quiet})
    bench.run(0.1)
    assert not bench.safety.warnings
    bench.edit(drive, **{name: first_warned})
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION
    assert any(w.startswith(f"{drive}: ") and words in w for w in bench.safety.warnings)


def test_every_limit_has_a_warning() -> None:
    assert set(WARNINGS) == set(LIMITS) - {"pulling force"}


@pytest.mark.parametrize("value", [nan, inf])
@pytest.mark.parametrize(
    ("drive", "name"),
    [
        ("weld_x", "measured_force_n"),
        ("weld_spindle", "measured_speed_rpm"),
        ("weld_spindle", "measured_torque_nm"),
        ("weld_spindle", "measured_power_w"),
        ("weld_spindle", "measured_current_a"),
    ],
)
def test_what_has_a_limit_must_be_a_number(bench: Bench, drive: str, name: str, value: float) -> None:
    bench.edit(drive, **{name: value})
    bench.run(0.03)
    assert bench.safety.first_out.startswith(f"not_a_number {drive}:")


@pytest.mark.parametrize("drive", ["weld_z", "weld_spindle"])
def test_a_temperature_that_nobody_has_read_trips_and_hinders_no_recovery(bench: Bench, drive: str) -> None:
    """It is read now and then only, and a tool in the material does not wait for it."""
    bench.edit(drive, measured_temperature_c=nan)
    bench.run(0.03)
    assert bench.safety.first_out.startswith(f"temperature {drive}: is not known")
    assert bench.safety.trips[0].is_recoverable


@pytest.mark.parametrize("name", ["measured_current_a", "measured_temperature_c", "measured_torque_nm"])
def test_what_has_no_limit_may_be_unknown(bench: Bench, name: str) -> None:
    bench.edit("weld_x", **{name: nan})
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION


def test_a_station_that_wants_below_the_floor_is_refused_there(bench: Bench) -> None:
    limits = bench.interlock._limits.drives["weld_z"]
    assert limits.lowest_m == limits.floor_m == 0.0001  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("drive", "name", "limit"),
    [
        ("weld_z", "measured_force_n", 13000.0),
        ("weld_spindle", "measured_torque_nm", 120.0),
        ("grind_wheel", "measured_power_w", 4000.0),
        ("grind_wheel", "measured_current_a", 30.0),
        ("weld_z", "measured_temperature_c", 80.0),
        ("weld_spindle", "measured_speed_rpm", 1.05 * 1800.0),
    ],
)
def test_the_limit_itself_is_allowed(bench: Bench, drive: str, name: str, limit: float) -> None:
    bench.edit(drive, **{name: limit - 1e-9 * (name == "measured_speed_rpm")})  # a reading flickers upward
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION, bench.safety.first_out
