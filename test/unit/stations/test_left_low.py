"""A tool left in the material for the stop program: its spindle turns until the program begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cell_controller.messages import Directive, SafetyPhase, SetpointKind, TaskKind, TaskResult
from cell_controller.stations.tool_phases import ToolPhase

WORKING = {"robot": (TaskKind.WELD, "traverse"), "spindle": (TaskKind.GRIND, "rough")}


@pytest.fixture(params=list(WORKING))
def in_metal(request: pytest.FixtureRequest, make_bench: Callable[[str], Any]) -> Any:
    bench = make_bench(request.param)
    kind, phase = WORKING[request.param]
    bench.give(kind)
    assert bench.run(40.0, lambda: bench.unit.phase == phase)
    bench.run(0.2)
    return bench


def tool_spindle(bench: Any) -> str:
    return str(bench.config.drives[-1])


def assert_turns(bench: Any) -> None:
    assert bench.at(tool_spindle(bench)).kind is SetpointKind.VELOCITY
    assert bench.at(tool_spindle(bench)).target_speed_rpm > 300.0


def test_an_abort_that_overtakes_the_trip_keeps_the_spindle_turning(in_metal: Any) -> None:
    in_metal.direct(Directive.ABORT)
    assert in_metal.run(0.1, lambda: in_metal.is_over)
    assert in_metal.state.result is TaskResult.ABORTED
    in_metal.run(0.3)
    assert_turns(in_metal)
    assert in_metal.setpoint.program == in_metal.config.programs.material
    assert {in_metal.at(a.drive).kind for a in in_metal.unit.body.axes} == {SetpointKind.STOP}
    in_metal.trip()
    in_metal.run(0.06)
    assert {in_metal.at(d).kind for d in in_metal.drives} == {SetpointKind.NONE}


@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.HOLD])
def test_without_a_trip_it_falls_silent_so_that_the_interlock_trips(
    in_metal: Any, phase: SafetyPhase
) -> None:
    in_metal.permit(phase)
    in_metal.direct(Directive.ABORT)
    in_metal.run(0.65)
    sent = len(in_metal.setpoints)
    in_metal.run(1.0)
    assert len(in_metal.setpoints) == sent
    assert_turns(in_metal)
    in_metal.trip()
    in_metal.run(0.1)
    assert len(in_metal.setpoints) > sent, "a tripped interlock needs setpoints for its reset"


def test_an_order_for_another_task_does_not_stop_it(in_metal: Any) -> None:
    in_metal.give(TaskKind.HOME)
    in_metal.run(0.3)
    assert in_metal.state.result is TaskResult.REFUSED
    assert_turns(in_metal)


def test_a_retreat_that_gets_stuck_is_left_to_the_stop_program(in_metal: Any) -> None:
    in_metal.drives[in_metal.fast].stuck = True
    in_metal.direct(Directive.STOP)
    in_metal.run(0.1)
    assert in_metal.unit.phase is ToolPhase.RETREAT
    assert in_metal.run(in_metal.unit.limit_s + 1.0, lambda: in_metal.is_over)
    assert in_metal.state.result is TaskResult.FAILED
    sent = len(in_metal.setpoints)
    in_metal.run(0.5)
    assert len(in_metal.setpoints) == sent, "the interlock misses them"
    assert_turns(in_metal)
