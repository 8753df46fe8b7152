"""Every rule of a line, of a stream and of the whole cell by itself: just in time and just too late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import DriveCondition, LinePhase, SafetyPhase
from cell_controller.safety import line_rules
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import Program
from support.heard_cell import BUS_AHEAD_S, EPOCH, NOW_S, heard, repeat, says, says_line
from support.rule_limits import CELL_LIMITS, below

PERMITTED = (SafetyPhase.HOLD, SafetyPhase.MOTION, SafetyPhase.RECOVERY)


def test_all_is_well_just_after_everybody_was_heard() -> None:
    snapshot = heard()
    for check in (
        line_rules.line_lost,
        line_rules.line_down,
        line_rules.bus_stopped,
        line_rules.other_config,
    ):
        for line in CELL_LIMITS.lines:
            assert check(snapshot, line) is None
    for station in CELL_LIMITS.stations:
        assert line_rules.station_lost(snapshot, station) is None
    for check in (line_rules.manager_lost, line_rules.standstill):
        assert check(snapshot, "cell") is None


def test_a_permit_is_lost_at_its_age_limit() -> None:
    snapshot = heard()
    snapshot.permit_at_s = NOW_S - 0.25
    snapshot.begin(below(NOW_S))
    assert line_rules.manager_lost(snapshot, "") is None
    snapshot.begin(NOW_S)
    assert line_rules.manager_lost(snapshot, "") == Finding(
        RuleName.MANAGER_LOST, "cell_manager", "no permit arrives", 0.25, 0.25, "s"
    )


def test_a_manager_that_does_not_hear_is_lost_at_twice_the_age_limit() -> None:
    snapshot = heard()
    snapshot.permit_echo_s = NOW_S - 0.5
    snapshot.begin(below(NOW_S))
    assert line_rules.manager_lost(snapshot, "") is None
    snapshot.begin(NOW_S)
    assert line_rules.manager_lost(snapshot, "") == Finding(
        RuleName.MANAGER_LOST, "cell_manager", "does not hear the interlock", 0.5, 0.5, "s"
    )


def test_a_line_is_lost_at_its_age_limit() -> None:
    snapshot = heard()
    snapshot.begin(below(NOW_S + 0.125))
    assert line_rules.line_lost(snapshot, "weld_line") is None
    snapshot.begin(NOW_S + 0.125)
    assert line_rules.line_lost(snapshot, "weld_line") == Finding(
        RuleName.LINE_LOST, "weld_line", "no drive states arrive", 0.125, 0.125, "s"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phase": LinePhase.CLOSED, "is_armed": False}, "the port is not open"),
        ({"phase": LinePhase.ARMING, "is_armed": False}, "its drives are being armed"),
        ({"is_armed": False}, "not all of its drives are armed"),
    ],
)
def test_a_line_that_is_not_armed_is_down(changes: dict[str, object], words: str) -> None:
    snapshot = heard()
    says_line(snapshot, "grind_line", **changes)
    assert line_rules.line_down(snapshot, "grind_line") == Finding(RuleName.LINE_DOWN, "grind_line", words)


def test_of_a_line_that_was_never_heard_only_its_loss_is_told() -> None:
    snapshot = heard()
    snapshot.lines["weld_line"].states = None
    for check in (line_rules.line_down, line_rules.bus_stopped, line_rules.other_config):
        assert check(snapshot, "weld_line") is None


@pytest.mark.parametrize("phase", PERMITTED)
def test_a_bus_that_stops_in_the_present_epoch_says_why(phase: SafetyPhase) -> None:
    snapshot = heard(phase=phase)
    snapshot.epoch_since_s = NOW_S
    says_line(snapshot, "weld_line", phase=LinePhase.STOPPING, stop_cause="permit lost")
    expected = Finding(RuleName.BUS_STOPPED, "weld_line", "stopped by itself: permit lost")
    assert line_rules.bus_stopped(snapshot, "weld_line") == expected
    snapshot.excused_causes["weld_line"] = "permit lost"
    assert line_rules.bus_stopped(snapshot, "weld_line") is None, "the reset was for it"
    snapshot.excused_causes["weld_line"] = "line lost"
    assert line_rules.bus_stopped(snapshot, "weld_line") == expected, "another cause than that"


def test_a_bus_has_time_to_take_an_epoch_and_to_obey_it() -> None:
    snapshot = heard()
    snapshot.epoch_since_s = NOW_S
    says_line(snapshot, "weld_line", phase=LinePhase.STOPPED, epoch=EPOCH - 1, stop_cause="trip")
    assert line_rules.bus_stopped(snapshot, "weld_line") is None, "it speaks of an older epoch"
    assert snapshot.due_s == NOW_S + 0.5
    snapshot.begin(below(NOW_S + 0.5))
    assert line_rules.bus_stopped(snapshot, "weld_line") is None
    snapshot.begin(NOW_S + 0.5)
    assert line_rules.bus_stopped(snapshot, "weld_line") == Finding(
        RuleName.BUS_STOPPED, "weld_line", f"does not obey epoch {EPOCH}", 0.5, 0.5, "s"
    )
    says_line(snapshot, "weld_line", phase=LinePhase.PERMITTED, epoch=EPOCH, stop_cause="trip")
    assert line_rules.bus_stopped(snapshot, "weld_line") is None, "it obeys"


def test_after_a_trip_a_bus_may_stop() -> None:
    snapshot = heard(phase=SafetyPhase.TRIPPED)
    says_line(snapshot, "weld_line", phase=LinePhase.STOPPING, stop_cause="permit lost")
    assert line_rules.bus_stopped(snapshot, "weld_line") is None


def test_a_bus_with_other_files_or_other_drives_is_found_out() -> None:
    snapshot = heard()
    states = snapshot.lines["weld_line"].states
    assert states is not None
    says_line(snapshot, "weld_line", config_hash="other")
    text = "its bus read another cell file or other profiles"
    assert line_rules.other_config(snapshot, "weld_line") == Finding(RuleName.CONFIG, "weld_line", text)
    text = "its bus reports other drives than the cell file has"
    first, *rest = states.drives
    for drives in (tuple(rest), (first, *states.drives), (replace(first, drive="other"), *rest)):
        snapshot.lines["weld_line"].states = replace(states, drives=drives)
        snapshot.lines["weld_line"].drives = {d.drive: d for d in drives}
        assert line_rules.other_config(snapshot, "weld_line") == Finding(RuleName.CONFIG, "weld_line", text)


def test_a_station_is_lost_at_its_age_limit() -> None:
    snapshot = heard()
    snapshot.setpoint_at_s["robot"] = NOW_S - 0.25
    snapshot.begin(below(NOW_S))
    assert line_rules.station_lost(snapshot, "robot") is None
    snapshot.begin(NOW_S)
    assert line_rules.station_lost(snapshot, "robot") == Finding(
        RuleName.STATION_LOST, "robot", "no usable setpoint arrives", 0.25, 0.25, "s"
    )
    assert line_rules.station_lost(snapshot, "spindle") is None


def test_data_are_stale_when_the_oldest_measurement_of_a_line_is() -> None:
    snapshot = heard()
    says(snapshot, "weld_z", measured_at_s=NOW_S + BUS_AHEAD_S - 0.4375)
    snapshot.begin(below(NOW_S + 0.0625))
    assert line_rules.stale_data(snapshot, "weld_line") is None
    snapshot.begin(NOW_S + 0.0625)
    assert line_rules.stale_data(snapshot, "weld_line") == Finding(
        RuleName.STALE_DATA, "weld_z", "its data are too old", 0.5, 0.5, "s"
    )
    snapshot.begin(NOW_S + 0.09375)
    assert line_rules.stale_data(snapshot, "weld_line") == Finding(
        RuleName.STALE_DATA, "weld_z", "its data are too old", 0.53125, 0.5, "s"
    )
    snapshot.begin(NOW_S + 0.125)
    assert line_rules.stale_data(snapshot, "weld_line") is None, "then the line is lost"


def test_data_of_a_line_that_is_down_are_not_stale() -> None:
    snapshot = heard()
    says(snapshot, "weld_z", measured_at_s=NOW_S + BUS_AHEAD_S - 0.5)
    assert line_rules.stale_data(snapshot, "weld_line") is not None
    says_line(snapshot, "weld_line", phase=LinePhase.ARMING)
    assert line_rules.stale_data(snapshot, "weld_line") is None


@pytest.mark.parametrize("phase", [SafetyPhase.TRIPPED, SafetyPhase.HOLD])
def test_all_stand_when_the_longest_program_has_had_its_time(phase: SafetyPhase) -> None:
    programs = {"short": Program("weld_line", (), 1.0), "long": Program("weld_line", (), 4.0)}
    snapshot = heard(replace(CELL_LIMITS, programs=programs), phase)
    snapshot.phase_since_s = 4.0
    for drive in ("weld_x", "belt"):
        says(snapshot, drive, is_stopped=False)
    repeat(snapshot, below(8.5))
    assert line_rules.standstill(snapshot, "cell") is None
    assert snapshot.due_s == 8.5
    repeat(snapshot, 8.5)
    assert line_rules.standstill(snapshot, "cell") == Finding(
        RuleName.STANDSTILL, "weld_x", "no measured standstill after the stop", 4.5, 4.5, "s"
    )
    repeat(snapshot, 9.0)
    for drive in ("weld_x", "belt"):
        says(snapshot, drive, is_stopped=True)
    assert line_rules.standstill(snapshot, "cell") is None


@pytest.mark.parametrize("phase", [SafetyPhase.TRIPPED, SafetyPhase.HOLD])
@pytest.mark.parametrize(
    ("changes", "is_let_go"),
    [
        ({"condition": DriveCondition.SWITCHED_ON}, True),
        ({"condition": DriveCondition.FAULT, "measured_speed_rpm": 10.0}, True),
        ({"condition": DriveCondition.SWITCHED_ON, "measured_speed_rpm": -10.1}, False),
        ({"condition": DriveCondition.OPERATION_ENABLED}, False),
        ({"condition": DriveCondition.OFFLINE}, False),
    ],
)
def test_a_wheel_that_may_coast_does_not_stand_and_is_said_to_have_its_output_off(
    phase: SafetyPhase, changes: dict[str, object], is_let_go: bool
) -> None:
    snapshot = heard(replace(CELL_LIMITS, programs={"long": Program("weld_line", (), 4.0)}), phase)
    says(snapshot, "grind_wheel", is_stopped=False, **changes)
    repeat(snapshot, snapshot.phase_since_s + 4.5)
    found = line_rules.standstill(snapshot, "cell")
    assert found is not None
    assert (found.subject, "coasting" in found.text) == ("grind_wheel", is_let_go)


@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_what_may_move_need_not_stand(phase: SafetyPhase) -> None:
    snapshot = heard(phase=phase, now_s=64.0)
    says(snapshot, "weld_x", is_stopped=False)
    assert line_rules.standstill(snapshot, "cell") is None
