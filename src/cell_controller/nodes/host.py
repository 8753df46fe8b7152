"""RosHost: runs one Unit as one ROS node. The same file for every Unit.

A ROS thread only fills the inbox and an eventfd. The Unit's own thread (the caller of `run`) waits on the
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
from cell_controller.nodes import cdr, convert, environment
from cell_controller.nodes.actions import ActionServers
from cell_controller.nodes.housekeeping import Housekeeping
from cell_controller.nodes.lifecycle import Lifecycle
from cell_controller.nodes.local_io import LocalIo, NodeIo
from cell_controller.nodes.qos import profile_of
from cell_controller.nodes.receive import decoder, first_string, wanted_names
from cell_controller.nodes.services import ServiceClients, ServiceServers
from cell_controller.runtime import Qos, Runner, Sent, Unit, ports
from cell_controller.runtime.trace import TraceWriter

SPIN_S = 0.5  # EventsExecutor.spin() without a timeout never returns on shutdown in rclpy 7.1
SETTLED_S = 2.0  # after the first step; then peers on the same machine have found each other
LONGEST_WAIT_S = 0.5  # select's own limit; every Unit has a deadline before that


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
        on_settled: Callable[[], object] | None = None,
        handles_signals: bool = True,
        remake: Callable[[], Unit] | None = None,
    ) -> None:
        """`on_step` is called after every step and ends the run when it returns False; `on_settled` once,
        when most of the discovery is over. With `remake`, which makes the Unit anew, the node may be
        deactivated (see Lifecycle).

        With `handles_signals` (main thread only) SIGINT and SIGTERM end the run; a Unit that has
        STOP_REQUESTED as an input is told of SIGTERM instead, ends the run by Finished and ignores SIGINT.
        """
        self._unit = unit
        self._node_name, self._namespace = node_name, namespace
        self._local_ios = tuple(local_ios)
        self._arguments = list(arguments)
        self._trace_path = trace
        self._on_step, self._on_settled = on_step, on_settled
        self._handles_signals, self._remake = handles_signals, remake
        self._stops_by_itself = any(i.port == ports.STOP_REQUESTED.name for i in unit.inputs)
        self._inbox: deque[tuple[str, object, float]] = deque()
        self._waking = frozenset(i.port for i in unit.inputs if i.wakes)
        self._wake_fd = -1
        self._is_over = threading.Event()
        self._publishers: dict[str, Callable[[object], None]] = {}
        self._decoders: dict[str, Callable[[bytes], object]] = {}
        self._local_of: dict[str, LocalIo] = {p: io for io in self._local_ios for p in io.ports}
        self._is_signalled = False
        self._failure = ""
        self._housekeeping = Housekeeping()

    def post(self, port: str, message: object) -> None:
        """Into the inbox, from any thread; bytes are a serialized message, a str one that is none."""
        self._inbox.append((port, message, time.monotonic()))
        if port in self._waking:  # the others wait for the next deadline, and are then read all at once
            os.eventfd_write(self._wake_fd, 1)

    def end(self) -> None:
        """Let `run` return; from any thread or signal handler."""
        self._is_over.set()
        if self._wake_fd >= 0:
            os.eventfd_write(self._wake_fd, 1)

    def run(self) -> int:
        """Serve until the Unit has finished or a signal arrives; leaves nothing behind."""
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        environment.prepare()
        context = rclpy.Context()
        rclpy.init(args=self._arguments, context=context, signal_handler_options=SignalHandlerOptions.NO)
        try:
            with _Signals(self._on_signal if self._handles_signals else None):
                self._serve(context)
        finally:
            rclpy.try_shutdown(context=context)
            descriptor, self._wake_fd = self._wake_fd, -1
            os.close(descriptor)
        return 1 if self._failure else 0

    def _serve(self, context: rclpy.Context) -> None:
        node = Node(
            self._node_name,
            namespace=self._namespace,
            context=context,
            enable_rosout=False,  # a Unit has neither a log nor parameters:
            start_parameter_services=False,  # fewer endpoints are discovered sooner
        )
        servers = ServiceServers(self._unit.services, self.post, node, self._on_death)
        clients = ServiceClients(self._unit.clients, self.post, node)
        actions = ActionServers(self._unit, self.post, node, self._on_death)
        executor = EventsExecutor(context=context)
        spinner = threading.Thread(target=self._spin, args=(executor,), name="ros", daemon=True)
        writer = None
        try:
            self._connect(node, servers, clients, actions)
            lifecycle = Lifecycle(node, self._unit, self._remake, wake=self._wake, shut_down=self._shut_down)
            executor.add_node(node)
            for io in self._local_ios:
                io.begin(self.post)
            self._housekeeping.begin(time.monotonic())
            session, now_s = secrets.randbits(62) + 1, time.monotonic()
            if self._trace_path is not None:
                writer = TraceWriter(self._trace_path, self._unit.name, session, now_s)
            observers = (writer.on_step, writer.on_input) if writer else (None, None)
            runner = Runner(self._unit, session, now_s, *observers)
            servers.start()
            actions.start()
            spinner.start()
            lifecycle.begin()
            self._loop(runner, lifecycle)
            lifecycle.end()
        finally:
            self._is_over.set()
            self._housekeeping.end()
            for io in self._local_ios:
                io.close()
            if writer is not None:
                writer.close()
            if spinner.ident is not None:
                executor.wake()
                spinner.join(timeout=2 * SPIN_S)
            servers.close()
            actions.close()
            executor.remove_node(node)
            executor.shutdown(timeout_sec=1.0)
            node.destroy_node()

    def _connect(
        self, node: Node, servers: ServiceServers, clients: ServiceClients, actions: ActionServers
    ) -> None:
        services = (*self._unit.services, *self._unit.clients)
        for io in self._local_ios:
            if isinstance(io, NodeIo):
                io.connect(node)
        served = {port for s in services for port in (s.request_port, s.reply_port)} | {*actions.ports}
        for output in (*self._unit.outputs, ports.HEARTBEAT.output()):
            if output.qos is not Qos.LOCAL and output.port not in served:
                publisher = node.create_publisher(
                    convert.ros_type(output.type), output.port, profile_of(output.qos)
                )
                self._publishers[output.port] = _publish(publisher, cdr.encoder(output.type))
        for senders in (servers.senders, clients.senders, actions.senders):
            self._publishers.update(senders)
        for declared in self._unit.inputs:
            if declared.qos is not Qos.LOCAL and declared.port not in served:
                self._decoders[declared.port] = decoder(declared.type)
                node.create_subscription(
                    convert.ros_type(declared.type),
                    declared.port,
                    self._receiver(declared.port, wanted_names(self._unit, declared)),
                    profile_of(declared.qos),
                    raw=True,
                )

    def _receiver(self, port: str, wanted: frozenset[bytes] | None) -> Callable[[bytes], None]:
        """Runs in the ROS thread: no decoding, and no step, for what is meant for others."""

        def receive(data: bytes) -> None:
            if wanted is not None:
                name = first_string(data)
                if name is not None and name not in wanted:
                    return
            self.post(port, data)

        return receive

    def _spin(self, executor: Any) -> None:
        try:
            while not self._is_over.is_set():
                executor.spin_once(timeout_sec=SPIN_S)
        except ExternalShutdownException:
            return
        except BaseException as error:
            self._on_death("ros", error)
            raise

    def _on_death(self, thread: str, error: BaseException) -> None:
        """Deaf, the Unit would go on beating its heart for ever: end, and let the supervisor start anew."""
        self._failure = f"the thread {thread!r} ended: {type(error).__name__}: {error}"
        if self._stops_by_itself:
            self.post(ports.STOP_REQUESTED.name, StopRequested(self._failure))
        else:
            self.end()

    def _wake(self) -> None:
        os.eventfd_write(self._wake_fd, 1)

    def _shut_down(self) -> None:
        """As by SIGTERM: a bus plays its stop program first."""
        if self._stops_by_itself:
            self.post(ports.STOP_REQUESTED.name, StopRequested("lifecycle"))
        else:
            self.end()

    def _loop(self, runner: Runner, lifecycle: Lifecycle) -> None:
        """select, not poll or epoll: theirs waits whole milliseconds, longer than the gap of a frame."""
        settled_at_s = time.monotonic() + SETTLED_S
        while not self._is_over.is_set():
            waiting = {fd: io for io in self._local_ios if (fd := io.fileno()) is not None}
            now_s = time.monotonic()
            self._housekeeping.use(now_s, runner.due_s - now_s)
            limit_s = min(max(runner.due_s - time.monotonic(), 0.0), LONGEST_WAIT_S)
            ready, _, _ = select.select([self._wake_fd, *waiting], [], [], limit_s)
            now_s = time.monotonic()
            for descriptor in ready:
                if descriptor == self._wake_fd:
                    os.eventfd_read(self._wake_fd)
                else:
                    waiting[descriptor].on_readable(now_s)
            if (unit := lifecycle.obey()) is not None:  # a life of its own, like that of a new process
                runner = Runner(unit, secrets.randbits(62) + 1, now_s)
            self._drain(runner)
            now_s = time.monotonic()
            if runner.due_s <= now_s:
                self._send(runner.step(now_s))
                if self._on_step is not None and not self._on_step():
                    self._is_over.set()
                if self._on_settled is not None and now_s >= settled_at_s:
                    self._on_settled()
                    self._on_settled = None

    def _drain(self, runner: Runner) -> None:
        while self._inbox:
            port, message, at_s = self._inbox.popleft()
            if not runner.listens_to(port):
                continue
            if isinstance(message, bytes):
                message = self._decoders[port](message)
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
        if not self._stops_by_itself:
            self.end()
        elif number == signal.SIGTERM and not self._is_signalled:
            self._is_signalled = True
            self.post(ports.STOP_REQUESTED.name, StopRequested(signal.Signals(number).name))


class _Signals:
    """SIGINT and SIGTERM go to one handler while this context is open; None leaves them alone."""

    def __init__(self, handler: Callable[[int, object], None] | None) -> None:
        self._handler = handler
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> None:
        if self._handler is not None:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._handler)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)


def _publish(publisher: Any, encode: Callable[[Any], bytes]) -> Callable[[object], None]:
    def publish(message: object) -> None:
        publisher.publish(encode(message))

    return publish
