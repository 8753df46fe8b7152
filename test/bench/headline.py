"""An input changes at the virtual I/O module, and the last drive of the last line has its stop frame.

On the live demo cell with its simulator, cleared and standing: every axis is energised, and each gets the
frame that ends that (a spindle that stands is off already). The floor is the longest sum of wire times, as
`cell check` computes it: the poll that has just missed the change, then what is in flight on the slowest line
and the stops of all its drives.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import MS, PERCENTILES, Figure, percentile, say
from bench.stage import Stage, bring_to_stopped
from cell_controller.config import AxisDrive
from cell_controller.messages import DriveCondition, SafetyPhase
from cell_controller.packml import State
from cell_controller.plan import CellPlan, load_plan
from support.live_cell import LiveCell

INPUT = "air_ok"  # its trip is an ordinary one, and the relay stays closed
MODULE = "safety_io"
STOPS = ("stop", "disable")
SPREAD_S = 0.1  # of the moment within the polls
SETTLE_S = 1.0
LEAST = 20  # samples, whatever the time
MOST_FAILURES = 10


def measure(stage: Stage) -> Iterator[Figure]:
    """Four times `seconds`, because each sample needs a person's Clear."""
    cell, plan = stage.cell, load_plan(stage.cell.up.arguments.cell)[1]
    seconds = 4 * stage.seconds
    say(f"headline: {seconds:.0f} s")
    chance = random.Random(1)
    motion = MotionTail(cell.up.run_dir / "motion.jsonl")
    found: dict[str, list[float]] = {}
    end_s = time.monotonic() + seconds
    failures = 0
    while time.monotonic() < end_s or len(next(iter(found.values()), [])) < LEAST:
        try:
            sample = _sample(cell, motion, chance.uniform(0.0, SPREAD_S))
        except AssertionError as error:  # the machine has stalled, and something else tripped first
            failures += 1
            say(f"headline: no sample: {str(error).splitlines()[0]}")
            if failures > MOST_FAILURES:
                raise
            continue
        for line, after_s in sample.items():
            found.setdefault(line, []).append(after_s)
    last_s = [max(each) for each in zip(*found.values(), strict=True)]
    for line, samples_s in found.items():
        yield _figure(f"input_to_stop_{line}", "p99", 99.0, samples_s, _budget_s(plan, line))
    floor_s = max(_budget_s(plan, line) for line in found)
    for label, percent in PERCENTILES[:2]:
        yield _figure("input_to_last_stop", label, percent, last_s, floor_s)


def _budget_s(plan: CellPlan, line: str) -> float:
    return plan.drives[MODULE].read_interval_s + plan.lines[line].stop_latency_s


def _figure(name: str, label: str, percent: float, samples_s: list[float], floor_s: float) -> Figure:
    value = percentile(samples_s, percent) * MS
    return Figure(f"{name}_{label}", value, "ms", floor_s * MS, len(samples_s))


def _sample(cell: LiveCell, motion: MotionTail, wait_s: float) -> dict[str, float]:
    """One trip: by line, the time until the last of its drives was told."""
    cell.sim("input", signal=INPUT, value=None)
    bring_to_stopped(cell)
    _wait_until_live(cell)
    time.sleep(wait_s)
    motion.skip()
    begin_s = float(cell.sim("input", signal=INPUT, value=False)["now_s"])
    cell.until(lambda: cell.client.safety.phase is SafetyPhase.TRIPPED, 5.0, "a trip")
    drives = _axes(cell)
    told_s: dict[str, float] = {}
    deadline_s = time.monotonic() + SETTLE_S
    while told_s.keys() != drives.keys() and time.monotonic() < deadline_s:
        time.sleep(0.05)
        for at_s, drive, kind in motion.setpoints():
            if kind in STOPS and drive in drives and at_s > begin_s:
                told_s.setdefault(drive, at_s)
    assert told_s.keys() == drives.keys(), f"no stop for {drives.keys() - told_s.keys()}"
    cell.reach(State.ABORTED, 10.0)
    return {
        line: max(at_s for drive, at_s in told_s.items() if drives[drive] == line) - begin_s
        for line in dict.fromkeys(drives.values())
    }


def _axes(cell: LiveCell) -> dict[str, str]:
    """By axis, its line."""
    return {name: drive.line for name, drive in cell.up.cell.drives.items() if isinstance(drive, AxisDrive)}


def _wait_until_live(cell: LiveCell) -> None:
    axes = _axes(cell)

    def is_live() -> bool:
        drives = [d for s in cell.client.drive_states.values() for d in s.drives if d.drive in axes]
        is_on = all(d.condition is DriveCondition.OPERATION_ENABLED for d in drives)
        return cell.client.safety.phase is SafetyPhase.HOLD and is_on

    cell.until(is_live, 10.0, "all axes energised")


class MotionTail:
    """What the simulator has written since the last look."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""

    def skip(self) -> None:
        self._at, self._rest = self._path.stat().st_size, b""

    def setpoints(self) -> Iterator[tuple[float, str, str]]:
        """Time, drive and kind."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # cut by `skip`
            if entry["kind_of"] == "setpoint":
                yield entry["at_s"], entry["drive"], entry["kind"]
