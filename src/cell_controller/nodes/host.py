"""RosHost: runs one Unit as one ROS node. The same file for every Unit.

A ROS thread only fills the inbox and an eventfd. The Unit's own thread (the main thread) waits on the
eventfd, on the descriptors of its local I/O and on the Unit's deadline, and does everything else.
"""

from __future__ import annotations

import os
import secrets
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from cell_controller.messages import Finished, StopRequested
from cell_controller.nodes import convert
from cell_controller.nodes.local_io import LocalIo
from cell_controller.nodes.qos import profile_of
from cell_controller.nodes.services import ServiceClients, ServiceServers
from cell_controller.runtime import Qos, Runner, Sent, Unit, ports
from cell_controller.runtime.trace import TraceWriter

SPIN_S = 0.5  # EventsExecutor.spin() without a timeout never returns on shutdown in rclpy 7.1
LONGEST_WAIT_S = 0.5  # poll's own limit; every Unit has a deadline before that


class RosHost:
    """One Unit on ROS: `run` returns the exit code of the process."""

    def __init__(
        self,
        unit: Unit,
        node_name: str,
        namespace: str,
        local_ios: Sequence[LocalIo] = (),
        *,
        arguments: Sequence[str] = (),
        trace: Path | None = None,
        on_step: Callable[[], bool] | None = None,
        stops_gracefully: bool = False,
    ) -> None:
        """`stops_gracefully`: SIGTERM is delivered as StopRequested, and the Unit says Finished;
        `on_step` is called after every step and ends the process when it returns False."""
        self._unit = unit
        self._node_name, self._namespace = node_name, namespace
        self._local_ios = tuple(local_ios)
        self._arguments = list(arguments)
        self._trace_path = trace
        self._on_step = on_step
        self._stops_gracefully = stops_gracefully
        self._inbox: deque[tuple[str, object, float]] = deque()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_over = threading.Event()
        self._exit_code = 0
        self._publishers: dict[str, Callable[[object], None]] = {}
        self._local_of: dict[str, LocalIo] = {p: io for io in self._local_ios for p in io.ports}
        self._is_signalled = False

    def post(self, port: str, message: object) -> None:
        """Into the inbox, from any thread; a str is a message that could not be decoded."""
        self._inbox.append((port, message, time.monotonic()))
        os.eventfd_write(self._wake_fd, 1)

    def run(self) -> int:
        """Serve until the Unit has finished or a signal arrives; leaves nothing behind."""
        context = rclpy.Context()
        rclpy.init(args=self._arguments, context=context, signal_handler_options=SignalHandlerOptions.NO)
        node = Node(self._node_name, namespace=self._namespace, context=context)
        former = {s: signal.signal(s, self._on_signal) for s in (signal.SIGINT, signal.SIGTERM)}
        spinner = threading.Thread(target=self._spin, args=(node, context), name="ros", daemon=True)
        servers = ServiceServers(self._unit.services, self.post, self._node_name, self._namespace, context)
        clients = ServiceClients(self._unit.clients, self.post, node)
        session = secrets.randbits(62) + 1
        now_s = time.monotonic()
        writer = TraceWriter(self._trace_path, self._unit.name, session, now_s) if self._trace_path else None
        runner = Runner(
            self._unit,
            session,
            now_s,
            writer.on_step if writer else None,
            writer.on_input if writer else None,
        )
        try:
            self._connect(node, runner, servers, clients)
            for io in self._local_ios:
                io.begin(self.post)
            servers.start()
            spinner.start()
            self._loop(runner)
        finally:
            self._is_over.set()
            for io in self._local_ios:
                io.close()
            if writer:
                writer.close()
            for number, handler in former.items():
                signal.signal(number, handler)
            spinner.join(timeout=2 * SPIN_S + 1)
            servers.close()
            node.destroy_node()
            rclpy.try_shutdown(context=context)
            os.close(self._wake_fd)
        return self._exit_code

    def _connect(self, node: Node, runner: Runner, servers: ServiceServers, clients: ServiceClients) -> None:
        served = {
            p for s in (*self._unit.services, *self._unit.clients) for p in (s.request_port, s.reply_port)
        }
        for output in runner.outputs:
            if output.qos is Qos.LOCAL or output.port in served:
                continue
            publisher = node.create_publisher(
                convert.ros_type(output.type), self._topic(output.port), profile_of(output.qos)
            )
            self._publishers[output.port] = _publish(publisher, convert.to_ros(output.type))
        for sends in (servers.senders, clients.senders):
            self._publishers.update(sends)
        for declared in self._unit.inputs:
            if declared.qos is Qos.LOCAL or declared.port in served:
                continue
            node.create_subscription(
                convert.ros_type(declared.type),
                self._topic(declared.port),
                self._receiver(declared.port, convert.from_ros(declared.type)),
                profile_of(declared.qos),
            )

    def _topic(self, port: str) -> str:
        return f"{self._namespace}/{port}"

    def _receiver(self, port: str, decode: Callable[[Any], object]) -> Callable[[Any], None]:
        def receive(message: Any) -> None:
            try:
                value: object = decode(message)
            except (ValueError, OverflowError, TypeError) as error:
                value = str(error)
            self.post(port, value)

        return receive

    def _spin(self, node: Node, context: rclpy.Context) -> None:
        executor = EventsExecutor(context=context)
        executor.add_node(node)
        try:
            while not self._is_over.is_set():
                executor.spin_once(timeout_sec=SPIN_S)
        except (ExternalShutdownException, KeyboardInterrupt):
            return
        finally:
            executor.remove_node(node)
            executor.shutdown(timeout_sec=1.0)

    def _loop(self, runner: Runner) -> None:
        poller = select.poll()
        poller.register(self._wake_fd, select.POLLIN)
        registered: dict[int, LocalIo] = {}
        while not self._is_over.is_set():
            self._register(poller, registered)
            wait_s = 0.0 if self._inbox else min(max(runner.due_s - time.monotonic(), 0.0), LONGEST_WAIT_S)
            ready = poller.poll(wait_s * 1e3)
            now_s = time.monotonic()
            for descriptor, _ in ready:
                if descriptor == self._wake_fd:
                    os.eventfd_read(self._wake_fd)
                elif descriptor in registered:
                    registered[descriptor].on_readable(now_s)
            self._drain(runner)
            now_s = time.monotonic()
            if runner.due_s <= now_s:
                self._send(runner.step(now_s))
                if self._on_step is not None and not self._on_step():
                    self._is_over.set()

    def _register(self, poller: select.poll, registered: dict[int, LocalIo]) -> None:
        wanted = {fd: io for io in self._local_ios if (fd := io.fileno()) is not None}
        if wanted.keys() == registered.keys():
            return
        for descriptor in registered.keys() - wanted.keys():
            poller.unregister(descriptor)
        for descriptor in wanted.keys() - registered.keys():
            poller.register(descriptor, select.POLLIN)
        registered.clear()
        registered.update(wanted)

    def _drain(self, runner: Runner) -> None:
        while self._inbox:
            port, message, at_s = self._inbox.popleft()
            if isinstance(message, str):
                runner.deliver_malformed(port, message, at_s)
            else:
                runner.deliver(port, message, at_s)

    def _send(self, sent: tuple[Sent, ...]) -> None:
        for item in sent:
            publish = self._publishers.get(item.port)
            if publish is not None:
                publish(item.message)
            elif isinstance(item.message, Finished):
                self._is_over.set()
            else:
                self._local_of[item.port].handle(item)

    def _on_signal(self, number: int, frame: object) -> None:
        if not self._stops_gracefully:
            self._is_over.set()
        elif number == signal.SIGTERM and not self._is_signalled:
            self._is_signalled = True
            self.post(ports.STOP_REQUESTED.name, StopRequested(signal.Signals(number).name))
        os.eventfd_write(self._wake_fd, 1)


def _publish(publisher: Any, encode: Callable[[Any], Any]) -> Callable[[object], None]:
    def publish(message: object) -> None:
        publisher.publish(encode(message))

    return publish
