"""What a bus decides step by step: permits, stops, outputs, leaving; its drives say what the test wants."""

from __future__ import annotations

import pytest

from cell_controller.drives.goal import HOLD, OFF, STOP, GoalKind
from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    LineEvent,
    LineEventKind,
    LinePhase,
    LineRequestKind,
    SetpointKind,
    StopRequested,
)
from cell_controller.runtime import FaultKind, InputFault
from cell_controller.runtime.ports import LINE_COMMAND, LINE_EVENT, STOP_REQUESTED
from support.stand_in_drives import FAILED, OPENED, Line

pytestmark = pytest.mark.usefixtures("talk")


def test_a_line_is_stopped_once_every_drive_is_armed_and_read() -> None:
    line = Line()
    assert line.step() is LinePhase.CLOSED
    assert line.asked() == [LineRequestKind.OPEN]
    assert line.step() is LinePhase.CLOSED
    assert line.asked() == [], "it has been asked for"
    line.drives["weld_z"].is_armed = False
    assert line.step(**{LINE_EVENT.name: OPENED}) is LinePhase.ARMING
    assert all(d.told == ["opened"] for d in line.drives.values())
    assert line.goals() == {OFF}
    line.drives["weld_z"].is_armed = True
    line.drives["weld_x"].needs_reading = True
    assert line.step() is LinePhase.ARMING
    line.drives["weld_x"].needs_reading = False
    assert line.step() is LinePhase.STOPPED
    assert line.goals() == {OFF}
    assert line.states.stop_cause == ""


def test_while_it_arms_it_obeys_nothing() -> None:
    line = Line()
    line.drives["weld_z"].is_armed = False
    line.opened()
    assert line.obey() is LinePhase.ARMING
    assert line.goals() == {OFF}


def test_drives_that_move_when_the_line_comes_up_are_stopped_where_they_are() -> None:
    line = Line()
    line.drives["weld_y"].is_standing = False
    assert line.opened() is LinePhase.STOPPING
    assert line.states.stop_cause == "drives were moving when the line came up"
    assert line.goals() == {OFF}
    line.drives["weld_y"].is_standing = True
    assert line.step() is LinePhase.STOPPED


@pytest.mark.parametrize(
    ("also_moves", "cause"),
    [(False, "weld_spindle may have been coasting"), (True, "drives were moving")],
)
def test_a_spindle_that_shows_no_speed_is_not_said_to_have_moved(also_moves: bool, cause: str) -> None:
    line = Line()
    spindle = line.drives["weld_spindle"]
    spindle.is_standing, spindle.may_coast = False, True
    line.drives["weld_y"].is_standing = not also_moves
    assert line.opened() is LinePhase.STOPPING
    assert line.states.stop_cause == f"{cause} when the line came up"


def test_a_port_that_fails_is_tried_again_after_half_a_second() -> None:
    line = Line()
    line.step()
    assert line.step(**{LINE_EVENT.name: FAILED}) is LinePhase.CLOSED
    failed_s = line.now_s
    assert line.states.stop_cause == ""
    assert all(d.told == ["lost"] for d in line.drives.values())
    assert line.goals() == {OFF}
    assert line.asked() == []
    line.step(dt_s=0.484375)
    assert line.asked() == []
    assert line.due_s == failed_s + 0.5
    line.step()
    assert line.asked() == [LineRequestKind.OPEN]


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_port_that_is_lost_under_a_permit_is_a_stop_of_its_own(is_stopping: bool) -> None:
    line = Line().permitted()
    if is_stopping:
        line.drives["weld_x"].is_standing = False
        assert line.step(dt_s=0.125) is LinePhase.STOPPING
    lost = LineEvent(LineEventKind.FAILED, "device disconnected")
    assert line.step(**{LINE_EVENT.name: lost}) is LinePhase.CLOSED
    assert line.states.stop_cause == "port lost: device disconnected"
    assert line.goals() == {OFF}
    line.drives["weld_x"].is_standing = True
    line.step(dt_s=0.5)
    line.step(**{LINE_EVENT.name: OPENED})
    assert line.obey() is LinePhase.STOPPED, "the epoch is over for it"
    line.epoch += 1
    assert line.obey() is LinePhase.PERMITTED
    assert line.states.stop_cause == ""


def test_a_permit_gives_every_drive_its_goal_and_a_newer_one_another() -> None:
    line = Line()
    line.opened()
    turn = DriveSetpoint("weld_spindle", SetpointKind.VELOCITY, target_speed_rpm=900.0)
    assert line.obey(Allowed.MOTION, weld_spindle=turn) is LinePhase.PERMITTED
    assert line.drives["weld_spindle"].goal.kind is GoalKind.VELOCITY
    assert line.drives["weld_y"].goal == HOLD
    told = len(line.drives["weld_x"].goals)
    assert line.step() is LinePhase.PERMITTED
    assert len(line.drives["weld_x"].goals) == told, "nothing new was said"
    assert line.obey(Allowed.NONE) is LinePhase.PERMITTED
    assert line.goals() == {OFF}


def test_a_permit_ends_when_it_is_not_renewed_and_says_how_late_it_is() -> None:
    line = Line().permitted(Allowed.HOLD)
    expires_s = line.now_s - 1.0 / 64.0 + 0.0625
    line.step(dt_s=0.03125)
    assert line.states.phase is LinePhase.PERMITTED
    assert line.due_s <= expires_s
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=expires_s - line.now_s)
    assert line.states.phase is LinePhase.STOPPING
    assert line.states.stop_cause == "permit ended, not renewed for 0.000 s"
    assert line.goals() == {OFF}, "no program is in force under a hold"


