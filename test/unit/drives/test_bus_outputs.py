"""What a bus does besides its permit: outputs, faults, the mark of a tool, leaving, and when it is due."""

from __future__ import annotations

from math import inf

import pytest

from cell_controller.drives.goal import GoalKind
from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    DriveStates,
    Finished,
    LineEvent,
    LineEventKind,
    LinePhase,
    LineRequest,
    LineRequestKind,
    SetpointKind,
    StopRequested,
)
from cell_controller.runtime.ports import LINE_EVENT, STOP_REQUESTED
from support.stand_in_drives import OPENED, Line, SilentTalk

pytestmark = pytest.mark.usefixtures("talk")


def test_a_line_that_leaves_begins_nothing_and_says_when_it_has_nothing_left_to_stop() -> None:
    line = Line()
    line.opened()
    line.drives["weld_spindle"].has_stop_to_write = True
    line.step(**{STOP_REQUESTED.name: StopRequested("SIGTERM")})
    assert line.obey() is LinePhase.STOPPED
    assert line.sent == [] or Finished("SIGTERM") not in line.sent
    line.drives["weld_spindle"].has_stop_to_write = False
    line.step()
    assert [m for m in line.sent if not isinstance(m, DriveStates)] == [
        LineRequest(LineRequestKind.CLOSE),
        Finished("SIGTERM"),
    ]
    line.step()
    assert Finished("SIGTERM") not in line.sent
    closed = LineEvent(LineEventKind.CLOSED)
    assert line.step(**{LINE_EVENT.name: closed}) is LinePhase.CLOSED
    line.step(dt_s=1.0)
    assert line.asked() == [], "it does not open again"
    assert line.step(**{LINE_EVENT.name: OPENED}) is LinePhase.CLOSED


def test_a_line_that_is_closed_leaves_at_once() -> None:
    line = Line()
    line.step()
    line.step(**{STOP_REQUESTED.name: StopRequested("")})
    assert Finished("asked to leave") in line.sent


def test_a_line_leaves_after_its_stop_program() -> None:
    line = Line().permitted()
    line.drives["weld_x"].is_standing = False
    line.step(**{STOP_REQUESTED.name: StopRequested("SIGTERM")})
    assert line.states.phase is LinePhase.STOPPING
    line.step()
    assert Finished("SIGTERM") not in line.sent
    for drive in line.movers():
        drive.is_standing, drive.condition = True, DriveCondition.READY_TO_SWITCH_ON
    assert line.step() is LinePhase.STOPPED
    line.step()
    assert Finished("SIGTERM") in line.sent


def outputs(line: Line) -> tuple[int, int]:
    goal = line.drives["station_io"].goal
    assert goal.kind is GoalKind.OUTPUTS
    return goal.outputs, goal.outputs_mask


def test_outputs_follow_every_fresh_command_and_the_open_ones_open_without_one() -> None:
    wish = DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0b101, outputs_mask=0b111)
    line = Line("conveyor_line")
    line.drives["belt"].is_armed = False
    line.opened()
    assert outputs(line) == (0, 0b100)
    line.obey(Allowed.HOLD, station_io=wish)
    assert outputs(line) == (0b101, 0b111), "also while the line arms"
    line.step(dt_s=0.0625)
    assert outputs(line) == (0, 0b100)


def test_after_a_stop_of_its_own_outputs_wait_for_a_newer_epoch() -> None:
    wish = DriveSetpoint("station_io", SetpointKind.OUTPUTS, outputs=0b101, outputs_mask=0b111)
    line = Line("conveyor_line").permitted()
    line.step(dt_s=0.125)
    assert line.states.stop_cause
    line.obey(Allowed.HOLD, station_io=wish)
    assert outputs(line) == (0, 0b100)
    line.epoch += 1
    line.drives["belt"].is_standing = False
    line.obey(Allowed.STOP_PROGRAM, station_io=wish)
    assert outputs(line) == (0b101, 0b111)


def test_faults_are_cleared_while_nothing_is_permitted_and_for_a_recovery() -> None:
    line = Line()
    assert not line.bus._may_reset()
    line.opened()
    assert line.bus._may_reset()
    line.obey(Allowed.HOLD)
    assert not line.bus._may_reset()
    line.obey(Allowed.RECOVERY)
    assert line.bus._may_reset()
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert line.states.phase is LinePhase.STOPPING
    assert not line.bus._may_reset()


def test_a_tool_in_the_material_is_told_until_motion_is_permitted() -> None:
    line = Line().permitted(Allowed.MOTION, program="weld_retract")
    line.drives["weld_z"].can_move = False
    line.drives["weld_z"].is_standing = False
    line.step(dt_s=0.125)
    assert (line.states.program_step, line.states.tool_in_material) == ("retract", False)
    line.step(dt_s=2.0)
    assert line.states.tool_in_material
    line.drives["weld_z"].is_standing = True
    for drive in line.movers():
        drive.condition = DriveCondition.READY_TO_SWITCH_ON
    line.step()
    assert line.step() is LinePhase.STOPPED
    assert line.states.tool_in_material
    line.epoch += 1
    line.obey(Allowed.RECOVERY)
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert line.states.phase is LinePhase.STOPPING
    assert line.bus._tool_in_material, "another stop has brought it out no more than the recovery"
    line.drives["weld_x"].is_standing = True
    line.step()
    line.epoch += 1
    line.obey(Allowed.HOLD)
    assert line.bus._tool_in_material
    line.obey(Allowed.MOTION)
    assert not line.bus._tool_in_material


def test_the_next_step_is_due_at_the_first_of_report_permit_stop_and_conversation(
    talk: type[SilentTalk],
) -> None:
    line = Line()
    line.step()
    assert line.due_s == line.now_s + 0.02
    line.step(**{LINE_EVENT.name: OPENED})
    talk.due = line.now_s + 0.0625 + 1.0 / 128.0
    line.obey()
    line.bus._report.due_s = line.now_s + 50.0
    wishes = line.bus._wishes()
    expires_s = line.bus._permit.expires_at_s
    assert line.bus._deadline_s(wishes, line.now_s) == min(expires_s, talk.due) == expires_s
    talk.due = line.now_s + 1.0 / 256.0
    assert line.bus._deadline_s(wishes, line.now_s) == talk.due
    talk.due = line.now_s
    assert line.bus._deadline_s(wishes, line.now_s) == line.now_s + 0.02, "never now again"
    talk.due = inf
    line.drives["weld_x"].is_standing = False
    line.step(dt_s=0.125)
    assert line.states.phase is LinePhase.STOPPING
    line.bus._report.due_s = line.now_s + 50.0
    assert line.bus._stop is not None
    assert line.bus._deadline_s(wishes, line.now_s) == line.bus._stop.due_s < line.now_s + 10.0
    talk.due = line.now_s + 1.0 / 256.0
    line.bus._is_finished = True
    assert line.bus._deadline_s(wishes, line.now_s) == line.bus._stop.due_s


@pytest.mark.parametrize(
    ("is_opening", "leaving", "counts"), [(False, "", True), (True, "", False), (False, "x", False)]
)
def test_a_closed_line_is_due_when_it_may_open_again(is_opening: bool, leaving: str, counts: bool) -> None:
    line = Line()
    line.step()
    line.bus._report.due_s = line.now_s + 50.0
    line.bus._open_at_s = line.now_s + 5.0
    line.bus._is_opening, line.bus._leaving = is_opening, leaving
    due_s = line.bus._deadline_s(line.bus._wishes(), line.now_s)
    assert due_s == line.now_s + (5.0 if counts else 50.0)
