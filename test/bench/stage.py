"""What the figures share: how long they measure, a ROS domain of their own, and one live demo cell."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from cell_controller.bringup.urgency import make_urgent
from cell_controller.packml import Command, State
from support.live_cell import READY_S, LiveCell

CELL = Path(__file__).parents[2] / "config" / "cells" / "demo.yaml"
TRIES = 4
TESTS = str(Path(__file__).parents[1])


def child_environment(**more: str) -> dict[str, str]:
    """Of a process of the bench."""
    paths = [TESTS, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **more}


@dataclass
class Stage:
    """`cell` starts the demo cell when it is first asked for; it stays until the end."""

    seconds: float
    _stack: ExitStack = field(default_factory=ExitStack)
    _cell: LiveCell | None = None

    @property
    def cell(self) -> LiveCell:
        """Up, cleared: Stopped, its drives energised and standing."""
        if self._cell is None:
            up = CellUp(Arguments(CELL, None, self._stack.enter_context(run_directory())))
            self._stack.enter_context(up)
            try:
                up.wait_ready(READY_S)
                cell = LiveCell(up, up.client)
                bring_to_stopped(cell)
            except BaseException:
                self.close()
                raise
            self._cell = cell
        return self._cell

    def close(self) -> None:
        self._cell = None
        self._stack.close()


def bring_to_stopped(cell: LiveCell) -> None:
    """As an operator would; a machine that stalls trips the interlock, and may do so on the way."""
    for left in reversed(range(TRIES)):
        try:
            if cell.state.state == State.EXECUTE:
                cell.must(Command.STOP)
                cell.reach(State.STOPPED, 60.0)
            elif cell.state.state != State.STOPPED:
                cell.clear()
        except AssertionError:
            if not left:
                raise
        else:
            return


@contextmanager
def urgently(priority: int) -> Iterator[bool]:
    """This process at a real-time priority, as its subject has in a cell; False without the right."""
    is_urgent = make_urgent(priority)
    try:
        yield is_urgent
    finally:
        if is_urgent:
            for thread in os.listdir("/proc/self/task"):
                os.sched_setscheduler(int(thread), os.SCHED_OTHER, os.sched_param(0))


@contextmanager
def run_directory() -> Iterator[Path]:
    """A directory that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="cell-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
