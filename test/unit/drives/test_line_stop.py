"""The stop of a line: programs side by side, plain stops for the rest, then all off."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any, cast

import pytest

from cell_controller.config import AxisDrive, StopProgram
from cell_controller.drives.device import Device
from cell_controller.drives.goal import KEEP, OFF, STOP, Goal, GoalKind, program_move
from cell_controller.drives.stop_program import DriveView
from cell_controller.drives.stopping import LineStop, view_of
from cell_controller.messages import DriveCondition
from support.interlock_bench import demo_cell
from support.stand_in_drives import StandIn

CELL, PLAN = demo_cell()
ON, READY = DriveCondition.OPERATION_ENABLED, DriveCondition.SWITCHED_ON


def stand_in(name: str, **state: Any) -> StandIn:
    found = StandIn(name, CELL.drives[name], PLAN.profile_of(name), name.endswith("_io"), ON)
    return replace(found, **{"is_standing": False, "position_m": 0.005, **state})


class Line:
    """The welding line, and beside it a belt that belongs to no program."""

    def __init__(self, in_force: str = "weld_retract", *, more: tuple[StandIn, ...] = ()) -> None:
        self.x, self.y, self.z = (stand_in(f"weld_{axis}") for axis in "xyz")
        self.s = stand_in("weld_spindle", position_m=nan)
        self.belt = stand_in("belt")
        self.module = stand_in("station_io")
        self.all = (self.x, self.y, self.z, self.s, self.belt, self.module, *more)
        forces = dict.fromkeys(("weld_x", "weld_y", "weld_z", "weld_spindle"), in_force)
        self.stop = LineStop(cast("tuple[Device, ...]", self.all), CELL.stop_programs, forces, 10.0)

    def update(self, now_s: float) -> list[Goal]:
        self.stop.update(now_s)
        return [d.goal for d in self.all]

    def stand(self, *drives: StandIn) -> None:
        for drive in drives or self.all:
            drive.is_standing = True


def program(name: str) -> StopProgram:
    return CELL.stop_programs[name]


def retract(line: Line) -> Goal:
    step = program("weld_retract").steps[1]
    assert isinstance(line.z.drive, AxisDrive)
    return program_move(line.z.profile, line.z.drive, step)  # type: ignore[arg-type]


def test_a_program_is_played_step_by_step_and_all_is_off_at_its_end() -> None:
    line = Line()
    assert line.update(10.0) == [STOP, STOP, STOP, KEEP, STOP, KEEP]
    assert (line.stop.program, line.stop.step_name, line.stop.due_s) == (
        "weld_retract",
        "stop traverse",
        10.8,
    )
    assert [d.name for d in line.stop.order] == ["weld_x", "weld_y", "weld_z", "weld_spindle", "belt"]
    line.stand(line.x, line.y)
    move = retract(line)
    assert move.kind is GoalKind.MOVE
    assert line.update(10.5) == [STOP, STOP, move, KEEP, STOP, KEEP]
    assert (line.stop.step_name, line.stop.due_s) == ("retract", 12.5)
    assert [d.name for d in line.stop.order] == ["weld_z", "weld_x", "weld_y", "weld_spindle", "belt"]
    line.z.has_arrived = True
    assert line.update(11.0) == [STOP, STOP, STOP, STOP, STOP, KEEP]
    assert line.stop.step_name == "stop spindle"
    line.stand(line.z, line.s, line.belt)
    assert not line.stop.is_done(11.25), "the last step has not been seen to end"
    assert line.update(11.5) == [OFF, OFF, OFF, OFF, OFF, KEEP]
    assert (line.stop.program, line.stop.step_name, line.stop.due_s) == ("", "", 12.5)
    assert not line.stop.tool_in_material


def finished() -> Line:
    line = Line("weld_stop")
    line.stand()
    line.update(10.0)
    line.update(11.0)
    return line


def test_the_stop_is_done_when_all_that_answer_stand_and_are_off() -> None:
    line = finished()
    line.module.is_standing = False
    assert not line.stop.is_done(10.5)
    for drive in line.all:
        drive.condition = READY
    assert line.stop.is_done(10.5)
    line.belt.condition = DriveCondition.QUICK_STOP_ACTIVE
    assert not line.stop.is_done(10.5)
    line.belt.is_silent = True
    assert line.stop.is_done(10.5)


def test_what_does_not_go_off_is_waited_for_a_second_and_what_moves_for_ever() -> None:
    line = finished()
    assert not line.stop.is_done(10.96875)
    assert line.stop.is_done(11.0)
    line.x.is_standing = False
    assert not line.stop.is_done(99.0)
    line.x.is_silent = True
    assert line.stop.is_done(99.0)


def test_without_a_program_everything_is_stopped_where_it_is_and_switched_off() -> None:
    line = Line("")
    assert line.stop.due_s == inf
    assert line.update(10.0) == [OFF, OFF, OFF, OFF, OFF, KEEP]
    assert line.stop.due_s == 11.0
    assert not line.stop.is_done(10.5)


def test_two_programs_are_played_side_by_side() -> None:
    infeed, traverse, wheel = (stand_in(f"grind_{n}") for n in ("infeed", "traverse", "wheel"))
    line = Line("weld_stop")
    drives = (line.x, line.s, infeed, traverse, wheel)
    for absent in (line.y, line.z):
        absent.is_standing = True
    forces = {
        **dict.fromkeys(("weld_x", "weld_y", "weld_z", "weld_spindle"), "weld_stop"),
        **dict.fromkeys(("grind_infeed", "grind_traverse", "grind_wheel"), "grind_retract"),
    }
    every = cast("tuple[Device, ...]", (line.x, line.y, line.z, line.s, infeed, traverse, wheel))
    stop = LineStop(every, CELL.stop_programs, forces, 10.0)
    stop.update(10.0)
    assert [d.goal.kind for d in drives] == [
        GoalKind.STOP,
        GoalKind.KEEP,
        GoalKind.MOVE,
        GoalKind.STOP,
        GoalKind.KEEP,
    ]
    assert stop.due_s == 11.2
    first = ("weld_x", "weld_y", "weld_z", "grind_infeed")
    assert tuple(d.name for d in stop.order) == (*first, "weld_spindle", "grind_traverse", "grind_wheel")
    for drive in drives:
        drive.is_standing = True
    infeed.has_arrived = True
    stop.update(10.5)
    assert stop.program == ""
    infeed.is_standing = False
    assert not stop.is_done(10.5)


def test_the_program_that_is_not_over_is_the_one_that_is_told() -> None:
    line = Line("weld_stop")
    line.stand(line.x, line.y, line.z, line.s)
    infeed, traverse, wheel = (stand_in(f"grind_{n}") for n in ("infeed", "traverse", "wheel"))
    forces = {"weld_x": "weld_stop", "grind_infeed": "grind_retract"}
    every = cast("tuple[Device, ...]", (line.x, line.y, line.z, line.s, infeed, traverse, wheel))
    stop = LineStop(every, CELL.stop_programs, forces, 10.0)
    stop.update(10.0)
    assert (stop.program, stop.step_name, stop.due_s) == ("grind_retract", "wheel back", 12.0)
    assert line.x.goal == STOP, "it waits for the other program"


def test_an_axis_that_cannot_move_is_stopped_and_the_tool_stays_in_the_material() -> None:
    line = Line()
    line.stand(line.x, line.y)
    line.z.can_move = False
    line.update(10.0)
    assert line.z.goal == STOP
    line.update(12.0)
    assert line.stop.step_name == "stop spindle"
    assert line.stop.tool_in_material


def view(drive: StandIn, move: Goal | None = None) -> DriveView:
    return view_of(cast("Device", drive), move)


def test_a_view_says_what_is_known_of_a_drive() -> None:
    z = stand_in("weld_z")
    plain = DriveView(
        is_silent=False,
        is_faulted=False,
        can_move=True,
        is_standing=False,
        at_target=False,
        position_m=0.005,
        is_axis=True,
    )
    assert view(z) == plain
    for name in ("is_silent", "is_standing"):
        assert view(stand_in("weld_z", **{name: True})) == replace(plain, **{name: True})
    assert view(stand_in("weld_z", condition=DriveCondition.FAULT)) == replace(plain, is_faulted=True)
    assert not view(stand_in("weld_z", can_move=False)).can_move
    assert not view(stand_in("weld_spindle")).is_axis


@pytest.mark.parametrize(
    ("arrived", "is_own", "at_target"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_the_move_of_the_program_itself_counts_as_arrived(
    arrived: bool, is_own: bool, at_target: bool
) -> None:
    """The station's own move may have arrived somewhere else."""
    z = stand_in("weld_z", has_arrived=arrived)
    move = retract(Line())
    z.pursue(move if is_own else STOP)
    assert view(z, move).at_target is at_target
