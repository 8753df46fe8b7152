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
from support.live_cell import READY_S, LiveCell

CELL = Path(__file__).parents[2] / "config" / "cells" / "demo.yaml"
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[1])}


def child_environment(**more: str) -> dict[str, str]:
    """Of a process of the bench."""
    return {**os.environ, **ENVIRONMENT, **more}


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
            up.wait_ready(READY_S)
            self._cell = LiveCell(up, up.client)
            self._cell.clear()
        return self._cell

    def close(self) -> None:
        self._cell = None
        self._stack.close()


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
