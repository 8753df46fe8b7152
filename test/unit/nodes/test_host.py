"""RosHost: Units over DDS, signals, nonsense on the wire, and traces that replay."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from statistics import median

import cell_msgs.msg
import cell_msgs.srv
import pytest
import rclpy
from rclpy.node import Node

from cell_controller.messages import Allowed
from cell_controller.nodes import convert
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import FaultKind, InputFault, Qos
from cell_controller.runtime.trace import TraceError, read_trace, replay
from support.ros_units import Pinger, Ponger, running, wait_until

SUPPORT = Path(__file__).parents[2]
_numbers = count()


@pytest.fixture
def namespace() -> str:
    return f"/host_test_{next(_numbers)}"


@pytest.fixture
def node(namespace: str) -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node("tester", namespace=namespace, context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


def test_two_units_talk_over_dds(namespace: str, tmp_path: Path) -> None:
    pinger, ponger = Pinger(), Ponger()
    pinger.wants_reply = True
    with running(ponger, namespace, tmp_path / "pong"), running(pinger, namespace, tmp_path / "ping"):
        wait_until(lambda: len(pinger.round_trips_s) >= 20 and pinger.replies, what="round trips and a reply")
    assert {c.line for c in ponger.commands} == {"weld_line"}
    assert [d.allowed for d in ponger.commands[-1].drives] == [Allowed.HOLD] * 4
    assert ponger.commands[-1].guard.source == "interlock"
    assert [s.state_seq for s in pinger.states] == [77], "a latched message reaches who comes later, once"
    assert pinger.replies[0].is_accepted
    assert median(pinger.round_trips_s) < 0.05, "a waking input is answered at once, not at the next deadline"
    assert not [f for f in ponger.faults if f.kind is not FaultKind.LATE_STEP]
    assert replay(read_trace(tmp_path / "pong"), Ponger) > 20

    def wishful() -> Pinger:
        unit = Pinger()
        unit.wants_reply = True
        return unit

    assert replay(read_trace(tmp_path / "ping"), wishful) > 20
    with pytest.raises(TraceError, match="instead of"):
        replay(read_trace(tmp_path / "ping"), Pinger)  # another Unit than the recorded one


def test_a_message_for_another_line_is_not_even_decoded(namespace: str, tmp_path: Path) -> None:
    ponger = Ponger()
    with running(ponger, namespace, tmp_path / "trace"), running(Pinger(), namespace):
        wait_until(lambda: len(ponger.commands) == 10)
    inputs = [port for record in read_trace(tmp_path / "trace") for _, port, _, _ in record.get("in", [])]
    assert inputs.count("line_command") >= 10
    assert "no_line" not in (tmp_path / "trace").read_text()


def malformed_after(message: object, namespace: str, node: Node) -> InputFault:
    """What a Unit hears of a DriveStates that is none; sent until it arrives, for it is best effort."""
    pinger = Pinger()
    publisher = node.create_publisher(cell_msgs.msg.DriveStates, "drive_states", profile_of(Qos.GUARDED))

    def sent_and_heard() -> bool:
        publisher.publish(message)
        return any(f.kind is FaultKind.MALFORMED for f in pinger.faults)

    with running(pinger, namespace):
        wait_until(sent_and_heard, what="a fault")
    assert not pinger.round_trips_s
    return next(f for f in pinger.faults if f.kind is FaultKind.MALFORMED)


def test_a_number_outside_its_enumeration_is_a_fault_and_not_a_crash(namespace: str, node: Node) -> None:
    message = cell_msgs.msg.DriveStates(line="weld_line", phase=99)
    fault = malformed_after(message, namespace, node)
    assert fault.port == "drive_states"
    assert "99 is not a valid LinePhase" in fault.detail


def test_bytes_that_are_no_message_are_a_fault_and_not_a_crash(namespace: str, node: Node) -> None:
    fault = malformed_after(b"\0\1\0\0" + b"\xff" * 40, namespace, node)
    assert fault.port == "drive_states"
    assert fault.detail.startswith("DriveStates: ")


def spawn(unit: str, namespace: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.ros_units", unit, namespace],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str], number: signal.Signals, limit_s: float) -> None:
    began_s = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert time.monotonic() - began_s < limit_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_node_quickly_and_quietly(namespace: str, number: signal.Signals) -> None:
    pinger = Pinger()
    with running(pinger, namespace):
        process = spawn("weld_line", namespace)
        wait_until(lambda: pinger.round_trips_s, what="answers of the other process")
        end(process, number, limit_s=1.5)
        wait_until(lambda: any(f.kind is FaultKind.STALE for f in pinger.faults), what="its silence")


def test_a_unit_that_stops_by_itself_is_deaf_to_sigint_and_finishes_on_sigterm(namespace: str) -> None:
    pinger = Pinger()
    with running(pinger, namespace):
        process = spawn("stopping_line", namespace)
        wait_until(lambda: pinger.round_trips_s)
        process.send_signal(signal.SIGINT)
        before = len(pinger.round_trips_s)
        wait_until(lambda: len(pinger.round_trips_s) > before + 20, what="answers after SIGINT")
        end(process, signal.SIGTERM, limit_s=2.0)


@pytest.mark.parametrize("stops_by_itself", [False, True])
def test_a_service_thread_that_dies_takes_its_unit_with_it(
    namespace: str, node: Node, monkeypatch: pytest.MonkeyPatch, stops_by_itself: bool
) -> None:
    def broken(*_: object) -> object:
        raise TypeError("not to be read")

    deaths: list[object] = []
    monkeypatch.setattr(convert, "request_from_ros", lambda _: broken)
    monkeypatch.setattr(threading, "excepthook", lambda told: deaths.append(told.exc_value))
    host = RosHost(Ponger(stops_by_itself=stops_by_itself), "clerk", namespace, handles_signals=False)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(host.run()))
    thread.start()
    client = node.create_client(cell_msgs.srv.SubmitOrder, "submit_order")
    try:
        assert client.wait_for_service(10.0)
        client.call_async(cell_msgs.srv.SubmitOrder.Request())
        wait_until(lambda: codes, 5.0, "the end of the run")
    finally:
        host.end()
        thread.join(10.0)
    assert codes == [1]
    assert [str(error) for error in deaths] == ["not to be read"]
