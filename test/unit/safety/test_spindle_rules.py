"""Every rule of a spindle by itself: at its limit, just beyond it, and to the last word of what it says."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from cell_controller.messages import DriveState
from cell_controller.safety import spindle_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import SpindleLimits
from cell_controller.safety.rule import SpindleCheck
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.traces import SpindleTrace
from support.rule_limits import CELL_LIMITS, SPINDLE, SPINDLE_AT_REST, above, below

CHECKS: tuple[SpindleCheck, ...] = (
    spindle_rules.numbers,
    spindle_rules.frozen,
    spindle_rules.overspeed,
    spindle_rules.torque,
    spindle_rules.power,
)


def trace(
    limits: SpindleLimits = SPINDLE, state: DriveState | None = SPINDLE_AT_REST, **changes: float
) -> SpindleTrace:
    trace = SpindleTrace(limits)
    trace.state = replace(state, **changes) if state else None
    return trace


def says(check: SpindleCheck, spindle: SpindleTrace) -> Finding | None:
    return check(Snapshot(CELL_LIMITS), spindle)


@pytest.mark.parametrize("check", CHECKS)
def test_a_spindle_at_rest_is_ok_and_so_is_one_that_says_nothing(check: SpindleCheck) -> None:
    assert says(check, trace()) is None
    silent = trace(state=None)
    silent.still_s = 100.0
    assert says(check, silent) is None


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_what_has_a_limit_is_a_number(value: float) -> None:
    for name, words in (
        ("measured_speed_rpm", "speed"),
        ("measured_torque_nm", "torque"),
        ("measured_power_w", "power"),
    ):
        assert says(spindle_rules.numbers, trace(**{name: value})) == Finding(
            RuleName.NOT_A_NUMBER, "spindle", f"{words} is not a number"
        )


def test_what_has_no_limit_need_not_be_a_number() -> None:
    free = replace(SPINDLE, max_torque_nm=None, max_power_w=None)
    assert says(spindle_rules.numbers, trace(free, measured_torque_nm=nan, measured_power_w=nan)) is None
    assert says(spindle_rules.torque, trace(free, measured_torque_nm=1000.0)) is None
    assert says(spindle_rules.power, trace(free, measured_power_w=10000.0)) is None


def test_a_speed_that_has_stood_for_its_time_is_frozen() -> None:
    spindle = trace()
    spindle.still_s = below(0.25)
    assert says(spindle_rules.frozen, spindle) is None
    spindle.still_s = 0.25
    text = "speed does not change while another one is commanded"
    assert says(spindle_rules.frozen, spindle) == Finding(RuleName.FROZEN, "spindle", text, 0.25, 0.25, "s")


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("check", "name", "rule", "what", "unit", "last_quiet", "last_good", "limit"),
    [
        (
            spindle_rules.overspeed,
            "measured_speed_rpm",
            RuleName.OVERSPEED,
            ("is nearly too fast", "is too fast"),
            "rpm",
            1040.0,
            1056.0,
            1024.0,
        ),
        (
            spindle_rules.torque,
            "measured_torque_nm",
            RuleName.TORQUE,
            ("torque is nearly too high", "torque is too high"),
            "N m",
            48.0,
            64.0,
            64.0,
        ),
        (
            spindle_rules.power,
            "measured_power_w",
            RuleName.POWER,
            ("power is nearly too high", "power is too high"),
            "W",
            1536.0,
            2048.0,
            2048.0,
        ),
    ],
)
def test_it_warns_at_its_share_and_trips_at_its_limit(
    check: SpindleCheck,
    name: str,
    rule: RuleName,
    what: tuple[str, str],
    unit: str,
    last_quiet: float,
    last_good: float,
    limit: float,
    sign: float,
) -> None:
    def at(value: float) -> Finding | None:
        return says(check, trace(**{name: sign * value}))

    assert at(last_quiet) is None
    for value in (above(last_quiet), last_good):
        assert at(value) == Finding(rule, "spindle", what[0], value, limit, unit, True)
    assert at(above(last_good)) == Finding(rule, "spindle", what[1], above(last_good), limit, unit)
