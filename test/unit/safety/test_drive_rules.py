"""Every rule of a single drive by itself: at its limit, just beyond it, and what it says."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from cell_controller.messages import DriveCondition, DriveState, LinePhase
from cell_controller.safety import drive_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AxisLimits
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import AxisTrace, SpindleTrace
from support.heard_cell import heard, says, says_line
from support.rule_limits import AXIS, AXIS_AT_REST, CELL_LIMITS, SPINDLE, SPINDLE_AT_REST, above

SNAPSHOT = Snapshot(CELL_LIMITS)
OFFLINE = DriveCondition.OFFLINE
FREE = replace(AXIS, max_current_a=None, max_temperature_c=None)


def trace(limits: AxisLimits = AXIS, state: DriveState | None = AXIS_AT_REST, **changes: float) -> AxisTrace:
    trace = AxisTrace(limits)
    trace.state = replace(state, **changes) if state else None
    return trace


def test_a_drive_that_is_well_is_ok() -> None:
    snapshot = heard()
    for drive in CELL_LIMITS.drives:
        for check in (drive_rules.fault, drive_rules.offline, drive_rules.not_armed):
            assert check(snapshot, drive) is None


@pytest.mark.parametrize(
    ("code", "text", "words"),
    [
        (16, "overload", "fault 16 overload"),
        (7, "", "fault 7"),
        (0, "bus watchdog", "bus watchdog"),
        (0, "", "shows a fault without a code"),
    ],
)
def test_a_fault_is_told_with_its_number_and_its_name(code: int, text: str, words: str) -> None:
    snapshot = heard()
    says(snapshot, "weld_z", condition=DriveCondition.FAULT, fault_code=code, fault_text=text)
    assert drive_rules.fault(snapshot, "weld_z") == Finding(RuleName.DRIVE_FAULT, "weld_z", words)
    assert drive_rules.fault(snapshot, "weld_x") is None


def test_a_drive_that_is_silent_or_missing_is_offline() -> None:
    snapshot = heard()
    expected = Finding(RuleName.DRIVE_OFFLINE, "weld_z", "does not answer")
    says(snapshot, "weld_z", condition=OFFLINE)
    assert drive_rules.offline(snapshot, "weld_z") == expected
    assert drive_rules.offline(snapshot, "weld_x") is None
    says_line(snapshot, "weld_line", drives=())
    assert drive_rules.offline(snapshot, "weld_z") == expected


def test_a_drive_whose_settings_are_not_proved_is_not_armed() -> None:
    snapshot = heard()
    says(snapshot, "safety_io", is_armed=False)
    text = "its watchdog and settings are not proved"
    assert drive_rules.not_armed(snapshot, "safety_io") == Finding(RuleName.NOT_ARMED, "safety_io", text)


def test_a_drive_that_is_not_armed_says_what_is_missing() -> None:
    snapshot = heard()
    says(snapshot, "safety_io", is_armed=False, fault_text="not armed: identity is 7, must be 18767")
    finding = drive_rules.not_armed(snapshot, "safety_io")
    assert finding is not None
    assert finding.text == "its watchdog and settings are not proved: identity is 7, must be 18767"


def test_of_a_silent_drive_and_of_a_line_that_is_down_other_rules_speak() -> None:
    snapshot = heard()
    says(snapshot, "weld_z", condition=OFFLINE, is_armed=False)
    assert drive_rules.not_armed(snapshot, "weld_z") is None
    says(snapshot, "weld_x", condition=DriveCondition.FAULT, is_armed=False)
    says_line(snapshot, "weld_line", phase=LinePhase.ARMING)
    for check in (drive_rules.fault, drive_rules.offline, drive_rules.not_armed):
        for drive in ("weld_x", "weld_z"):
            assert check(snapshot, drive) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_current_warns_at_its_share_and_trips_above_its_limit(sign: float) -> None:
    def at(value_a: float) -> Finding | None:
        return drive_rules.current(SNAPSHOT, trace(measured_current_a=sign * value_a))

    assert at(12.0) is None
    text = "current is nearly too high"
    for value_a in (above(12.0), 16.0):
        assert at(value_a) == Finding(RuleName.CURRENT, "axis", text, value_a, 16.0, "A", True)
    text = "current is too high"
    assert at(above(16.0)) == Finding(RuleName.CURRENT, "axis", text, above(16.0), 16.0, "A")
    assert drive_rules.current(SNAPSHOT, trace(FREE, measured_current_a=100.0)) is None


def test_temperature_warns_ten_degrees_before_it_trips() -> None:
    def at(value_c: float) -> Finding | None:
        return drive_rules.temperature(SNAPSHOT, trace(measured_temperature_c=value_c))

    assert at(70.0) is None
    text = "is nearly too hot"
    for value_c in (above(70.0), 80.0):
        assert at(value_c) == Finding(RuleName.TEMPERATURE, "axis", text, value_c, 80.0, "°C", True)
    assert at(above(80.0)) == Finding(RuleName.TEMPERATURE, "axis", "is too hot", above(80.0), 80.0, "°C")
    for value_c in (nan, inf, -inf):
        assert at(value_c) == Finding(RuleName.TEMPERATURE, "axis", "is not known")
    for value_c in (nan, 1000.0):
        assert drive_rules.temperature(SNAPSHOT, trace(FREE, measured_temperature_c=value_c)) is None


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_current_that_has_a_limit_is_a_number(value: float) -> None:
    expected = Finding(RuleName.NOT_A_NUMBER, "axis", "current is not a number")
    assert drive_rules.current_number(SNAPSHOT, trace(measured_current_a=value)) == expected
    assert drive_rules.current_number(SNAPSHOT, trace(measured_current_a=0.0)) is None
    assert drive_rules.current_number(SNAPSHOT, trace(FREE, measured_current_a=value)) is None


def test_a_spindle_is_asked_the_same() -> None:
    spindle = SpindleTrace(SPINDLE)
    spindle.state = replace(SPINDLE_AT_REST, measured_current_a=17.0, measured_temperature_c=81.0)
    text = "current is too high"
    assert drive_rules.current(SNAPSHOT, spindle) == Finding(
        RuleName.CURRENT, "spindle", text, 17.0, 16.0, "A"
    )
    assert drive_rules.temperature(SNAPSHOT, spindle) == Finding(
        RuleName.TEMPERATURE, "spindle", "is too hot", 81.0, 80.0, "°C"
    )


def test_a_drive_that_says_nothing_has_no_current_and_no_temperature() -> None:
    for check in (drive_rules.current, drive_rules.temperature, drive_rules.current_number):
        assert check(SNAPSHOT, trace(state=None)) is None
