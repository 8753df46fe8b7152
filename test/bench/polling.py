"""Requests a second on each line of the live cell, against a bus that takes no time on the same line."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.figure import Figure, say
from bench.stage import Stage, bring_to_stopped
from cell_controller.messages import Allowed, LinePhase
from cell_controller.plan import load_plan
from support.interlock_bench import CELL_PATH
from support.line_bench import LineBench
from support.live_cell import LiveCell

THEORY_S = 5.0  # simulated: many rounds of every line
SETTLE_S = 3.0


def measure(stage: Stage) -> Iterator[Figure]:
    """The cell stands, cleared: polls and nothing else."""
    cell = stage.cell
    bring_to_stopped(cell)
    time.sleep(2.0)  # the last writes of the start
    say(f"polling: {stage.seconds:.0f} s")
    begin_s, before = _requests(cell)
    time.sleep(stage.seconds)
    end_s, after = _requests(cell)
    for line, count in after.items():
        requests = count - before[line]
        yield Figure(f"polls_{line}", requests / (end_s - begin_s), "1/s", theory_1_s(line), requests)


def _requests(cell: LiveCell) -> tuple[float, dict[str, int]]:
    status = cell.sim("status")
    return status["now_s"], {name: line["requests"] for name, line in status["lines"].items()}


def theory_1_s(line: str) -> float:
    """Of a bus that takes no time, on simulated time."""
    bench = LineBench(line, loaded=load_plan(CELL_PATH)[0])
    bench.run(SETTLE_S, lambda: bool(bench.states) and bench.state.phase is LinePhase.STOPPED)
    bench.permit(Allowed.HOLD)
    bench.run(SETTLE_S)
    before = bench.wire.counters.requests
    bench.run(THEORY_S)
    return (bench.wire.counters.requests - before) / THEORY_S
