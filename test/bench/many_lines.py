"""A cell with as many lines and drives as wanted: copies of drives of the demo cell."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path

from cell_controller.config import CellFile
from cell_controller.config.loader import LoadedCell
from cell_controller.plan import CellPlan, load_plan
from cell_controller.plan.load import read_profiles
from cell_controller.plan.make import make_plan

DEMO = Path(__file__).parents[2] / "config" / "cells" / "demo.yaml"


class Mix(Enum):
    """Which drives a line has copies of, in turn."""

    ALIKE = "alike"  # with the shortest gaps there are: nothing hides what a master needs for itself
    WELD = "weld"  # the welding robot's own four

    @property
    def patterns(self) -> tuple[str, ...]:
        if self is Mix.ALIKE:
            return ("weld_z",)
        return tuple(load_plan(DEMO)[0].cell.drives_of_line("weld_line"))


def line_name(number: int) -> str:
    return f"bench_line_{number}"


def many_lines(
    lines: int, drives: int, run_dir: Path, mix: Mix = Mix.ALIKE
) -> tuple[CellFile, CellPlan, LoadedCell]:
    """The demo cell with these lines besides its own, `drives` on each; only they are ever served."""
    loaded = load_plan(DEMO)[0]
    cell = loaded.cell
    patterns = [cell.drives[name] for name in mix.patterns]
    wire = cell.lines[patterns[0].line]
    names = [line_name(n) for n in range(lines)]
    more_lines = {n: wire.model_copy(update={"device": str(run_dir / n)}) for n in names}
    more_drives = {
        f"{n}_drive_{unit}": patterns[(unit - 1) % len(patterns)].model_copy(update={"line": n, "unit": unit})
        for n in names
        for unit in range(1, drives + 1)
    }
    cell = cell.model_copy(
        update={"lines": {**cell.lines, **more_lines}, "drives": {**cell.drives, **more_drives}}
    )
    loaded = replace(loaded, cell=cell)
    return cell, make_plan(loaded, read_profiles(loaded)[0]), loaded
