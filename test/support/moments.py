"""A moment of a simulated cell from which many cases go on, each in a copy of its own."""

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from cell_sim.host.simcell import SimCell

TEST_CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"
Case = Callable[[SimCell], None]


class CaseError(AssertionError):
    """A case failed in its copy; carries the traceback of the copy."""


class Moment:
    """A cell that stands still in time.

    A case runs in a forked process: bringing a cell into the middle of a weld takes seconds, and only the
    operating system copies everything that belongs to it, closures included.
    """

    def __init__(self, cell: SimCell) -> None:
        self._cell = cell

    def play(self, case: Case) -> None:
        """Let time go on for one case, then check the invariants; raises what the case raised."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # The copy runs nothing but plain Python; threads that other tests' ROS left are not its business.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid == 0:
            os.close(reading)
            _run(case, self._cell, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(pid, 0)
        text = pickle.loads(told) if told else "the copy ended without a word"
        if text:
            raise CaseError(text)


def _run(case: Case, cell: SimCell, writing: int) -> None:
    """In the copy: never returns, so that nothing of the test run is ended twice."""
    try:
        case(cell)
        cell.invariants.check()
        told = ""
    except BaseException:  # noqa: BLE001  whatever it was, the test that asked for the copy must hear of it
        told = f"{traceback.format_exc()}\nThe cell: {cell.describe()}"
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(told))
    finally:
        os._exit(0)
