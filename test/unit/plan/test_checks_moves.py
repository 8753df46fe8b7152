"""A cell whose motion no register of its drives can hold is refused before anything moves."""

from pathlib import Path

import pytest

from cell_controller.config import CellFile
from cell_controller.plan import load_plan
from cell_controller.plan.checks_moves import drives_can_be_told_their_moves

LOADED, PLAN = load_plan(Path(__file__).parents[3] / "config" / "cells" / "demo.yaml")


def with_drive(name: str, **changes: float) -> CellFile:
    drives = {**LOADED.cell.drives, name: LOADED.cell.drives[name].model_copy(update=changes)}
    return LOADED.cell.model_copy(update={"drives": drives})


def with_retract(**changes: float) -> CellFile:
    program = LOADED.cell.stop_programs["weld_retract"]
    steps = (program.steps[0], program.steps[1].model_copy(update=changes), *program.steps[2:])
    programs = {**LOADED.cell.stop_programs, "weld_retract": program.model_copy(update={"steps": steps})}
    return LOADED.cell.model_copy(update={"stop_programs": programs})


def test_every_motion_of_the_demo_cell_can_be_told() -> None:
    assert not list(drives_can_be_told_their_moves(LOADED.cell, PLAN.profiles))


def test_an_axis_whose_gentlest_ramp_would_be_too_steep_is_refused() -> None:
    (found,) = drives_can_be_told_their_moves(with_drive("belt", max_acceleration_m_s2=0.02), PLAN.profiles)
    assert found.path == ("drives", "belt", "max_acceleration_m_s2")
    assert found.text.startswith("fastech_ezi_servo has no register for a move with this")


@pytest.mark.parametrize("change", [{"speed_m_s": 1e-9}, {"acceleration_m_s2": 1e-9, "speed_m_s": 1e-9}])
def test_a_move_of_a_stop_program_that_its_drive_does_not_know_is_refused(change: dict[str, float]) -> None:
    (found,) = drives_can_be_told_their_moves(with_retract(**change), PLAN.profiles)
    assert found.path == ("stop_programs", "weld_retract", "steps", 1)
    assert found.text == "fast_modbus_servo has no register for this move of weld_z"
