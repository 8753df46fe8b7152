"""Standstill of a spindle whose drive shows 0 as soon as its output is off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.config import SpindleDrive
from cell_controller.config.values import DriveKind
from cell_controller.drives.coasting import Coasting

COAST_S = 20.0
DRIVE = SpindleDrive(
    line="line",
    unit=1,
    profile="ls_s100",
    label="Wheel",
    kind=DriveKind.SPINDLE,
    rpm_per_hz=60.0,
    max_speed_rpm=3000.0,
    ramp_s=1.0,
    inertia_kg_m2=0.01,
    max_torque_nm=20.0,
    standstill_rpm=10.0,
)


def seen(*readings: tuple[float, float, bool], is_faulted: bool = False) -> Coasting:
    """Time, speed and whether it is being braked, of each reading; the fault is in the last."""
    coasting = Coasting(DRIVE, COAST_S)
    for number, (at_s, rpm, is_braking) in enumerate(readings, 1):
        is_last = number == len(readings)
        coasting.saw(rpm, at_s, is_faulted=is_faulted and is_last, is_braking=is_braking)
    return coasting


def test_nothing_stands_before_the_first_reading() -> None:
    assert not Coasting(DRIVE, COAST_S).is_over(1000.0)


def test_a_spindle_found_at_zero_may_have_been_let_go_just_now() -> None:
    coasting = seen((1.0, 0.0, False), (1.5, 0.0, False))
    assert not coasting.is_over(20.99)
    assert coasting.is_over(21.0)


@pytest.mark.parametrize("is_faulted", [False, True])
def test_a_spindle_that_stood_may_have_turned_while_nobody_read(is_faulted: bool) -> None:
    standing = [(1.0 + n / 4.0, 0.0, False) for n in range(100)]
    last_s = standing[-1][0]
    assert seen(*standing).is_over(last_s)
    coasting = seen(*standing, (last_s + 0.501, 0.0, False), is_faulted=is_faulted)
    assert not coasting.is_over(last_s + 20.5)
    assert coasting.is_over(last_s + 20.501)


def test_a_spindle_that_was_seen_to_be_braked_stands_at_once() -> None:
    assert seen((1.0, 3000.0, False), (1.5, 1400.0, True), (1.9, 0.0, False)).is_over(1.9)


def test_a_slow_spindle_that_was_let_go_coasts_as_well() -> None:
    assert seen((1.0, 30.0, True), (1.1, 0.0, False)).is_over(1.1)
    assert not seen((1.0, 30.0, False), (1.1, 0.0, False)).is_over(21.0)


@pytest.mark.parametrize(
    ("rpm", "since_s", "is_over"),
    [
        (375.0, 0.1, False),
        (384.9, 0.1, True),
        (385.1, 0.1, False),
        (1500.0, 0.5, True),
        (1500.0, 0.501, False),
    ],
)
def test_a_fall_that_the_ramp_does_not_explain_is_a_coast(rpm: float, since_s: float, is_over: bool) -> None:
    coasting = seen((1.0, rpm, rpm != 375.0), (1.0 + since_s, 0.0, False))
    assert coasting.is_over(1.0 + since_s) is is_over
    assert coasting.is_over(1.0 + since_s + COAST_S)


def test_a_drive_in_fault_has_let_go_of_its_spindle() -> None:
    coasting = seen((1.0, 200.0, True), (1.1, 0.0, False), is_faulted=True)
    assert not coasting.is_over(21.0)
    assert coasting.is_over(21.2)


def test_a_spindle_that_is_caught_again_is_measured_again() -> None:
    coasting = seen((1.0, 3000.0, False), (1.1, 0.0, False))
    coasting.saw(2000.0, 2.0, is_faulted=False, is_braking=False)
    coasting.saw(200.0, 2.6, is_faulted=False, is_braking=True)
    coasting.saw(0.0, 2.7, is_faulted=False, is_braking=False)
    assert coasting.is_over(2.7)


@given(st.lists(st.tuples(st.floats(0.001, 1.0), st.floats(11.0, 3000.0)), min_size=1, max_size=8))
def test_a_spindle_let_go_at_speed_never_stands_before_it_can(steps: list[tuple[float, float]]) -> None:
    coasting, now_s = Coasting(DRIVE, COAST_S), 0.0
    for step_s, rpm in steps:
        now_s += step_s
        coasting.saw(rpm, now_s, is_faulted=False, is_braking=False)
        assert coasting.is_over(now_s)  # the drive's own number counts
    coasting.saw(0.0, now_s + 0.01, is_faulted=False, is_braking=False)
    assert not coasting.is_over(now_s + 0.01 + 0.99 * COAST_S)
