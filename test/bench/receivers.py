"""One process that receives numbers in one way, and says how old each was: python -m bench.receivers WAY."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from collections.abc import Callable

import rclpy
from cell_msgs.msg import DriveStates
from rclpy.executors import SingleThreadedExecutor
from rclpy.experimental import EventsExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.bringup.urgency import make_urgent
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import Qos

WAYS = ("events", "waitset", "single")
FLOOR = "datagram"
SPIN_S = 0.1
TOPIC = "/bench_executors/states"
CLOCK = struct.Struct("<d")  # the last field of a guarded message is its stamp

Note = Callable[[bytes], None]
Look = Callable[[], object]


def receive(way: str) -> int:
    """Hears until its stdin is closed, then prints what it has found."""
    found_s: list[float] = []

    def note(data: bytes) -> None:
        found_s.append(time.monotonic() - CLOCK.unpack_from(data, len(data) - CLOCK.size)[0])

    os.set_blocking(0, False)
    port, look = _datagrams(note) if way == FLOOR else (0, _messages(way, note))
    print(port, flush=True)  # noqa: T201
    settled_at_s = time.monotonic() + SETTLED_S
    while _is_open():
        look()
        if time.monotonic() >= settled_at_s:
            settled_at_s = float("inf")
            make_urgent(PRIORITIES[Role.INTERLOCK])
            found_s.clear()
    json.dump(found_s, sys.stdout)
    return 0


def _is_open() -> bool:
    try:
        return os.read(0, 1) != b""
    except BlockingIOError:
        return True


def _datagrams(note: Note) -> tuple[int, Look]:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(SPIN_S)

    def look() -> None:
        try:
            note(receiver.recv(65536))
        except TimeoutError:
            return

    return receiver.getsockname()[1], look


def _messages(way: str, note: Note) -> Look:
    rclpy.init()
    node = Node("receiver", enable_rosout=False, start_parameter_services=False)
    heard = node.create_subscription(DriveStates, TOPIC, note, profile_of(Qos.GUARDED), raw=True)
    if way != "waitset":
        executor = EventsExecutor() if way == "events" else SingleThreadedExecutor()
        executor.add_node(node)
        return lambda: executor.spin_once(timeout_sec=SPIN_S)
    waiting = rclpy_implementation.WaitSet(1, 0, 0, 0, 0, 0, node.context.handle)

    def look() -> None:
        waiting.clear_entities()
        waiting.add_subscription(heard.handle)
        waiting.wait(int(SPIN_S * 1e9))
        while (taken := heard.handle.take_message(DriveStates, True)) is not None:
            note(taken[0])

    return look


if __name__ == "__main__":
    sys.exit(receive(sys.argv[1]))
