"""Numbers of a task: out of a recipe, and back with their ranges."""

from contextlib import suppress
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.messages import Parameter, TaskKind, TaskResult
from cell_controller.stations.errors import ParameterError
from cell_controller.stations.parameters import (
    RANGES,
    grind_parameters,
    parameters_of,
    parse_grind,
    parse_weld,
    weld_parameters,
)


def _with(parameters, name, value):
    return tuple(Parameter(p.name, value) if p.name == name else p for p in parameters)


def test_every_recipe_survives_the_way_through_an_order(demo):
    for recipe in demo[1:]:
        assert parse_weld(parameters_of(recipe, TaskKind.WELD)) == weld_parameters(recipe)
        assert parse_grind(parameters_of(recipe, TaskKind.GRIND)) == grind_parameters(recipe)


def test_tasks_without_numbers_have_no_parameters(demo):
    for kind in (TaskKind.HOME, TaskKind.INDEX, TaskKind.RETRACT, TaskKind.JOG):
        assert parameters_of(demo[1], kind) == ()


@pytest.mark.parametrize("value", [nan, inf, -inf, -1e9, 1e9])
@pytest.mark.parametrize("name", list(RANGES))
def test_a_number_that_cannot_be_is_refused_by_name(demo, name, value):
    for kind, parse in ((TaskKind.WELD, parse_weld), (TaskKind.GRIND, parse_grind)):
        parameters = parameters_of(demo[1], kind)
        if name in {p.name for p in parameters}:
            with pytest.raises(ParameterError, match=f"parameter {name} = "):
                parse(_with(parameters, name, value))


def test_a_missing_number_is_refused_by_name(demo):
    parameters = parameters_of(demo[1], TaskKind.WELD)
    for left_out in parameters:
        with pytest.raises(ParameterError, match=f"parameter {left_out.name} is missing"):
            parse_weld(tuple(p for p in parameters if p is not left_out))


def test_a_pin_that_would_reach_the_anvil_is_refused(demo):
    parameters = _with(parameters_of(demo[1], TaskKind.WELD), "pin_length_m", 0.0019)
    with pytest.raises(ParameterError, match="pin_length_m"):
        parse_weld(parameters)


@given(value=st.floats(allow_nan=True, allow_infinity=True), index=st.integers(0, 18))
def test_whatever_number_comes_nothing_outside_its_range_passes(demo, value, index):
    parameters = parameters_of(demo[1], TaskKind.WELD)
    name = parameters[index].name
    with suppress(ParameterError):
        weld = parse_weld(_with(parameters, name, value))
        assert RANGES[name].low <= getattr(weld, name) <= RANGES[name].high


def test_a_refused_task_says_why_and_moves_nothing(robot):
    parameters = _with(parameters_of(robot.recipe, TaskKind.WELD), "plunge_speed_m_s", nan)
    robot.give(TaskKind.WELD, parameters)
    done = robot.finish(1.0)
    assert done.result is TaskResult.REFUSED
    assert done.detail == "parameter plunge_speed_m_s = nan; 5e-05 to 0.005 is possible"
    assert {robot.at(d).kind.name for d in robot.drives} == {"NONE"}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("spindle_rpm", 2000.0, "2000 rpm is over the limit of weld_spindle"),
        ("axial_force_n", 20000.0, "20000 N is over the limit of weld_z"),
        ("seam_m", 0.5, "out of reach of weld_x"),
    ],
)
def test_a_recipe_beyond_the_cell_is_refused(robot, name, value, words):
    robot.give(TaskKind.WELD, _with(parameters_of(robot.recipe, TaskKind.WELD), name, value))
    done = robot.finish(1.0)
    assert done.result is TaskResult.REFUSED
    assert words in done.detail
