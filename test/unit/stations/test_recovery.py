"""Hold-to-run: jogging and pulling a tool out under a recovery permit."""

from dataclasses import replace

import pytest

from cell_controller.messages import (
    DriveCondition,
    LinePhase,
    RecoveryAction,
    SafetyPhase,
    SetpointKind,
    TaskKind,
    TaskResult,
)


@pytest.fixture
def stuck_tool(robot):
    robot.drives["weld_z"].position_m = 0.0005
    robot.permit(SafetyPhase.RECOVERY)
    robot.run(0.3)
    return robot


def test_a_tool_in_the_material_is_measured_and_needs_a_part(stuck_tool):
    assert stuck_tool.state.tool_in_material
    stuck_tool.parts = []
    stuck_tool.run(0.2)
    assert not stuck_tool.state.tool_in_material


def test_a_tool_is_stranded_when_the_stop_is_over_and_it_is_still_in(stuck_tool):
    for phase, is_over in (
        (LinePhase.PERMITTED, False),
        (LinePhase.STOPPING, False),
        (LinePhase.STOPPED, True),
        (LinePhase.ARMING, True),
        (LinePhase.CLOSED, True),
    ):
        stuck_tool.phase = phase
        stuck_tool.run(0.2)
        assert stuck_tool.state.is_stranded is is_over, phase
    stuck_tool.drives["weld_z"].position_m = stuck_tool.unit.safe_m
    stuck_tool.run(0.2)
    assert not stuck_tool.state.is_stranded


def test_the_mark_of_a_failed_stop_counts_until_the_tool_is_measured_clear(robot):
    robot.drives["weld_z"].position_m = 0.0099  # over the part, just in its zone
    robot.phase = LinePhase.STOPPED
    robot.run(0.2)
    assert not robot.state.tool_in_material
    robot.is_marked = True
    robot.run(0.2)
    assert robot.state.tool_in_material
    assert robot.state.is_stranded
    robot.drives["weld_z"].position_m = robot.unit.safe_m
    robot.run(0.2)
    assert not robot.state.tool_in_material
    assert not robot.state.is_stranded


def test_a_marked_tool_that_is_low_goes_only_out(robot):
    robot.drives["weld_z"].position_m = 0.0099  # over the part by measurement, which the mark doubts
    robot.is_marked = True
    robot.permit(SafetyPhase.RECOVERY)
    robot.run(0.2)
    robot.press(TaskKind.JOG, "weld_x", 0.005)
    robot.run(0.5)
    assert robot.at("weld_x").kind is SetpointKind.STOP
    robot.permit()
    robot.give(TaskKind.HOME)
    assert "recover the tool first" in robot.finish(1.0).detail
    robot.drives["weld_z"].position_m = robot.unit.safe_m
    robot.run(0.2)
    robot.give(TaskKind.HOME)
    assert robot.finish().result is TaskResult.DONE


def test_recover_tool_turns_the_spindle_and_pulls_slowly(stuck_tool):
    stuck_tool.press(TaskKind.RECOVER_TOOL)
    assert stuck_tool.run(5.0, lambda: stuck_tool.unit.phase == "recover_retract")
    assert stuck_tool.drives["weld_spindle"].speed > 200.0
    stuck_tool.run(0.5)
    z = stuck_tool.at("weld_z")
    assert z.kind is SetpointKind.VELOCITY
    assert z.target_speed_m_s == stuck_tool.cell.safety.manual_speed_m_s
    assert z.force_limit_n == stuck_tool.cell.safety.manual_force_n
    done = stuck_tool.finish(20.0)
    assert done.result is TaskResult.DONE
    assert not done.tool_in_material
    assert stuck_tool.drives["weld_z"].position_m >= stuck_tool.unit.safe_m - 0.001


