"""The cell that is measured: brought up, brought to work, and brought back, as a person does."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from cell_controller.bringup.table import Arguments, NodeSpec, build
from cell_controller.bringup.up import CellUp
from cell_controller.packml import State
from cell_sim.live import wallclock
from support.live_cell import READY_S, LiveCell

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # as the default run directory is
RESPAWNS = 1000  # a measurement kills a process more often than an accident does


@contextmanager
def live_cell(file: Path) -> Iterator[LiveCell]:
    """A cell of its own whose wall clock can be stepped; its run directory is gone afterwards."""
    run_dir = Path(tempfile.mkdtemp(prefix="cell-faults-", dir=MEMORY))
    clock = tuple(wallclock.environment(run_dir).items())

    def table(arguments: Arguments) -> list[NodeSpec]:
        return [
            replace(spec, environment=(*spec.environment, *clock), respawns=RESPAWNS * spec.is_node)
            for spec in build(arguments)
        ]

    up = CellUp(Arguments(file, f"/faults_{os.getpid()}", run_dir), table=table)
    try:
        with up:
            up.wait_ready(READY_S)
            cell = LiveCell(up, up.client)
            cell.until(lambda: cell.state.state == State.ABORTED, READY_S, "its first state")
            cell.clear()
            yield cell
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)


def begin_process(cell: LiveCell, *, wants_grind: bool) -> None:
    """From Stopped until the tool of robot or spindle is in the part."""
    if cell.state.state == State.ABORTED:
        cell.clear()
    station = "spindle" if wants_grind else "robot"
    cell.until_in_contact(station)


def recover(cell: LiveCell) -> None:
    """As a person does, until the cell is Stopped."""
    if cell.state.state != State.ABORTED:
        cell.reach(State.ABORTED, 30.0)
    cell.clean_up()
    cell.clear()


def phase(cell: LiveCell, station: str) -> str:
    state = cell.client.station_states.get(station)
    return state.phase if state is not None else ""


def where(cell: LiveCell) -> str:
    """The station in the material, and its phase; else the cell's state."""
    for name, state in cell.client.station_states.items():
        if state.tool_in_material:
            return f"{name} {state.phase}"
    return State(cell.state.state).name


def errors(cell: LiveCell, line: str) -> int:
    """What a bus has counted since it runs."""
    states = cell.client.drive_states.get(line)
    drives = states.drives if states is not None else ()
    return sum(d.errors for d in drives)


def is_in_material(cell: LiveCell) -> bool:
    return any(s.tool_in_material for s in cell.client.station_states.values())


@cache
def machine() -> str:
    """What was measured on."""
    info = Path("/proc/cpuinfo").read_text()
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    model = names[0] if names else platform.machine()
    return f"{os.cpu_count()} x {model}"
