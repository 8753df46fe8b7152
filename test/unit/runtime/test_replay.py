"""A recorded trace, fed step by step to a new Unit, gives the same outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cell_controller.runtime import Runner
from cell_controller.runtime.trace import TraceError, TraceWriter, read_trace, replay
from cell_controller.safety import Interlock
from support.interlock_bench import Bench, demo_cell


def record(path: Path) -> None:
    """An eventful second of the interlock: start, Clear, motion, a malformed message, a NaN, a lost line."""
    bench = Bench()
    with TraceWriter(path, "interlock", bench.session, bench.now_s) as writer:
        bench.runner = Runner(
            Interlock(bench.cell, bench.plan), bench.session, bench.now_s, writer.on_step, writer.on_input
        )
        bench.to_motion()
        bench.runner.deliver_malformed("setpoint", "cut short", bench.now_s)
        bench.edit("weld_z", measured_force_n=float("nan"))
        bench.run(0.1)
        bench.silent.add("grind_line")
        bench.run(0.3)


def test_a_replay_gives_the_same_outputs(tmp_path: Path) -> None:
    record(tmp_path / "trace.jsonl")
    assert replay(read_trace(tmp_path / "trace.jsonl"), lambda: Interlock(*demo_cell())) > 50


def test_a_replay_that_differs_says_where(tmp_path: Path) -> None:
    record(tmp_path / "trace.jsonl")
    records = list(read_trace(tmp_path / "trace.jsonl"))
    number = next(n for n, r in enumerate(records) if n > 20 and r["out"])
    records[number] = json.loads(json.dumps(records[number]).replace('"epoch": ', '"epoch": 1'))
    with pytest.raises(TraceError, match=f"step {number - 1} of interlock"):
        replay(records, lambda: Interlock(*demo_cell()))


def test_a_last_line_that_power_loss_has_cut_ends_the_trace_quietly(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    record(path)
    whole = len(list(read_trace(path)))
    path.write_text(path.read_text()[:-20])
    assert len(list(read_trace(path))) == whole - 1
