"""What the interlock knows at one moment: how old, how fresh, how still; at the limit and just beyond it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from cell_controller.messages import (
    Allowed,
    CellPermit,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    LineCommand,
    LineDrive,
    LinePhase,
    SafetyPhase,
    SetpointKind,
)
from cell_controller.packml import Mode
from cell_controller.safety.limits import Channel
from cell_controller.safety.snapshot import LineView, Snapshot
from support.heard_cell import BUS_AHEAD_S, NOW_S, first_states, heard, says, says_line, switch
from support.rule_limits import AXIS, AXIS_AT_REST, CELL_LIMITS, SPINDLE, SPINDLE_AT_REST, above, below

LINE = "grind_line"  # grind_infeed, grind_traverse, grind_wheel


def test_a_new_snapshot_knows_nothing_and_permits_nothing() -> None:
    snapshot = Snapshot(CELL_LIMITS)
    assert (snapshot.phase, snapshot.epoch, snapshot.permit) == (SafetyPhase.TRIPPED, 0, None)
    assert (snapshot.now_s, snapshot.phase_since_s, snapshot.epoch_since_s) == (0.0, 0.0, 0.0)
    assert (snapshot.permit_at_s, snapshot.permit_echo_s, snapshot.due_s) == (-inf, -inf, inf)
    assert set(snapshot.setpoint_at_s.values()) == {-inf}
    assert set(snapshot.in_force.values()) == {""}
    assert set(snapshot.moving()) == {*snapshot.axes, *snapshot.spindles}
    assert not snapshot.is_permit_fresh
    for name, view in snapshot.lines.items():
        assert not view.is_heard
        assert not view.is_fresh(0.0)
        assert view.bus_now_s(5.0) == -inf
        assert view.age_limit_s == 0.125
        assert view.measured_limits_s == dict.fromkeys(CELL_LIMITS.lines[name].drives, 0.5)


def test_every_axis_and_spindle_has_a_trace_in_the_order_of_its_line() -> None:
    snapshot = Snapshot(CELL_LIMITS)
    axes, spindles = snapshot.axes, snapshot.spindles
    assert set(axes) == {"weld_x", "weld_y", "weld_z", "grind_infeed", "grind_traverse", "belt"}
    assert set(spindles) == {"weld_spindle", "grind_wheel"}
    grind = (axes["grind_infeed"], axes["grind_traverse"], spindles["grind_wheel"])
    assert snapshot.lines["grind_line"].traces == grind
    assert snapshot.lines["conveyor_line"].traces == (axes["belt"], None)
    assert snapshot.line_of("belt") is snapshot.lines["conveyor_line"]


def take(snapshot: Snapshot, at_s: float = NOW_S, **changes: Any) -> LineView:
    """The grinding line again, changed."""
    view = snapshot.lines[LINE]
    view.take(replace(first_states(CELL_LIMITS, LINE), **changes), at_s)
    return view


@pytest.mark.parametrize("phase", list(LinePhase))
def test_a_line_says_nothing_of_its_drives_before_it_is_armed(phase: LinePhase) -> None:
    snapshot = heard()
    view = take(snapshot, phase=phase)
    is_up = phase not in (LinePhase.CLOSED, LinePhase.ARMING)
    assert (view.is_up, view.is_heard) == (is_up, True)
    trace = snapshot.axes["grind_infeed"]
    for found in (view.reported("grind_infeed"), snapshot.usable("grind_infeed"), trace.state):
        assert (found is not None) is is_up
    assert view.reported("weld_x") is None


def test_a_silent_drive_says_nothing_and_its_age_does_not_count() -> None:
    snapshot = heard()
    says(snapshot, "grind_infeed", condition=DriveCondition.OFFLINE, measured_at_s=0.0)
    view = snapshot.lines[LINE]
    assert view.reported("grind_infeed") is None
    assert snapshot.usable("grind_infeed") is None
    assert snapshot.axes["grind_infeed"].state is None
    assert (view.stale_at_s, view.stale_drive) == (NOW_S + 0.5, "grind_traverse")


def test_a_line_is_stale_when_the_first_of_its_drives_is() -> None:
    snapshot = heard()
    view = snapshot.lines[LINE]
    assert (view.stale_at_s, view.stale_drive) == (NOW_S + 0.5, "grind_infeed")
    stamp_s = NOW_S + BUS_AHEAD_S
    says(snapshot, "grind_wheel", measured_at_s=stamp_s - 0.25)
    assert (view.stale_at_s, view.stale_drive) == (NOW_S + 0.25, "grind_wheel")
    says(snapshot, "grind_traverse", measured_at_s=stamp_s - 0.125)
    assert (view.stale_at_s, view.stale_drive) == (NOW_S + 0.25, "grind_wheel")
    for wrong_s in (above(stamp_s), nan):
        says(snapshot, "grind_traverse", measured_at_s=wrong_s)
        assert (view.stale_at_s, view.stale_drive) == (-inf, "grind_traverse")
    says_line(snapshot, LINE, drives=())
    assert (view.stale_at_s, view.stale_drive) == (inf, "")


def test_a_line_is_fresh_until_it_or_its_data_are_too_old() -> None:
    view = heard().lines[LINE]
    view.stale_at_s = inf
    assert view.is_fresh(below(NOW_S + 0.125))
    assert not view.is_fresh(NOW_S + 0.125)
    view.stale_at_s = NOW_S + 0.0625
    assert view.is_fresh(below(NOW_S + 0.0625))
    assert not view.is_fresh(NOW_S + 0.0625)


def test_the_clock_of_a_bus_goes_on_since_its_message() -> None:
    view = heard().lines[LINE]
    assert view.bus_now_s(NOW_S + 0.25) == NOW_S + BUS_AHEAD_S + 0.25


def test_a_trace_is_told_its_command_while_the_bus_obeys() -> None:
    jog = DriveSetpoint("grind_traverse", SetpointKind.VELOCITY, target_speed_m_s=0.125)
    drives = tuple(LineDrive(d) for d in CELL_LIMITS.lines[LINE].drives)
    moving = replace(drives[1], allowed=Allowed.MOTION, setpoint=jog)
    for phase, counts in ((LinePhase.PERMITTED, True), (LinePhase.STOPPING, False)):
        snapshot = heard()
        view = snapshot.lines[LINE]
        view.command = LineCommand(LINE, drives=(drives[0], moving, drives[2]))
        for n in range(1, 40):
            later = first_states(CELL_LIMITS, LINE, NOW_S + n / 16.0)
            view.take(replace(later, phase=phase), NOW_S + n / 16.0)
        assert (snapshot.axes["grind_traverse"].still_s > 0.0) is counts
        assert snapshot.axes["grind_infeed"].still_s == 0.0


def test_what_is_late_is_due_at_its_time_and_the_first_of_all_counts() -> None:
    snapshot = heard()
    assert snapshot.is_past(NOW_S)
    assert snapshot.due_s == inf
    assert not snapshot.is_past(NOW_S + 2.0)
    assert not snapshot.is_past(NOW_S + 1.0)
    assert not snapshot.is_past(NOW_S + 3.0)
    assert snapshot.due_s == NOW_S + 1.0
    snapshot.begin(NOW_S + 1.0)
    assert (snapshot.now_s, snapshot.due_s) == (NOW_S + 1.0, inf)
    assert snapshot.is_past(NOW_S + 1.0)


def test_a_condition_lasts_from_its_first_call_and_ends_by_itself() -> None:
    snapshot = heard()
    assert not snapshot.lasts("a", "x", False, 1.0)
    assert not snapshot.lasts("a", "x", True, 1.0)
    snapshot.begin(NOW_S + 0.5)
    assert not snapshot.lasts("a", "y", True, 1.0)
    assert not snapshot.lasts("b", "x", False, 1.0)
    snapshot.begin(NOW_S + 1.0)
    assert snapshot.lasts("a", "x", True, 1.0)
    assert not snapshot.lasts("a", "y", True, 1.0)
    assert not snapshot.lasts("a", "x", False, 1.0)
    assert not snapshot.lasts("a", "x", True, 1.0)
    assert snapshot.lasts("a", "z", True, 0.0), "no time is over at once"


DEVICE = Channel("enabling", "safety_io", 0b100)


@pytest.mark.parametrize(
    ("device", "mode", "is_held", "enabled"),
    [
        (None, Mode.MANUAL, False, True),
        (DEVICE, Mode.MANUAL, True, True),
        (DEVICE, Mode.MANUAL, False, False),
        (DEVICE, Mode.PRODUCTION, False, True),
        (DEVICE, Mode.MAINTENANCE, False, True),
        (DEVICE, None, True, True),
        (DEVICE, None, False, False),
    ],
)
def test_in_manual_the_enabling_device_has_to_be_held(
    device: Channel | None, mode: Mode | None, is_held: bool, enabled: bool
) -> None:
    snapshot = heard(replace(CELL_LIMITS, enabling=device))
    snapshot.permit = None if mode is None else CellPermit(mode=mode)
    switch(snapshot, DEVICE, is_held)
    assert snapshot.is_enabling is enabled


def test_an_input_is_on_by_its_own_bit_of_a_module_that_is_usable() -> None:
    snapshot = heard()
    says(snapshot, "safety_io", inputs=0b100)
    assert snapshot.is_on(DEVICE)
    assert not snapshot.is_on(replace(DEVICE, mask=0b010))
    says(snapshot, "safety_io", condition=DriveCondition.OFFLINE)
    assert not snapshot.is_on(DEVICE)


def test_nothing_is_usable_of_a_line_that_is_old_down_or_not_heard() -> None:
    snapshot = heard()
    assert snapshot.usable("belt") is snapshot.lines["conveyor_line"].drives["belt"]
    snapshot.begin(NOW_S + 0.125)
    assert snapshot.usable("belt") is None
    assert Snapshot(CELL_LIMITS).usable("belt") is None
    snapshot = heard()
    says_line(snapshot, "conveyor_line", drives=())
    assert snapshot.usable("belt") is None


def standing(drive: str, state: DriveState) -> bool:
    limits = {"weld_x": replace(AXIS, line="weld_line"), "weld_spindle": replace(SPINDLE, line="weld_line")}
    snapshot = heard(replace(CELL_LIMITS, drives={**CELL_LIMITS.drives, **limits}))
    says(
        snapshot,
        drive,
        is_stopped=state.is_stopped,
        measured_speed_m_s=state.measured_speed_m_s,
        measured_speed_rpm=state.measured_speed_rpm,
    )
    return snapshot.stands(drive)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_mover_stands_when_its_drive_says_so_and_its_speed_does_not_contradict(sign: float) -> None:
    for drive, state, name, most in (
        ("weld_x", AXIS_AT_REST, "measured_speed_m_s", 0.25),
        ("weld_spindle", SPINDLE_AT_REST, "measured_speed_rpm", 16.0),
    ):
        assert standing(drive, replace(state, **{name: sign * most}))
        assert not standing(drive, replace(state, **{name: sign * above(most)}))
        assert not standing(drive, replace(state, **{name: nan}))
        assert not standing(drive, replace(state, is_stopped=False))


def test_a_module_always_stands_and_what_is_not_known_moves() -> None:
    snapshot = heard()
    assert snapshot.moving() == ()
    says(snapshot, "safety_io", condition=DriveCondition.OFFLINE)
    assert snapshot.stands("safety_io")
    for drive in ("belt", "weld_z"):
        says(snapshot, drive, condition=DriveCondition.OFFLINE)
    assert snapshot.moving() == ("weld_z", "belt")


def test_a_permit_is_fresh_until_its_age_limit() -> None:
    snapshot = heard()
    assert snapshot.is_permit_fresh
    snapshot.permit_at_s = above(NOW_S - 0.25)
    assert snapshot.is_permit_fresh
    snapshot.permit_at_s = NOW_S - 0.25
    assert not snapshot.is_permit_fresh
    snapshot.permit, snapshot.permit_at_s = None, NOW_S
    assert not snapshot.is_permit_fresh
