"""The recorder: what changed, once each, and a full disk is not its end."""

import json
from pathlib import Path

import pytest

from cell_controller.bringup.recorder import RECORD, Record, Recorder
from cell_controller.messages import (
    CellState,
    Guard,
    PartEvent,
    PartEventKind,
    SafetyPhase,
    SafetyState,
    Trip,
)
from cell_controller.nodes import record_file
from cell_controller.nodes.record_file import RecordFile
from cell_controller.runtime import Runner, Sent, ports


def records(runner: Runner, now_s: float) -> list[Record]:
    return [s.message for s in runner.step(now_s) if isinstance(s.message, Record)]


def test_part_events_are_all_kept_and_states_only_when_they_change() -> None:
    runner = Runner(Recorder(), 1, 0.0)
    for n in range(30):
        runner.deliver(ports.PART_EVENT.name, PartEvent(f"p{n}", PartEventKind.CREATED), 0.1)
        runner.deliver(ports.STATE.name, CellState(9, 9, False, 1, 77, n), 0.1)
    found = records(runner, 0.2)
    assert [r.topic for r in found] == ["part_event"] * 30 + ["state"]
    runner.deliver(ports.STATE.name, CellState(9, 9, False, 1, 77, 31), 0.3)
    assert not records(runner, 0.4)
    runner.deliver(ports.STATE.name, CellState(2, 2, False, 1, 78, 32), 0.5)
    assert [r.topic for r in records(runner, 0.6)] == ["state"]


def test_a_trip_is_recorded_once_and_its_end_too() -> None:
    runner = Runner(Recorder(), 1, 0.0)
    tripped = (Trip("estop", "estop_ok", "pressed"),)
    counts = []
    for seq, trips in enumerate([tripped, tripped, (), ()], 1):
        guard = Guard("interlock", 5, seq, 0.0)
        runner.deliver(
            ports.SAFETY.name, SafetyState(SafetyPhase.TRIPPED, trips=trips, guard=guard), seq * 0.1
        )
        counts.append(len(records(runner, seq * 0.1)))
    assert counts == [1, 0, 1, 0]


def test_the_file_has_one_object_per_line_and_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_file, "MOST_BYTES", 500)
    file = RecordFile(tmp_path / "record.jsonl")
    file.begin(lambda port, message: None)
    for n in range(20):
        file.handle(Sent(RECORD.name, Record("part_event", {"part_id": f"p{n}"})))
    file.close()
    lines = (tmp_path / "record.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["message"] == {"part_id": "p19"}
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 1300


def test_a_disk_that_is_full_loses_lines_and_nothing_else() -> None:
    file = RecordFile(Path("/dev/full"))
    file.begin(lambda port, message: None)
    for _ in range(3):
        file.handle(Sent(RECORD.name, Record("alarms", {})))
    file.close()
    assert file.lost >= 3
