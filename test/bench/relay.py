"""The least that a node between two topics can be: bytes in, prepared bytes out, nothing decoded.

python -m bench.relay NAME PRIORITY IN OUT [SOCKET]; with a socket it writes a frame to a pseudo-terminal
instead of a message, and says when it has.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import tty

import rclpy
from cell_msgs.msg import DriveStates, LineCommand
from rclpy.experimental import EventsExecutor
from rclpy.node import Node

from bench.stamped_bus import Stamps
from cell_controller import messages
from cell_controller.bringup.urgency import make_urgent
from cell_controller.nodes import cdr, environment
from cell_controller.nodes.host import SETTLED_S, SPIN_S
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import Qos

NAMESPACE = "/bench_floor"
DRIVES = 2  # of the line that the chain stops
FRAME = b"\x01\x06\x00\x00\x00\x06\x00\x00"


def main(name: str, priority: int, topic_in: str, topic_out: str, stamps_path: str = "") -> int:
    environment.prepare()
    rclpy.init()
    node = Node(name, namespace=NAMESPACE, enable_rosout=False, start_parameter_services=False)
    qos = profile_of(Qos.GUARDED)
    if stamps_path:
        stamps = Stamps(stamps_path)
        master, slave = os.openpty()
        tty.setraw(slave)

        def relay(data: bytes) -> None:
            os.write(slave, FRAME)
            stamps.send(time.monotonic(), data[-8:])  # the number of the sample
            os.read(master, len(FRAME))

        node.create_subscription(LineCommand, topic_in, relay, qos, raw=True)
    else:
        drives = tuple(messages.LineDrive(f"drive_{n}") for n in range(DRIVES))
        answer = cdr.encoder(messages.LineCommand)(messages.LineCommand("conveyor_line", drives=drives))
        publisher = node.create_publisher(LineCommand, topic_out, qos)
        node.create_subscription(
            DriveStates, topic_in, lambda data: publisher.publish(answer[:-8] + data[-8:]), qos, raw=True
        )
    executor = EventsExecutor()
    executor.add_node(node)
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    urgent_at_s = time.monotonic() + SETTLED_S
    while not is_over.is_set():
        executor.spin_once(timeout_sec=SPIN_S)
        if time.monotonic() >= urgent_at_s:
            urgent_at_s = float("inf")
            make_urgent(priority)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
