"""The interlock's wake-up at 1 kHz: RosHost's own wait against a plain loop with absolute deadlines.

Both run in one thread of one process, in turns of a quarter of a second, so that a busy moment of the machine
meets both of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from math import inf

from bench.figure import Figure, say, spread
from bench.stage import Stage, child_environment
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.bringup.urgency import make_urgent
from cell_controller.nodes.host import SETTLED_S, RosHost
from cell_controller.runtime import Input, Inputs, Output, Service, Step

PERIOD_S = 0.001
TURN = 250  # ticks


def measure(stage: Stage) -> Iterator[Figure]:
    """`seconds` of wake-ups, and as much of the floor."""
    say(f"wake: {SETTLED_S + 2 * stage.seconds:.0f} s")
    result = subprocess.run(
        [sys.executable, "-m", "bench.wake", str(stage.seconds)],
        env=child_environment(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=3 * stage.seconds + 60.0,
    )
    found = json.loads(result.stdout)
    if not found["is_urgent"]:
        say("wake: no right to SCHED_FIFO; this is the ordinary scheduler")
    yield from spread("wake", found["late_s"], found["floor_s"])
    yield Figure(
        "wake_overruns", found["overruns"], "count", float(found["floor_overruns"]), len(found["late_s"])
    )


class Ticker:
    """A Unit that steps every millisecond and notes how late it is."""

    name = "ticker"
    max_lateness_s = inf
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self, seconds: float) -> None:
        self.late_s: list[float] = []
        self.floor_s: list[float] = []
        self.overruns = self.floor_overruns = 0
        self.is_counting = False
        self._due_s = inf  # of the first tick of a turn: not yet known
        self._in_turn = 0
        self._wanted = int(seconds / PERIOD_S)

    def step(self, inputs: Inputs, now_s: float) -> Step:
        if self._due_s == inf:
            self._due_s = now_s + PERIOD_S
        elif now_s >= self._due_s:  # not a heartbeat between two ticks
            missed = int((now_s - self._due_s) / PERIOD_S)
            if self.is_counting:
                self.late_s.append(now_s - self._due_s)
                self.overruns += missed
                self._in_turn += 1
            self._due_s += (missed + 1) * PERIOD_S
        return Step((), self._due_s)

    def on_step(self) -> bool:
        """Between two steps: the plain loop's turn. False at the end."""
        if self._in_turn == TURN:
            self._plain_turn()
            self._in_turn, self._due_s = 0, inf
        return len(self.late_s) < self._wanted

    def _plain_turn(self) -> None:
        due_s = time.monotonic() + PERIOD_S
        for _ in range(TURN):
            # clock_nanosleep with an absolute deadline, since Python 3.11
            time.sleep(max(due_s - time.monotonic(), 0.0))
            late_s = time.monotonic() - due_s
            missed = int(late_s / PERIOD_S)
            self.floor_s.append(late_s)
            self.floor_overruns += missed
            due_s += (missed + 1) * PERIOD_S


def main(seconds: float) -> int:
    """The measured process: prints what it found as JSON."""
    ticker = Ticker(seconds)
    is_urgent = []

    def begin() -> None:
        is_urgent.append(make_urgent(PRIORITIES[Role.INTERLOCK]))
        ticker.is_counting = True

    code = RosHost(ticker, ticker.name, "/bench", on_step=ticker.on_step, on_settled=begin).run()
    found = {
        "is_urgent": bool(is_urgent and is_urgent[0]),
        "late_s": ticker.late_s,
        "floor_s": ticker.floor_s,
        "overruns": ticker.overruns,
        "floor_overruns": ticker.floor_overruns,
    }
    json.dump(found, sys.stdout)
    return code


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
