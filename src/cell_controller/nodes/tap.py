"""Tap: hears a guarded topic of a running cell and may say something on it, as faults and tests want it.

It has no part in guarding anything; what it says is judged by its receivers like anybody's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from secrets import token_hex

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.signals import SignalHandlerOptions

from cell_controller.nodes import cdr, convert, environment
from cell_controller.nodes.operator_client import SPIN_S, NoAnswerError
from cell_controller.nodes.qos import profile_of
from cell_controller.nodes.receive import decoder
from cell_controller.runtime.ports import Port

MATCHED_S = 0.5  # until those who hear us know it: discovery has no acknowledgement
SENT_S = 0.05  # best effort: what is on its way must not lose its sender
Answer = Callable[[object], object | None]


def say_next(
    namespace: str, port: Port, answer: Answer, timeout_s: float, receiver: str = "", times: int = 1
) -> float:
    """Say at once what `answer` makes of the first messages that it makes anything of; when first, monotonic.

    It is said when all who listen have been found, and `receiver`, the name of a node, among them.
    NoAnswerError when there was none in time.
    """
    environment.prepare()
    context = rclpy.Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node(
        f"tap_{token_hex(4)}",
        namespace=namespace,
        context=context,
        enable_rosout=False,
        start_parameter_services=False,
    )
    qos, kind = profile_of(port.qos), convert.ros_type(port.type)
    encode, decode = cdr.encoder(port.type), decoder(port.type)
    publisher = node.create_publisher(kind, port.name, qos)
    said_at_s: list[float] = []
    is_heard, is_said = threading.Event(), threading.Event()

    def hear(data: bytes) -> None:
        if not is_heard.is_set() or len(said_at_s) == times:
            return
        made = answer(decode(data))
        if made is not None:
            said_at_s.append(time.monotonic())  # before: whoever is more urgent has reacted when we are back
            publisher.publish(encode(made))
            if len(said_at_s) == times:
                is_said.set()

    node.create_subscription(kind, port.name, hear, qos, raw=True)
    executor = EventsExecutor(context=context)
    executor.add_node(node)
    is_over = threading.Event()

    def spin() -> None:
        try:
            while not is_over.is_set():
                executor.spin_once(timeout_sec=SPIN_S)
        except ExternalShutdownException:
            return

    thread = threading.Thread(target=spin, name="tap", daemon=True)
    thread.start()
    try:
        deadline_s = time.monotonic() + timeout_s
        while not _is_found(node, publisher, receiver) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        time.sleep(MATCHED_S)
        is_heard.set()
        if not is_said.wait(max(deadline_s - time.monotonic(), 0.0)) and not said_at_s:
            raise NoAnswerError(f"a message on {namespace}/{port.name}", timeout_s)
        time.sleep(SENT_S)
        return said_at_s[0]
    finally:
        is_over.set()
        executor.wake()
        thread.join(timeout=2 * SPIN_S)
        executor.remove_node(node)
        executor.shutdown(timeout_sec=1.0)
        node.destroy_node()
        rclpy.try_shutdown(context=context)


def _is_found(node: Node, publisher: Publisher, receiver: str) -> bool:
    """Somebody besides us listens, and everybody whom the graph shows is matched."""
    listeners = node.get_subscriptions_info_by_topic(publisher.topic_name)
    names = {listener.node_name for listener in listeners}
    is_known = receiver in names if receiver else len(listeners) > 1
    return is_known and publisher.get_subscription_count() >= len(listeners)
