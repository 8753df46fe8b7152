"""Checks of what a cell takes of its machine. Which processors there are is known on that machine only."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config.models import CELL_MANAGER, INTERLOCK, CellFile
from cell_controller.config.problems import Finding
from cell_controller.config.validate import did_you_mean


def pinned_units_exist(cell: CellFile) -> Iterator[Finding]:
    """Each unit that is pinned is one, and to something."""
    known = [INTERLOCK, *cell.lines, *cell.stations, CELL_MANAGER]
    for name, cpus in cell.realtime.cpus.items():
        path = ("realtime", "cpus", name)
        if name not in known:
            yield Finding(path, "no such unit", did_you_mean(name, known, "use one of: " + ", ".join(known)))
        elif not cpus:
            yield Finding(path, "names no processor", "name one, or remove the key")