@pytest.mark.parametrize("condition", [DriveCondition.FAULT, DriveCondition.OFFLINE])
def test_a_dead_spindle_is_left_off_and_the_tool_comes_out(stuck_tool, condition):
    stuck_tool.drives["weld_spindle"].condition = condition
    stuck_tool.run(0.2)
    stuck_tool.press(TaskKind.RECOVER_TOOL)
    assert stuck_tool.run(0.5, lambda: stuck_tool.unit.phase == "recover_retract")
    assert stuck_tool.finish(20.0).result is TaskResult.DONE
    speeds = [s.target_speed_rpm for _, one in stuck_tool.setpoints for s in one.drives]
    assert max(speeds) == 0.0


def test_a_spindle_that_cannot_turn_is_given_up_after_five_seconds(stuck_tool):
    stuck_tool.drives["weld_spindle"].stuck = True
    stuck_tool.press(TaskKind.RECOVER_TOOL)
    assert not stuck_tool.run(4.9, lambda: stuck_tool.unit.phase == "recover_retract")
    assert stuck_tool.run(0.5, lambda: stuck_tool.unit.phase == "recover_retract")
    assert stuck_tool.finish(20.0).result is TaskResult.DONE


def test_letting_go_stops_the_pull(stuck_tool):
    stuck_tool.press(TaskKind.RECOVER_TOOL)
    stuck_tool.run(5.0, lambda: stuck_tool.unit.phase == "recover_retract")
    stuck_tool.run(0.3)
    stuck_tool.order = replace(stuck_tool.order, action=RecoveryAction.END)
    stuck_tool.run(0.15)
    assert stuck_tool.state.result is TaskResult.STOPPED
    before_m = stuck_tool.drives["weld_z"].position_m
    stuck_tool.run(0.5)
    assert stuck_tool.drives["weld_z"].position_m == before_m


def test_a_jog_ends_two_tenths_after_the_last_order(robot):
    robot.permit(SafetyPhase.RECOVERY)
    robot.press(TaskKind.JOG, "weld_x", 0.005)
    robot.run(0.5)
    assert robot.drives["weld_x"].speed == pytest.approx(0.005)
    robot.order_period_s = 0.0
    robot.run(0.3)
    assert robot.drives["weld_x"].speed == 0.0
    assert robot.state.result is TaskResult.STOPPED


def test_a_jog_moves_one_axis_at_manual_speed_at_most(robot):
    robot.permit(SafetyPhase.RECOVERY)
    robot.press(TaskKind.JOG, "weld_y", -9.0)
    robot.run(0.3)
    assert robot.at("weld_y").target_speed_m_s == -robot.cell.safety.manual_speed_m_s
    assert {robot.at(d).kind for d in ("weld_x", "weld_z")} == {SetpointKind.STOP}
    robot.order = replace(robot.order, action=RecoveryAction.END)
    assert robot.finish(0.3).result is TaskResult.DONE


def test_a_jog_without_a_recovery_permit_moves_nothing(robot):
    robot.trip()
    robot.press(TaskKind.JOG, "weld_y", 0.005)
    robot.run(0.5)
    assert robot.at("weld_y").kind is SetpointKind.STOP
    assert robot.finish(2.0).result is TaskResult.ABORTED


@pytest.mark.parametrize(("drive", "speed_m_s"), [("weld_x", 0.005), ("weld_y", 0.005), ("weld_z", -0.005)])
def test_with_the_tool_in_the_material_only_the_way_out_is_free(stuck_tool, drive, speed_m_s):
    stuck_tool.press(TaskKind.JOG, drive, speed_m_s)
    stuck_tool.run(0.5)
    assert stuck_tool.at(drive).kind is SetpointKind.STOP
    stuck_tool.press(TaskKind.JOG, "weld_z", 0.005)
    stuck_tool.run(0.5)
    assert stuck_tool.at("weld_z").target_speed_m_s == 0.005


def test_a_jog_of_something_else_is_refused(robot):
    robot.permit(SafetyPhase.RECOVERY)
    robot.press(TaskKind.JOG, "weld_spindle", 0.005)
    assert robot.finish(0.5).detail == "weld_spindle is not an axis of robot"
