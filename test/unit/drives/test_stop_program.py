"""Stop programs step by step: exit conditions, time limits, dead drives."""

from dataclasses import replace
from math import nan

import pytest

from cell_controller.config import StopProgram
from cell_controller.drives.stop_program import Act, DriveView, ProgramPlayer

PROGRAM = StopProgram.model_validate(
    {
        "line": "weld_line",
        "steps": [
            {
                "name": "stop traverse",
                "action": "stop",
                "drives": ["x", "y"],
                "until": "standstill",
                "max_s": 0.8,
                "if_dead": "go_on",
            },
            {
                "name": "retract",
                "action": "move",
                "drives": ["z"],
                "position_m": 0.06,
                "speed_m_s": 0.08,
                "acceleration_m_s2": 1.0,
                "keep_turning": "s",
                "until": "at_position",
                "max_s": 2.0,
                "if_dead": "wait_and_mark",
                "if_keep_turning_dead": "stop_and_mark",
            },
            {
                "name": "stop spindle",
                "action": "stop",
                "drives": ["s"],
                "until": "standstill",
                "max_s": 1.5,
                "if_dead": "go_on",
            },
        ],
    }
)
MOVING = DriveView(
    is_silent=False,
    is_faulted=False,
    can_move=True,
    is_standing=False,
    at_target=False,
    position_m=0.005,
    is_axis=True,
)
STANDING = replace(MOVING, is_standing=True)
SILENT = replace(MOVING, is_silent=True, can_move=False)
FAULTED = replace(MOVING, is_faulted=True, can_move=False)
TURNING = replace(MOVING, position_m=nan, is_axis=False)
ALL = ("x", "y", "z", "s")


def views(**drives: DriveView) -> dict[str, DriveView]:
    return {"x": MOVING, "y": STANDING, "z": MOVING, "s": TURNING} | drives


def acts(player: ProgramPlayer, seen: dict[str, DriveView]) -> dict[str, Act]:
    return {name: player.act(name, seen) for name in ALL}


@pytest.fixture
def player() -> ProgramPlayer:
    return ProgramPlayer("weld_retract", PROGRAM, 10.0)


@pytest.fixture
def retracting(player: ProgramPlayer) -> ProgramPlayer:
    player.update(views(x=STANDING), 10.2)
    assert player.step_name == "retract"
    return player


def test_all_axes_stop_at_once_and_the_spindle_turns_on(player: ProgramPlayer) -> None:
    player.update(views(), 10.0)
    assert acts(player, views()) == {"x": Act.STOP, "y": Act.STOP, "z": Act.STOP, "s": Act.KEEP}


def test_the_retract_begins_when_the_traverse_stands(player: ProgramPlayer) -> None:
    player.update(views(), 10.1)
    assert player.step_name == "stop traverse"
    player.update(views(x=STANDING), 10.2)
    assert acts(player, views()) == {"x": Act.STOP, "y": Act.STOP, "z": Act.MOVE, "s": Act.KEEP}


def test_the_spindle_stops_only_after_the_tool_is_out(retracting: ProgramPlayer) -> None:
    out = views(z=replace(STANDING, at_target=True, position_m=0.06))
    retracting.update(out, 11.0)
    assert retracting.step_name == "stop spindle"
    assert retracting.act("s", out) is Act.STOP
    retracting.update(views(s=replace(TURNING, is_standing=True)), 11.5)
    assert retracting.is_done
    assert not retracting.tool_in_material


def test_a_dead_traverse_does_not_hold_the_tool_in_the_material(player: ProgramPlayer) -> None:
    player.update(views(x=SILENT), 10.1)
    assert player.step_name == "retract"


def test_a_traverse_that_will_not_stand_gets_its_time_and_no_more(player: ProgramPlayer) -> None:
    player.update(views(), 10.79)
    assert player.step_name == "stop traverse"
    assert player.due_s == pytest.approx(10.8)
    player.update(views(), 10.8)
    assert player.step_name == "retract"


@pytest.mark.parametrize("dead", [SILENT, FAULTED, replace(MOVING, can_move=False)])
def test_with_a_dead_z_the_spindle_turns_until_the_time_of_the_step_is_over(
    retracting: ProgramPlayer, dead: DriveView
) -> None:
    retracting.update(views(z=dead), 12.1)
    assert retracting.step_name == "retract"
    assert retracting.act("s", views(z=dead)) is Act.KEEP
    retracting.update(views(z=dead), 12.21)
    assert retracting.step_name == "stop spindle"
    assert retracting.tool_in_material


@pytest.mark.parametrize("dead", [replace(TURNING, is_silent=True), replace(TURNING, is_faulted=True)])
def test_with_a_dead_spindle_the_tool_is_not_pulled_and_this_is_marked(
    retracting: ProgramPlayer, dead: DriveView
) -> None:
    seen = views(s=dead)
    assert retracting.act("z", seen) is Act.STOP
    retracting.update(seen, 10.3)
    assert retracting.step_name in ("stop spindle", "")
    assert retracting.tool_in_material


def test_a_spindle_that_stops_beside_a_grinding_infeed_does_not_hinder_it() -> None:
    steps = [s.model_dump(mode="json") for s in PROGRAM.steps]
    steps[1]["if_keep_turning_dead"] = "go_on"
    player = ProgramPlayer("p", StopProgram.model_validate({"line": "l", "steps": steps[1:]}), 0.0)
    seen = views(s=replace(TURNING, is_silent=True))
    player.update(seen, 0.1)
    assert player.step_name == "retract"
    assert player.act("z", seen) is Act.MOVE


def test_a_retract_that_does_not_arrive_in_time_is_marked(retracting: ProgramPlayer) -> None:
    retracting.update(views(), 12.2)
    assert retracting.step_name == "stop spindle"
    assert retracting.tool_in_material


def test_a_stop_program_never_moves_an_axis_towards_the_material(retracting: ProgramPlayer) -> None:
    above = views(z=replace(MOVING, position_m=0.1))
    assert retracting.act("z", above) is Act.STOP
    retracting.update(views(z=replace(STANDING, position_m=0.1)), 10.4)
    assert retracting.step_name == "stop spindle"
    assert not retracting.tool_in_material


def test_steps_whose_conditions_hold_already_are_passed_at_once(player: ProgramPlayer) -> None:
    out = replace(STANDING, at_target=True, position_m=0.06)
    player.update(views(x=STANDING, z=out, s=replace(TURNING, is_standing=True)), 10.0)
    assert player.is_done
    assert player.step_name == ""
    assert player.act("s", views()) is Act.STOP
