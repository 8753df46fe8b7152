"""The test cell on three serial lines in place of five: two of them at once are what two cores carry."""

from __future__ import annotations

from pathlib import Path

import yaml

TEST_CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"


def write_light_cell(folder: Path) -> Path:
    """The same machines: a Modbus belt on the grinder's line, the I/O module on the robot's."""
    cell = yaml.safe_load(TEST_CELL.read_text(encoding="utf-8"))
    for line in ("conveyor_line", "io_line"):
        del cell["lines"][line]
    belt = cell["drives"]["belt"]
    belt.update(line="grind_line", unit=4, profile="fast_modbus_servo", m_per_rev=0.100, max_force_n=800)
    del belt["enable"], cell["signals"]["outputs"]["belt_enable"]
    cell["drives"]["station_io"].update(line="weld_line", unit=5)
    cell["stop_programs"]["belt_stop"]["line"] = "grind_line"
    cell["recipes"] = [str((TEST_CELL.parent / recipe).resolve()) for recipe in cell["recipes"]]
    cell["profiles"] = str((TEST_CELL.parent / cell["profiles"]).resolve())
    path = folder / "light.yaml"
    path.write_text(yaml.safe_dump(cell, sort_keys=False), encoding="utf-8")
    return path
