"""Life of a task: orders, ages, permits, what leaves and when."""

import itertools
from dataclasses import replace

import pytest

from cell_controller.messages import (
    Directive,
    DriveCondition,
    SetpointKind,
    TaskKind,
    TaskResult,
    Verdict,
)


def _kinds(bench):
    return {bench.at(d).kind for d in bench.drives}


def test_a_repeated_order_starts_nothing_again(robot):
    robot.give(TaskKind.WELD)
    robot.finish()
    before = len(robot.setpoints)
    robot.run(1.0)
    assert robot.state.phase == "idle"
    assert len(robot.setpoints) > before
    assert _kinds(robot) == {SetpointKind.NONE}


def test_an_order_for_another_station_is_not_taken(robot):
    robot.give(TaskKind.WELD)
    robot.order = replace(robot.order, station="spindle")
    robot.run(0.5)
    assert robot.state.task_id == 0


def test_a_withdrawn_order_aborts_the_task(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.order = replace(robot.order, task_id=0, kind=TaskKind.NONE)
    robot.run(0.2)
    assert (robot.state.result, robot.state.verdict) == (TaskResult.ABORTED, Verdict.SUSPECT)


def test_without_orders_a_process_falls_silent_so_that_the_interlock_trips(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.order_period_s = 0.0
    robot.run(0.2)
    assert SetpointKind.MOVE in _kinds(robot)
    robot.run(0.15)
    count, states = len(robot.setpoints), len(robot.states)
    robot.run(0.2)
    assert len(robot.setpoints) == count
    assert len(robot.states) > states
    assert robot.state.phase == "traverse"


def test_without_drive_states_the_force_loop_stands_still(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "plunge")
    robot.run(0.1)
    assert robot.at("weld_z").target_speed_m_s < 0.0
    robot.hears_states = False
    robot.run(0.2)
    assert robot.at("weld_z").target_speed_m_s == 0.0


@pytest.mark.parametrize("name", ["robot", "spindle", "conveyor"])
def test_setpoints_and_states_leave_at_least_every_50_ms(make_bench, name):
    bench = make_bench(name)
    bench.give({"robot": TaskKind.WELD, "spindle": TaskKind.GRIND, "conveyor": TaskKind.INDEX}[name])
    bench.finish()
    for sent in (bench.setpoints, bench.states):
        times = [at_s for at_s, _ in sent]
        gaps = [b - a for a, b in itertools.pairwise(times)]
        assert max(gaps) <= 0.05


def test_a_setpoint_carries_the_drive_states_it_was_computed_from(robot):
    robot.run(0.2)
    echoes = {echo.source: echo for echo in robot.setpoint.based_on}
    assert set(echoes) == {"weld_line", "io_line"}
    assert all(echo.session == 3 for echo in echoes.values())
    assert echoes["weld_line"].stamp_s >= robot.now_s - 0.05


def test_the_material_program_is_in_force_before_the_tool_goes_down(robot):
    robot.give(TaskKind.WELD)
    robot.finish()
    clear = [setpoint for _, setpoint in robot.setpoints if setpoint.program == "weld_stop"]
    down = [s for one in clear for s in one.drives if s.drive == "weld_z" and s.kind is SetpointKind.MOVE]
    assert clear
    assert {s.target_position_m for s in down} <= {robot.unit.safe_m}
    assert robot.setpoint.program == "weld_stop"


def test_move_numbers_only_grow_and_go_on_from_the_drive(robot):
    robot.drives["weld_x"].move_id = 41
    robot.run(0.3)
    robot.give(TaskKind.WELD)
    robot.finish()
    ids = [s.move_id for _, one in robot.setpoints for s in one.drives if s.drive == "weld_x" and s.move_id]
    assert ids[0] == 42
    assert ids == sorted(ids)


def test_a_move_that_a_drive_has_dropped_is_given_again(robot):
    robot.drives["weld_x"].position_m = robot.config.seam_start_x_m + 0.1  # a second away
    robot.run(0.2)
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "approach")
    robot.run(0.3)
    first = robot.at("weld_x").move_id
    x = robot.drives["weld_x"]
    x.stuck = True
    robot.run(1.0)
    x.stuck = False
    assert robot.at("weld_x").move_id > first
    assert robot.finish().verdict is Verdict.GOOD


def test_a_trip_as_old_as_the_order_is_waited_out_for_a_second(robot):
    robot.trip()
    robot.run(0.1)
    robot.give(TaskKind.WELD)
    robot.run(0.5)
    assert robot.state.result is TaskResult.RUNNING
    robot.permit()
    assert robot.finish().verdict is Verdict.GOOD
    robot.trip()
    robot.run(0.1)
    robot.give(TaskKind.WELD)
    done = robot.finish(1.5)
    assert (done.result, done.verdict) == (TaskResult.ABORTED, Verdict.NONE)


@pytest.mark.parametrize(
    ("condition", "words"), [(DriveCondition.FAULT, "FAULT"), (DriveCondition.OFFLINE, "OFFLINE")]
)
def test_a_task_is_refused_while_a_drive_cannot(robot, condition, words):
    robot.drives["weld_y"].condition = condition
    robot.run(0.2)
    robot.give(TaskKind.WELD)
    done = robot.finish(1.0)
    assert done.result is TaskResult.REFUSED
    assert f"weld_y is {words}" in done.detail


def test_a_task_is_refused_without_a_part_or_away_from_the_safe_position(robot):
    robot.parts = []
    robot.run(0.2)
    robot.give(TaskKind.WELD)
    assert "no part at weld" in robot.finish(1.0).detail
    robot.parts = [1.0]
    robot.drives["weld_z"].position_m = robot.config.safe_z_m - 0.005
    robot.run(0.2)
    robot.give(TaskKind.WELD)
    assert "not at its safe position" in robot.finish(1.0).detail
    assert not robot.state.is_ready
    robot.give(TaskKind.HOME)
    assert robot.finish().result is TaskResult.DONE
    assert robot.state.is_ready


def test_an_axis_without_reference_takes_no_process_task(robot):
    robot.drives["weld_x"].is_homed = False
    robot.run(0.2)
    robot.give(TaskKind.WELD)
    assert "weld_x is not homed" in robot.finish(1.0).detail


def test_clipped_speeds_are_reported(robot):
    robot.unit.rapid_m_s = 1.0
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "approach")
    robot.run(0.1)
    assert robot.at("weld_x").target_speed_m_s == 0.25
    assert "weld_x speed 1 m/s clipped to 0.25 m/s" in robot.state.detail


def test_zones_are_wanted_from_the_order_until_the_tool_is_clear(robot):
    assert robot.state.zones_wanted == ()
    robot.grants_zones = False
    robot.give(TaskKind.WELD)
    robot.run(1.0)
    assert robot.state.phase == "wait_zone"
    assert robot.state.zones_wanted == ("weld_place",)
    robot.grants_zones = True
    robot.finish()
    robot.run(0.1)
    assert robot.state.zones_wanted == ()
    assert robot.state.is_clear


def test_the_clamp_stays_as_it_is_when_the_task_is_aborted(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.direct(Directive.ABORT)
    robot.run(0.5)
    assert robot.clamps["weld_clamp"] > 0.5


def test_a_restarted_station_holds_the_clamp_as_it_finds_it(make_bench):
    bench = make_bench("robot")
    bench.outputs = 1
    fresh = type(bench)(bench.cell, bench.recipe, "robot")
    fresh.outputs = 1
    fresh.run(0.2)
    assert fresh.at("station_io").outputs == 1
    assert fresh.at("station_io").outputs_mask == 1
