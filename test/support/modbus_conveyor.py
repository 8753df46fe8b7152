"""The demo cell with nothing but Modbus on its conveyor: servo and I/O module share a line.

Tests of what such a line does with both, and of the bytes of the simplest servo, want it so.
"""

from __future__ import annotations

from dataclasses import replace

from cell_controller.config.loader import LoadedCell

BELT = {"profile": "fast_modbus_servo", "m_per_rev": 0.1, "max_force_n": 800.0, "enable": None}
STATION_IO = {"line": "conveyor_line", "unit": 2}


def with_modbus_conveyor(loaded: LoadedCell) -> LoadedCell:
    """The same cell with the conveyor wired anew; the line that the module leaves is gone."""
    cell = loaded.cell
    drives = dict(cell.drives)
    drives["belt"] = drives["belt"].model_copy(update=BELT)
    drives["station_io"] = drives["station_io"].model_copy(update=STATION_IO)
    lines = {name: line for name, line in cell.lines.items() if name != "io_line"}
    lines["conveyor_line"] = lines["conveyor_line"].model_copy(update={"format": lines["weld_line"].format})
    return replace(loaded, cell=cell.model_copy(update={"drives": drives, "lines": lines}))
