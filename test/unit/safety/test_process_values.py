"""A process value by itself: at its limits and beyond, for how long, and while its spindle turns."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import pytest

from cell_controller.config import AnalogRule, AnalogWatch
from cell_controller.safety import input_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AnalogLimits, SafetyLimits
from cell_controller.safety.snapshot import Snapshot
from support.heard_cell import NOW_S, heard, repeat, says, says_line
from support.rule_limits import CELL_LIMITS, below


def watched(**changes: Any) -> SafetyLimits:
    """With one process value: 1 + 0.5 x the second channel of the station's module."""
    watch = AnalogWatch(rule=AnalogRule.VIBRATION, **changes)
    value = AnalogLimits("vibration", "station_io", 1, 0.5, 1.0, "mm/s", watch)
    return replace(CELL_LIMITS, analog={"vibration": value})


def measures(snapshot: Snapshot, value: float) -> Finding | None:
    says(snapshot, "station_io", analog_inputs=(0.0, (value - 1.0) / 0.5))
    return input_rules.process_value(snapshot, "vibration")


BOTH = watched(warn_above=4.0, trip_above=8.0, warn_below=-4.0, trip_below=-8.0)


@pytest.mark.parametrize(
    ("value", "text", "limit", "is_warning"),
    [
        (4.25, "is nearly too high", 4.0, True),
        (8.0, "is nearly too high", 4.0, True),
        (8.25, "is too high", 8.0, False),
        (-4.25, "is nearly too low", -4.0, True),
        (-8.0, "is nearly too low", -4.0, True),
        (-8.25, "is too low", -8.0, False),
    ],
)
def test_a_process_value_warns_and_trips_beyond_its_limits(
    value: float, text: str, limit: float, is_warning: bool
) -> None:
    assert measures(heard(BOTH), value) == Finding(
        RuleName.VIBRATION, "vibration", text, value, limit, "mm/s", is_warning
    )


@pytest.mark.parametrize("value", [4.0, 0.0, -4.0])
def test_a_process_value_at_its_limits_is_ok(value: float) -> None:
    assert measures(heard(BOTH), value) is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"trip_above": 1.0}, "is too high"),
        ({"trip_below": 1.0}, "is too low"),
        ({"warn_above": 1.0}, "is nearly too high"),
        ({"warn_below": 1.0}, "is nearly too low"),
    ],
)
def test_a_process_value_that_is_not_a_number_is_beyond_every_limit(
    changes: dict[str, float], text: str
) -> None:
    finding = measures(heard(watched(**changes)), nan)
    assert finding is not None
    assert (finding.text, finding.limit, finding.is_warning) == (text, 1.0, "nearly" in text)


def test_a_process_value_without_limits_is_ok() -> None:
    assert measures(heard(watched()), 1.0e9) is None


@pytest.mark.parametrize("analog", [(), (0.0,)])
def test_a_module_without_the_value_trips(analog: tuple[float, ...]) -> None:
    snapshot = heard(BOTH)
    says(snapshot, "station_io", analog_inputs=analog)
    assert input_rules.process_value(snapshot, "vibration") == Finding(
        RuleName.NOT_A_NUMBER, "vibration", "is not among the values of its module"
    )
    says_line(snapshot, "conveyor_line", drives=())
    assert input_rules.process_value(snapshot, "vibration") is None, "its module is silent"


def test_a_process_value_trips_when_it_lasts_and_warns_before() -> None:
    snapshot = heard(watched(warn_above=4.0, trip_above=8.0, for_s=0.25))
    finding = measures(snapshot, 9.0)
    assert finding is not None
    assert finding.is_warning
    repeat(snapshot, below(NOW_S + 0.25))
    finding = measures(snapshot, 9.0)
    assert finding is not None
    assert finding.is_warning
    repeat(snapshot, NOW_S + 0.25)
    assert measures(snapshot, 9.0) == Finding(
        RuleName.VIBRATION, "vibration", "is too high", 9.0, 8.0, "mm/s"
    )
    assert measures(snapshot, 8.0) is not None
    finding = measures(snapshot, 9.0)
    assert finding is not None
    assert finding.is_warning, "the time begins anew"


def test_a_process_value_counts_while_its_spindle_turns_and_its_time_begins_with_it() -> None:
    snapshot = heard(watched(trip_above=8.0, for_s=0.25, while_turning="grind_wheel"))
    assert measures(snapshot, 9.0) is None
    repeat(snapshot, NOW_S + 1.0)
    says(snapshot, "grind_wheel", measured_speed_rpm=100.0)
    assert measures(snapshot, 9.0) is None
    repeat(snapshot, NOW_S + 1.125)
    says(snapshot, "grind_wheel", measured_speed_rpm=0.0)
    assert measures(snapshot, 9.0) is None
    repeat(snapshot, NOW_S + 1.25)
    says(snapshot, "grind_wheel", measured_speed_rpm=100.0)
    assert measures(snapshot, 9.0) is None, "the time begins anew"
    repeat(snapshot, NOW_S + 1.5)
    assert measures(snapshot, 9.0) is not None
