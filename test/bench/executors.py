"""Why RosHost has an EventsExecutor: one message between two processes, received in three ways.

The sender writes its clock into each message; the receiver compares it with its own when it has the bytes.
The floor is a datagram over the loopback interface, which is what DDS uses here.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import rclpy
from cell_msgs.msg import DriveStates
from rclpy.node import Node

from bench.figure import Figure, say, spread
from bench.receivers import CLOCK, FLOOR, TOPIC, WAYS
from bench.stage import Stage, child_environment, urgently
from cell_controller import messages
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.nodes import cdr
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import Qos
from support.interlock_bench import Bench

PERIOD_S = 0.005


def measure(stage: Stage) -> Iterator[Figure]:
    """All four hear the same numbers, one after the other within each period."""
    seconds = min(stage.seconds, 15.0)
    say(f"executors: {len(WAYS) * (seconds + SETTLED_S):.0f} s")
    floor_s: list[float] = []
    for way in WAYS:
        found, beside = _received(way, seconds)
        floor_s += beside
        lost = int(seconds / PERIOD_S) - len(found)
        if lost:
            say(f"executors: {way} lost {lost} of {int(seconds / PERIOD_S)} messages")
        yield from spread(f"hop_{way}", found, beside)


def _received(way: str, seconds: float) -> tuple[list[float], list[float]]:
    """Latencies of one way, and of datagrams between the messages."""
    rclpy.init()
    node = Node("sender", enable_rosout=False, start_parameter_services=False)
    publisher = node.create_publisher(DriveStates, TOPIC, profile_of(Qos.GUARDED))
    data = cdr.encoder(messages.DriveStates)(Bench().buses["weld_line"].message(0.0))[: -CLOCK.size]
    receivers = [_start(each) for each in (way, FLOOR)]
    try:
        ports = [int(_line(r)) for r in receivers]
        time.sleep(SETTLED_S + 0.5)
        with urgently(PRIORITIES[Role.STATION]), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            due_s = time.monotonic()
            for number in range(2 * int(seconds / PERIOD_S)):
                due_s += PERIOD_S / 2
                time.sleep(max(due_s - time.monotonic(), 0.0))
                stamped = data + CLOCK.pack(time.monotonic())
                if number % 2:
                    publisher.publish(stamped)
                else:
                    sender.sendto(stamped, ("127.0.0.1", ports[1]))
        time.sleep(0.2)
        answers = [receiver.communicate(timeout=10.0)[0] for receiver in receivers]
        return json.loads(answers[0]), json.loads(answers[1])
    finally:
        for receiver in receivers:
            receiver.kill()
            receiver.wait()
        node.destroy_node()
        rclpy.try_shutdown()


def _start(way: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bench.receivers", way],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()
