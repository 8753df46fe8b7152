"""All rows, again and again, until each has its repeats: on one running cell after the other."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from cell_controller.errors import CellError
from faults import injections
from faults.a_cell import live_cell
from faults.injections import Seen
from faults.measure import Measurement
from faults.rows import MEASURED, Moment, Row

Say = Callable[[str], None]


def run(
    path: Path, file: Path, repeats: int, rows: Sequence[Row], say: Callable[[str], None], seed: int
) -> None:
    """Until every row has its repeats; a cell that cannot be recovered is replaced by a new one."""
    draw = random.Random(seed)
    while pending(path, rows, repeats):
        try:
            with live_cell(file) as cell:
                _rounds(Measurement(cell, draw), path, repeats, rows, say)
        except (AssertionError, CellError) as error:
            say(f"a new cell: {type(error).__name__}: {error}")


def pending(path: Path, rows: Sequence[Row], repeats: int) -> list[Row]:
    """Rows that want more, the poorest first."""
    done = injections.counts(injections.read(path))
    return sorted((r for r in rows if done[r.key] < repeats), key=lambda r: done[r.key])


def _rounds(
    measurement: Measurement, path: Path, repeats: int, rows: Sequence[Row], say: Callable[[str], None]
) -> None:
    has_failed = False
    while wanted := pending(path, rows, repeats):
        try:
            found = one_part(measurement, wanted)
        except (AssertionError, CellError) as error:
            if has_failed:
                raise
            has_failed = measurement.cell.has_failed = True  # an order may be left
            say(f"not injected: {type(error).__name__}: {error}")
            measurement.recover()
            continue
        has_failed = False
        injections.append(path, found)
        measurement.recover()
        for seen in found:
            took = "-" if seen.reaction_s is None else f"{seen.reaction_s * 1e3:.1f} ms"
            say(f"{seen.key} [{seen.moment}]: {took}, {seen.cause} {seen.remark or 'good'}")


def one_part(measurement: Measurement, wanted: Sequence[Row]) -> list[Seen]:
    """The first of the rows; those that stop nothing come together."""
    row = wanted[0]
    if row.moment is Moment.STOPPED:
        return [measurement.refuse(row)]
    if row.goes_on:
        return list(measurement.go_on([r for r in wanted if r.goes_on] * 2))
    one = measurement.stop(row)
    return [] if one is None else [one]


def keys() -> list[str]:
    return [row.key for row in MEASURED]


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