@pytest.mark.parametrize(
    ("allowed", "program"),
    [(Allowed.MOTION, "weld_retract"), (Allowed.HOLD, ""), (Allowed.RECOVERY, ""), (Allowed.NONE, "")],
)
def test_only_after_motion_a_stop_plays_the_programs_in_force(allowed: Allowed, program: str) -> None:
    line = Line().permitted(allowed, program="weld_retract")
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert (line.states.phase, line.states.program) == (LinePhase.STOPPING, program)
    assert (line.drives["weld_x"].goal == STOP) is bool(program)


def test_what_was_in_motion_stays_so_under_a_hold_of_the_same_permit_and_not_under_the_next() -> None:
    line = Line().permitted(Allowed.MOTION, program="weld_retract")
    line.obey(Allowed.HOLD)
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert line.states.program == "weld_retract"
    for drive in line.movers():
        drive.is_standing = True
    line.bus._phase, line.bus._stop = LinePhase.STOPPED, None
    line.epoch += 1
    assert line.obey(Allowed.HOLD) is LinePhase.PERMITTED
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert (line.states.phase, line.states.program) == (LinePhase.STOPPING, "")


def test_a_program_that_the_line_does_not_have_does_not_come_into_force() -> None:
    line = Line().permitted(Allowed.MOTION, program="weld_retract")
    line.obey(Allowed.MOTION, program="grind_stop")
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert line.states.program == "weld_retract"


FAULT = InputFault(FaultKind.LATE_STEP, "", "", "0.2 s after its deadline")


def test_the_reason_of_a_stop_is_the_first_of_trip_leaving_own_fault_permit_and_drive() -> None:
    def stopped(*reasons: str) -> str:
        line = Line().permitted()
        line.drives["weld_x"].is_standing = False
        line.drives["weld_z"].has_dropped_out = line.drives["weld_y"].has_dropped_out = "drive" in reasons
        line.step(
            dt_s=0.125 if "permit" in reasons else 1.0 / 64.0,
            faults=(FAULT,) if "fault" in reasons else (),
            **{
                LINE_COMMAND.name: line.command(Allowed.STOP_PROGRAM) if "trip" in reasons else None,
                STOP_REQUESTED.name: StopRequested("SIGTERM") if "leaving" in reasons else None,
            },
        )
        assert line.states.phase is LinePhase.STOPPING
        return line.states.stop_cause

    assert stopped("trip", "leaving", "fault", "permit", "drive") == ""
    assert stopped("leaving", "fault", "permit", "drive") == "leaving: SIGTERM"
    assert stopped("fault", "permit", "drive") == "late step: 0.2 s after its deadline"
    assert stopped("permit", "drive").startswith("permit ended, not renewed for 0.0")
    assert stopped("drive") == "weld_y, weld_z went off without a command"


def test_a_goal_that_a_drive_cannot_be_told_stops_the_line_and_says_why() -> None:
    line = Line().permitted()
    line.drives["weld_x"].is_standing = False
    line.drives["weld_z"].untold = "target_speed = 1e+09 rpm is outside 0 to 6000 rpm"
    line.step()
    assert line.states.phase is LinePhase.STOPPING
    cause = "weld_z cannot be told its goal: target_speed = 1e+09 rpm is outside 0 to 6000 rpm"
    assert line.states.stop_cause == cause


def test_a_drive_that_dropped_out_has_to_be_armed_again() -> None:
    line = Line().permitted()
    line.drives["weld_z"].has_dropped_out = True
    line.step()
    assert line.drives["weld_z"].told == ["opened", "disarm"]
    assert line.drives["weld_x"].told == ["opened"]


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (
            InputFault(FaultKind.NEW_SESSION, LINE_COMMAND.name, "interlock"),
            "the interlock was restarted or runs twice",
        ),
        (
            InputFault(FaultKind.SECOND_SESSION, LINE_COMMAND.name, "interlock"),
            "the interlock was restarted or runs twice",
        ),
        (InputFault(FaultKind.NEW_SESSION, "another", "somebody"), ""),
        (InputFault(FaultKind.REORDERED, LINE_COMMAND.name, "interlock"), ""),
        (InputFault(FaultKind.STALE, LINE_COMMAND.name, "interlock"), ""),
    ],
)
def test_a_second_interlock_ends_the_permit_and_other_notices_do_not(fault: InputFault, cause: str) -> None:
    line = Line().permitted()
    line.drives["weld_x"].is_standing = False
    ignored = InputFault(FaultKind.MALFORMED, LINE_COMMAND.name)
    line.step(faults=(ignored, fault))
    assert line.states.stop_cause == cause
    assert line.states.phase is (LinePhase.STOPPING if cause else LinePhase.PERMITTED)


def test_after_a_stop_of_its_own_only_a_newer_epoch_is_obeyed() -> None:
    line = Line().permitted()
    for drive in line.movers():
        drive.condition = DriveCondition.READY_TO_SWITCH_ON
    line.step(dt_s=0.125)
    assert line.step() is LinePhase.STOPPED
    assert line.goals() == {OFF}
    assert line.states.stop_cause.startswith("permit ended")
    assert line.obey() is LinePhase.STOPPED
    line.epoch += 1
    assert line.obey() is LinePhase.PERMITTED


def test_a_trip_while_stopped_closes_its_epoch() -> None:
    line = Line()
    line.opened()
    assert line.obey(Allowed.STOP_PROGRAM) is LinePhase.STOPPED
    assert line.obey() is LinePhase.STOPPED
    line.epoch += 1
    assert line.obey() is LinePhase.PERMITTED
