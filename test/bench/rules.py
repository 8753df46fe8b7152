"""The interlock's step on new DriveStates of the demo cell in motion; the floor is a Unit without a rule."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from math import inf

from bench.figure import Figure, say, spread
from bench.stage import Stage, urgently
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.messages import DriveStates
from cell_controller.runtime import Inputs, Output, Runner, Service, Step
from cell_controller.runtime.ports import DRIVE_STATES
from support.interlock_bench import Bench

GAP_S = 0.0001  # between the messages of two lines: no tick of the interlock falls into it


def measure(stage: Stage) -> Iterator[Figure]:
    """Each sample is one message in and one step, the runtime's part included."""
    seconds = min(stage.seconds, 10.0)
    say(f"rules: {seconds:.0f} s")
    bench = Bench()
    bench.to_motion()
    empty = Runner(Nothing(bench), 1, bench.now_s)
    step_s: list[float] = []
    line_s: list[float] = []
    floor_s: list[float] = []
    gc.collect()
    gc.freeze()
    end_s = time.monotonic() + seconds
    with urgently(PRIORITIES[Role.INTERLOCK]):
        while time.monotonic() < end_s:
            bench.run(0.01)
            now_s = bench.now_s
            for bus in bench.buses.values():
                now_s += GAP_S
                message = bus.message(now_s)
                step_s.append(_step(bench.runner, message, now_s))
                floor_s.append(_step(empty, message, now_s))
                line_s.append(_line_rules(bench, message.line))
    gc.unfreeze()
    yield from spread("interlock_step", step_s, floor_s)
    yield from spread("line_rules", line_s, [])


def _step(runner: Runner, message: DriveStates, now_s: float) -> float:
    begin_s = time.perf_counter()
    runner.deliver(DRIVE_STATES.name, message, now_s)
    runner.step(now_s)
    return time.perf_counter() - begin_s


def _line_rules(bench: Bench, line: str) -> float:
    """All rules about one line's drives, on what they have last reported."""
    interlock = bench.runner.unit
    rules, snapshot = interlock._rules, interlock._snapshot  # type: ignore[attr-defined]
    begin_s = time.perf_counter()
    rules.of_line(line, snapshot)
    return time.perf_counter() - begin_s


class Nothing:
    """Takes what the interlock takes, and does nothing with it."""

    name = "nothing"
    max_lateness_s = inf
    outputs: tuple[Output, ...] = ()
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self, bench: Bench) -> None:
        self.inputs = bench.runner.unit.inputs

    def step(self, inputs: Inputs, now_s: float) -> Step:
        inputs.new(DRIVE_STATES.name, DriveStates)
        return Step((), now_s + 1.0)
