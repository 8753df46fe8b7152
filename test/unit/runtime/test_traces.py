"""What a trace file holds, line by line, and what is made of one that is damaged."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cell_controller.messages import (
    CellCommand,
    CellPermit,
    DriveSetpoint,
    Echo,
    Guard,
    Order,
    Permit,
    Rx,
    Setpoint,
    SetpointKind,
    ZoneOwner,
)
from cell_controller.runtime import Input, Inputs, Output, Runner, Sent, Service, Step
from cell_controller.runtime.ports import COMMAND, ORDER, RX
from cell_controller.runtime.trace import TraceError, TraceWriter, decode, encode, read_trace, replay

SETPOINT = Setpoint(
    "robot",
    "weld_stop",
    (Echo("weld_line", 3, 1.5),),
    (DriveSetpoint("weld_x", SetpointKind.MOVE, 1, 0.25), DriveSetpoint("weld_y")),
    guard=Guard("robot", 4, 5, 2.5),
)


@pytest.mark.parametrize(
    "message",
    [
        SETPOINT,
        Rx(b"\x01\xff", 0.5),
        CellPermit(permit=Permit.MOTION, zone_owners=(ZoneOwner("weld_place", "robot"),)),
    ],
)
def test_what_is_written_is_plain_and_can_be_read_back(message: object) -> None:
    plain = json.loads(json.dumps(encode(message)))
    assert decode(type(message), plain) == message


def test_a_message_is_written_by_the_names_of_its_fields() -> None:
    plain = encode(SETPOINT)
    assert plain["based_on"] == [{"source": "weld_line", "session": 3, "stamp_s": 1.5}]
    assert plain["drives"][0]["kind"] == SetpointKind.MOVE.value
    assert encode(Rx(b"\x01\xff", 0.5))["data"] == "01ff"
    assert encode(Guard) is Guard, "a type is no message"


@dataclass
class Echoing:
    """Sends back what it is told; `text` is added to it."""

    text: str = ""
    name: str = "echoing"
    inputs: tuple[Input, ...] = (COMMAND.input(wakes=True), ORDER.input())
    outputs: tuple[Output, ...] = (COMMAND.output(), RX.output())
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    max_lateness_s: float = 0.05

    def step(self, inputs: Inputs, now_s: float) -> Step:
        told = inputs.new(COMMAND.name, CellCommand)
        sent = [Sent(COMMAND.name, replace(c, id=c.id + self.text)) for c in told]
        if inputs.faults:
            sent.append(Sent(COMMAND.name, CellCommand(inputs.faults[0].detail, "runtime", 0)))
        return Step(tuple(sent), now_s + 1.0)


def record(path: Path) -> None:
    with TraceWriter(path, "echoing", 7, 1.0) as writer:
        runner = Runner(Echoing(), 7, 1.0, writer.on_step, writer.on_input)
        runner.deliver(COMMAND.name, CellCommand("a", "op", 1), 1.0)
        runner.deliver_malformed(ORDER.name, "cut short", 1.25)
        runner.step(1.25)
        runner.step(1.3125)


def test_a_trace_begins_with_its_unit_and_has_a_line_for_each_step(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    record(path)
    head, first, second = (json.loads(line) for line in path.read_text().splitlines())
    assert head == {"unit": "echoing", "session": 7, "now_s": 1.0}
    assert first["now_s"] == 1.25
    command = encode(CellCommand("a", "op", 1))
    assert first["in"] == [
        [1.0, "command", "CellCommand", command],
        [1.25, "order", None, "cut short"],
    ]
    assert [out[:2] for out in first["out"]] == [
        ["command", "CellCommand"],
        ["command", "CellCommand"],
        ["heartbeat", "Heartbeat"],
    ]
    assert first["out"][0][2] == command
    assert second == {"now_s": 1.3125, "in": [], "out": []}


def test_a_writer_closes_its_file(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "trace.jsonl", "echoing", 7, 1.0) as writer:
        pass
    with pytest.raises(ValueError, match="closed"):
        writer.on_step(1.0, ())


def test_a_replay_counts_the_steps_that_were_equal(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    record(path)
    assert replay(read_trace(path), Echoing) == 2


def test_a_replay_says_at_which_step_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    record(path)
    with pytest.raises(TraceError, match=r"^step 0 of echoing at 1\.250000 s: .*'a!'.* instead of .*'a'"):
        replay(read_trace(path), lambda: Echoing("!"))
    records = list(read_trace(path))
    records[2]["out"] = [["command", "CellCommand", {}]]
    with pytest.raises(TraceError, match=r"^step 1 of echoing at 1\.312500 s: \[\] instead of"):
        replay(records, Echoing)


def test_an_empty_trace_is_none() -> None:
    with pytest.raises(TraceError, match="the trace is empty"):
        replay([], Echoing)


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text('{"unit": 1}\nnot json\n{}\n')
    with pytest.raises(TraceError, match=r"trace\.jsonl:2: not a trace record: Expecting value"):
        list(read_trace(path))
    path.write_text('{"unit": 1}\nnot json')
    assert list(read_trace(path)) == [{"unit": 1}], "a last line that was cut"
    path.write_text('{"unit": 1}\n{"now_s": 1}')
    assert list(read_trace(path)) == [{"unit": 1}], "nobody knows whether it is whole"


def test_a_number_is_read_as_it_was_recorded() -> None:
    assert type(decode(float, 1)) is int, "else the replay would write 1.0"


def test_an_order_for_a_unit_is_decoded_with_its_guard() -> None:
    order = Order("robot", task_id=3, guard=Guard("cell_manager", 5, 1, 0.5))
    assert decode(Order, encode(order)) == order
