"""A recorded run, fed step by step to new Units, gives the same outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.bringup.units import make_unit, unit_names
from cell_controller.runtime.trace import TraceError, TraceWriter, read_trace, replay
from cell_sim.host.simcell import SimCell
from support.moments import TEST_CELL


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Per Unit, the traces of its lives: arming, homing, a loaded part, a dead station and an E-stop."""
    directory = tmp_path_factory.mktemp("traces")
    found: dict[str, list[Path]] = {}
    writers: list[TraceWriter] = []

    def open_trace(unit: str, session: int, now_s: float) -> TraceWriter:
        path = directory / f"{unit}-{session}.jsonl"
        found.setdefault(unit, []).append(path)
        writers.append(TraceWriter(path, unit, session, now_s))
        return writers[-1]

    cell = SimCell(TEST_CELL)
    for node in cell.host.nodes.values():
        node.tracer = open_trace
    cell.start()
    cell.produce(1)
    cell.until(lambda: "robot" in cell.stations and cell.stations["robot"].phase == "touch", 15.0, "touch")
    cell.host.kill("spindle")
    cell.run_for(0.5)
    cell.start("spindle")
    cell.plant.press_estop()
    cell.run_for(0.5)
    for writer in writers:
        writer.close()
    return found


def test_every_unit_replays_its_trace(traces: dict[str, list[Path]]) -> None:
    cell = SimCell(TEST_CELL)
    assert set(traces) == set(unit_names(cell.cell))
    assert len(traces["spindle"]) == 2
    for name, paths in traces.items():
        for path in paths:
            steps = replay(read_trace(path), lambda name=name: make_unit(name, cell.loaded, cell.plan))
            assert steps > 5, name


def test_a_replay_finds_an_output_that_differs(traces: dict[str, list[Path]]) -> None:
    cell = SimCell(TEST_CELL)
    records = list(read_trace(traces["interlock"][0]))
    spoilt = next(r for r in records[1:] if any(port == "line_command" for port, _, _ in r["out"]))
    next(m for port, _, m in spoilt["out"] if port == "line_command")["epoch"] += 1
    with pytest.raises(TraceError, match="interlock"):
        replay(records, lambda: make_unit("interlock", cell.loaded, cell.plan))
