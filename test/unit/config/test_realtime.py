"""The section `realtime` of the cell file."""

from pathlib import Path

import pytest

from cell_controller.config import CellFile, load_cell
from cell_controller.config.checks_realtime import pinned_units_exist
from cell_controller.config.realtime import Realtime

DEMO = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"


def pinned(cpus: dict[str, tuple[int, ...]]) -> CellFile:
    realtime = Realtime(cpus=cpus, lock_memory=True)
    return load_cell(DEMO).cell.model_copy(update={"realtime": realtime})


def test_a_cell_file_without_the_section_pins_nothing_and_locks_memory() -> None:
    assert load_cell(DEMO).cell.realtime == Realtime(cpus={}, lock_memory=True)


@pytest.mark.parametrize("name", ["interlock", "weld_line", "robot", "cell_manager"])
def test_every_unit_can_be_pinned(name: str) -> None:
    assert list(pinned_units_exist(pinned({name: (0, 1)}))) == []


def test_a_unit_that_does_not_exist_or_a_pin_to_nothing_is_a_problem() -> None:
    unknown, empty = pinned_units_exist(pinned({"weld_lin": (0,), "interlock": ()}))
    assert unknown.path == ("realtime", "cpus", "weld_lin")
    assert unknown.remedy == "did you mean weld_line?"
    assert empty.path == ("realtime", "cpus", "interlock")
