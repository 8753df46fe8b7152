"""Faults of the table of docs/safety.md on a running cell; its other rows are tried on simulated time."""

from __future__ import annotations

import random

from faults.injections import Seen
from faults.measure import Measurement
from faults.rows import MEASURED, Moment, Row
from support.live_cell import CLEARS, STALLS, LiveCell

from .cases import JITTER_S

STOPS = {"nan robot": "setpoint robot", "drive-trip weld_z": "drive_fault weld_z"}  # by the key of their row


def row_of(key: str) -> Row:
    return next(row for row in MEASURED if row.key == key)


def _measurement(cell: LiveCell) -> Measurement:
    return Measurement(cell, random.Random("live"))


def an_order_is_refused_while_the_disk_is_full(cell: LiveCell) -> None:
    """In Stopped; the alarm goes by itself when there is room again."""
    measurement = _measurement(cell)
    for row in (row for row in MEASURED if row.moment is Moment.STOPPED):
        seen = measurement.refuse(row)
        assert not seen.remark, seen


def what_may_stop_nothing_leaves_a_good_part(cell: LiveCell) -> None:
    """Noise, a late reply, both steps of the wall clock, a full disk, nonsense from an operator: one part."""
    rows = [row for row in MEASURED if row.goes_on]
    for _ in range(CLEARS):
        measurement = _measurement(cell)
        seen = list(measurement.go_on(rows))
        bad = [one for one in seen if not one.is_good]
        if not bad:
            assert {one.key for one in seen} == {row.key for row in rows}, seen
            return
        assert any(one.is_void or _is_stall(one) for one in bad), f"{bad}\n{cell.describe()}"
        measurement.recover()
    raise AssertionError(f"the machine stalls again and again\n{cell.describe()}")


def a_fault_stops_the_cell_in_time(cell: LiveCell, key: str, cause: str) -> None:
    """Within its limit by the interlock's own stamp; everything stands in time; a person gets it going."""
    measurement = _measurement(cell)
    for _ in range(CLEARS):
        seen = measurement.stop(row_of(key))
        measurement.recover()
        if seen is not None:
            break
    assert seen is not None, f"the machine stalls again and again\n{cell.describe()}"
    assert seen.cause == cause, seen
    assert seen.reaction_s is not None
    assert seen.reaction_s <= seen.limit_s + JITTER_S, seen
    assert seen.still_s is not None
    assert seen.still_budget_s is not None
    assert seen.still_s <= seen.still_budget_s + JITTER_S, seen


def _is_stall(seen: Seen) -> bool:
    return seen.cause.split(" ")[0] in STALLS
