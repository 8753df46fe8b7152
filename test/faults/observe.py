"""What a fault has led to: by the interlock's stamps, the true motion and the wire of the simulator."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.messages import Trip
from cell_sim.live.inject import Injection
from support.live_cell import STALLS, LiveCell
from support.motion_file import STANDSTILL_M_S, STANDSTILL_RPM

LINE_RULES = ("line_down", "drive_offline", "not_armed", "relay")  # too late an answer, or none
SILENT = "communication watchdog"  # in the text of a drive that has missed its bus
STOP_KINDS = ("stop", "disable", "move")  # in a process no station begins a move but by a program's step
FLUSHED_S = 0.3  # the simulator writes its file ten times a second


@dataclass(frozen=True, slots=True)
class Standstill:
    """The drive that came nearest to its budget, or beyond."""

    drive: str
    after_s: float
    budget_s: float


class MotionTail:
    """The motion file from one moment on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size

    def entries(self) -> list[dict[str, Any]]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.read().splitlines()
        found = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # half written, or begun before
        return found


def first_trip(cell: LiveCell, since_s: float, within_s: float) -> Trip | None:
    """The first-out of a trip that came since; None when none came in time."""

    def newest() -> Trip | None:
        safety = cell.client.safety
        trips = safety.trips if safety is not None else ()
        return trips[0] if trips and trips[0].at_s >= since_s else None

    end_s = since_s + within_s
    while (found := newest()) is None and time.monotonic() < end_s:
        time.sleep(0.01)
    return found


def has_tripped_before(cell: LiveCell, at_s: float) -> bool:
    """It stands already, for a cause of its own."""
    safety = cell.client.safety
    return safety is not None and any(trip.at_s < at_s for trip in safety.trips)


def has_stalled(cell: LiveCell, targets: set[str]) -> bool:
    """The cell stands because the computer was late, and not with what the faults were aimed at.

    A process or a line that is no target was missed first, or drives of several lines missed their buses.
    """
    safety = cell.client.safety
    trips = safety.trips if safety is not None else ()
    if not trips:
        return False
    lines = {name: drive.line for name, drive in cell.up.cell.drives.items()}
    silent = {lines[t.subject] for t in trips if SILENT in t.text and t.subject in lines}
    first = trips[0]
    is_late = first.rule in (*STALLS, *LINE_RULES) or SILENT in first.text
    return len(silent) > 1 or (is_late and lines.get(first.subject, first.subject) not in targets)


def first_stop_s(tail: MotionTail, injection: Injection, drives: tuple[str, ...]) -> float | None:
    """When the first of these drives took a stop."""
    times = [
        e["at_s"]
        for e in tail.entries()
        if e["kind_of"] == "setpoint"
        and e["drive"] in drives
        and e["kind"] in STOP_KINDS
        and e["at_s"] > injection.at_s
    ]
    return min(times, default=None)


def standstill(cell: LiveCell, tail: MotionTail, since_s: float, budgets_s: dict[str, float]) -> Standstill:
    """Of all axes and spindles, the one nearest to the budget of its line, counted from `since_s`."""
    last: dict[str, float] = dict.fromkeys(budgets_s, -inf)
    for entry in tail.entries():
        if entry["kind_of"] != "motion" or entry["mover"] not in last:
            continue
        limit = STANDSTILL_RPM if entry["mover"] in cell.spindles else STANDSTILL_M_S
        if abs(entry["speed"]) > limit:
            last[entry["mover"]] = max(last[entry["mover"]], entry["at_s"])
    worst = max(budgets_s, key=lambda mover: (last[mover] - since_s) / budgets_s[mover])
    return Standstill(worst, max(last[worst] - since_s, 0.0), budgets_s[worst])


def stop_budgets_s(cell: LiveCell, stop_times_s: dict[str, float]) -> dict[str, float]:
    """By mover: the stop time of its line, as `cell check` computes it."""
    movers = {n: d for n, d in cell.up.cell.drives.items() if isinstance(d, AxisDrive | SpindleDrive)}
    return {name: stop_times_s[drive.line] for name, drive in movers.items()}
