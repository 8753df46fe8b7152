"""The cell file's models and their helpers, on the demo cell."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cell_controller.config import CellFile, PlantModel, SerialFormat, Wheel, load_cell

CELLS = Path(__file__).parents[3] / "config" / "cells"


@pytest.fixture(scope="module")
def demo() -> CellFile:
    return load_cell(CELLS / "demo.yaml").cell


def test_drives_of_a_line_come_in_file_order(demo: CellFile) -> None:
    assert list(demo.drives_of_line("weld_line")) == ["weld_x", "weld_y", "weld_z", "weld_spindle"]


def test_every_axis_and_spindle_has_a_station_and_a_module_has_none(demo: CellFile) -> None:
    assert demo.station_of_drive("grind_wheel") == "spindle"
    assert demo.station_of_drive("station_io") == ""


def test_lines_of_a_station_include_those_of_its_signals(demo: CellFile) -> None:
    assert demo.lines_of_station("robot") == ("weld_line", "io_line")
    assert demo.lines_of_station("conveyor") == ("conveyor_line", "io_line")


def test_signals_are_found_by_module(demo: CellFile) -> None:
    assert list(demo.outputs_of_module("safety_io")) == ["drive_enable", "guard_lock", "belt_enable"]
    assert demo.outputs_of_module("station_io")["load_request"].mask == 0b100
    assert next(iter(demo.inputs_of_module("safety_io"))) == "estop_ok"
    assert list(demo.analog_of_module("station_io")) == [
        "weld_tool_temperature_c",
        "grind_gauge_m",
        "grind_finish_um",
    ]


def test_a_programs_budget_is_the_sum_of_its_steps(demo: CellFile) -> None:
    program = demo.stop_programs["weld_retract"]
    assert program.budget_s == pytest.approx(0.8 + 2.0 + 1.5)
    assert program.drives == ("weld_x", "weld_y", "weld_z", "weld_spindle")


def test_resolving_fills_in_every_placeholder_and_leaves_the_file_as_it_was(demo: CellFile) -> None:
    resolved = demo.resolve(run_dir="/run/cell", cell_file="demo.yaml")
    elsewhere = demo.resolve(run_dir="/run/cell", cell_file="demo.yaml", plant=PlantModel.GAZEBO)
    assert elsewhere.processes["simulator"].arguments[-1] == "gazebo"
    assert resolved.lines["weld_line"].device == "/run/cell/weld_line"
    assert resolved.journal == "/run/cell/parts.sqlite"
    assert resolved.processes["simulator"].arguments == (
        "demo.yaml",
        "--run-dir",
        "/run/cell",
        "--plant",
        "mujoco",
    )
    assert "{run_dir}" in demo.journal


def test_a_wheel_obeys_the_smaller_of_its_marks() -> None:
    assert Wheel(diameter_m=0.25, marked_rpm=3000, permitted_m_s=40).max_speed_rpm == 3000
    large = Wheel(diameter_m=0.40, marked_rpm=3000, permitted_m_s=40)
    assert large.max_speed_rpm == pytest.approx(1909.86, abs=0.01)


@pytest.mark.parametrize(("text", "bits"), [("8N1", 10), ("8N2", 11), ("8E1", 11), ("8O1", 11)])
def test_a_character_has_start_parity_and_stop_bits(text: str, bits: int) -> None:
    assert SerialFormat(text).bits_per_char == bits


def test_models_are_frozen(demo: CellFile) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        demo.name = "other"


def test_asking_for_the_wrong_kind_of_drive_is_an_error(demo: CellFile) -> None:
    with pytest.raises(TypeError, match="weld_spindle is no axis"):
        demo.axis("weld_spindle")
    with pytest.raises(TypeError, match="belt is no spindle"):
        demo.spindle("belt")
