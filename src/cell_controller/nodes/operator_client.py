"""OperatorClient: the cell's topics and services for programs that command it or show it.

    with OperatorClient("/cell") as cell:
        cell.wait_for_state(timeout_s=10.0)
        result = cell.command(Command.CLEAR, operator="anna", timeout_s=2.0)

It reads what every operator may read and has no part in guarding anything: losing it stops nothing but a
button that is held down.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import inf
from secrets import token_hex
from types import TracebackType
from typing import Any, Self, TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from cell_controller.errors import CellError
from cell_controller.messages import (
    Alarms,
    CellCommand,
    CellState,
    CommandResult,
    DisposeReply,
    DisposeRequest,
    Disposition,
    DriveStates,
    OrderReply,
    OrderRequest,
    PartQuery,
    PartReply,
    RecoveryAction,
    RecoveryCommand,
    SafetyState,
    StationState,
)
from cell_controller.nodes import cdr, convert, environment
from cell_controller.nodes.qos import profile_of
from cell_controller.nodes.receive import decoder, first_string
from cell_controller.runtime import Service, ports
from cell_controller.runtime.ports import Port

SPIN_S = 0.5
HOLD_TO_RUN_PERIOD_S = 0.05  # four in the 0.2 s after which a silent button counts as released
M = TypeVar("M")

_SINGLE = (ports.STATE, ports.SAFETY, ports.ALARMS)
_BY_NAME = (ports.DRIVE_STATES, ports.STATION_STATE, ports.HEARTBEAT)  # their first field says whose it is


class NoAnswerError(CellError):
    """The cell did not answer in time; nothing is known about what became of the request."""

    def __init__(self, what: str, timeout_s: float, hint: str = "") -> None:
        self.what, self.timeout_s = what, timeout_s
        super().__init__(f"{what}: no answer within {timeout_s:g} s{'; ' if hint else ''}{hint}")


class OperatorClient:
    """One operator's view of one cell. Reading never blocks; every call that waits has `timeout_s`."""

    def __init__(self, namespace: str, *, operator: str = "operator", node_name: str = "operator") -> None:
        self.namespace = namespace
        self.operator = operator
        self._node_name = f"{node_name}_{token_hex(4)}"  # several operators may watch one cell
        self._changed = threading.Condition()
        self._raw: dict[tuple[str, str], tuple[bytes, float]] = {}
        self._decoded: dict[tuple[str, str], tuple[bytes, object]] = {}
        self._results: dict[str, CommandResult] = {}
        self._is_over = threading.Event()
        self._decode = {p.name: decoder(p.type) for p in (*_SINGLE, *_BY_NAME, ports.COMMAND_RESULT)}
        self._clients: dict[str, Any] = {}
        self._node: Node | None = None

    # life

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Join the cell's namespace; returns at once, discovery goes on in the background."""
        environment.prepare()
        self._context = rclpy.Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        node = Node(
            self._node_name,
            namespace=self.namespace,
            context=self._context,
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._node = node
        for port in (*_SINGLE, *_BY_NAME, ports.COMMAND_RESULT):
            node.create_subscription(
                convert.ros_type(port.type), port.name, self._receiver(port), profile_of(port.qos), raw=True
            )
        self._command, self._command_count = self._publisher(node, ports.COMMAND)
        self._recovery, _ = self._publisher(node, ports.RECOVERY)
        for service in ports.SERVICES:
            self._clients[service.name] = node.create_client(convert.ros_service(service), service.name)
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name="operator client", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._node is None:
            return
        self._is_over.set()
        self._executor.wake()
        self._thread.join(timeout=2 * SPIN_S)
        self._executor.remove_node(self._node)
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()
        self._node = None
        rclpy.try_shutdown(context=self._context)

    # what the cell says

    @property
    def state(self) -> CellState | None:
        return self._newest(ports.STATE, CellState)

    @property
    def safety(self) -> SafetyState | None:
        return self._newest(ports.SAFETY, SafetyState)

    @property
    def alarms(self) -> Alarms:
        return self._newest(ports.ALARMS, Alarms) or Alarms()

    @property
    def drive_states(self) -> Mapping[str, DriveStates]:
        """By line."""
        return self._by_name(ports.DRIVE_STATES, DriveStates)

    @property
    def station_states(self) -> Mapping[str, StationState]:
        """By station."""
        return self._by_name(ports.STATION_STATE, StationState)

    def age_s(self, port: Port, name: str = "") -> float:
        """Age of the newest message of a topic, or of one name on it; inf before the first."""
        _, at_s = self._raw.get((port.name, name), (b"", -inf))
        return time.monotonic() - at_s

    @property
    def units(self) -> tuple[str, ...]:
        """Names of the Units whose heartbeat was heard."""
        return tuple(sorted(name for port, name in list(self._raw) if port == ports.HEARTBEAT.name))

    def heard_at_s(self, unit: str) -> float:
        """Monotonic time of the newest heartbeat of a Unit; -inf before the first."""
        return self._raw.get((ports.HEARTBEAT.name, unit), (b"", -inf))[1]

    def wait_until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Until a condition on what the cell says holds; NoAnswerError after the time."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not condition():
                left_s = deadline_s - time.monotonic()
                if left_s <= 0.0:
                    raise NoAnswerError(what, timeout_s)
                self._changed.wait(min(left_s, 0.1))

    def wait_for_state(self, timeout_s: float) -> CellState:
        """The first CellState."""
        self.wait_until(lambda: self.state is not None, timeout_s, f"a state of {self.namespace}")
        state = self.state
        assert state is not None
        return state

    # what the operator says

    def send(self, command: CellCommand, timeout_s: float) -> CommandResult:
        """Publish a command as it is, and return the answer to it."""
        deadline_s = time.monotonic() + timeout_s
        what = f"command {command.id!r}"
        self.wait_until(self._is_heard, timeout_s, f"{what}: is the cell manager running? It")
        with self._changed:
            self._results.pop(command.id, None)
        self._command(command)
        left_s = max(deadline_s - time.monotonic(), 0.0)
        self.wait_until(lambda: command.id in self._results, left_s, what)
        return self._results[command.id]

    def command(
        self,
        command: int,
        *,
        mode: int = 0,
        hold_now: bool = False,
        state_seq: int | None = None,
        timeout_s: float = 5.0,
    ) -> CommandResult:
        """One command under a new id, decided on the newest state unless another `state_seq` is given."""
        if state_seq is None:
            state_seq = self.state.state_seq if self.state else 0
        message = CellCommand(
            f"{self.operator}-{token_hex(8)}", self.operator, int(command), int(mode), state_seq, hold_now
        )
        return self.send(message, timeout_s)

    @contextmanager
    def hold_to_run(
        self, station: str, action: RecoveryAction, *, drive: str = "", speed_m_s: float = 0.0
    ) -> Iterator[str]:
        """Hold the button of a recovery action down while the context is open; its id is for `result_of`."""
        released = threading.Event()
        message_id = f"{self.operator}-{token_hex(8)}"

        def press(action: RecoveryAction) -> None:
            state = self.state
            if state is not None:
                self._recovery(
                    RecoveryCommand(
                        message_id,
                        self.operator,
                        station,
                        action,
                        drive,
                        speed_m_s,
                        state.state_seq,
                        state.heartbeat,
                    )
                )

        def hold() -> None:
            while not released.is_set():
                press(action)
                released.wait(HOLD_TO_RUN_PERIOD_S)

        thread = threading.Thread(target=hold, name="hold to run", daemon=True)
        thread.start()
        try:
            yield message_id
        finally:
            released.set()
            thread.join()
            press(RecoveryAction.END)

    def result_of(self, command_id: str) -> CommandResult | None:
        """The answer to a command or recovery command that has been heard, None without one."""
        return self._results.get(command_id)

    # services

    def submit_order(
        self, recipe: str, quantity: int, *, order_id: str = "", timeout_s: float = 10.0
    ) -> OrderReply:
        request = OrderRequest("", order_id or f"order-{token_hex(4)}", self.operator, recipe, quantity)
        return self._call(ports.SUBMIT_ORDER, request, timeout_s, OrderReply)

    def get_parts(self, *, part_id: str = "", order_id: str = "", timeout_s: float = 10.0) -> PartReply:
        return self._call(ports.GET_PARTS, PartQuery("", part_id, order_id), timeout_s, PartReply)

    def dispose_part(
        self, part_id: str, disposition: Disposition, *, reason: str = "", timeout_s: float = 10.0
    ) -> DisposeReply:
        request = DisposeRequest("", self.operator, part_id, disposition, reason)
        return self._call(ports.DISPOSE_PART, request, timeout_s, DisposeReply)

    # inside

    def ask(self, kind: Any, name: str, request: Any, timeout_s: float) -> Any:
        """A service of the namespace in ROS' own types; NoAnswerError after the time."""
        client = self._clients.get(name)
        if client is None:
            assert self._node is not None
            client = self._clients[name] = self._node.create_client(kind, name)
            self._executor.wake()
        deadline_s = time.monotonic() + timeout_s
        self.wait_until(client.service_is_ready, timeout_s, f"service {name}")
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(max(deadline_s - time.monotonic(), 0.0)):
            client.remove_pending_request(future)
            raise NoAnswerError(f"service {name}", timeout_s)
        return future.result()

    def _call(self, service: Service, request: object, timeout_s: float, kind: type[M]) -> M:
        answer = self.ask(
            convert.ros_service(service), service.name, convert.request_to_ros(service)(request), timeout_s
        )
        reply = convert.reply_from_ros(service)(answer, "")
        assert isinstance(reply, kind)
        return reply

    def _is_heard(self) -> bool:
        """The manager listens to commands and is heard: before that command or answer would be lost."""
        return self._command_count() > 0 and self.state is not None

    def _publisher(self, node: Node, port: Port) -> tuple[Callable[[object], None], Callable[[], int]]:
        """Send, and count of those who listen."""
        publisher = node.create_publisher(convert.ros_type(port.type), port.name, profile_of(port.qos))
        encode = cdr.encoder(port.type)
        return lambda message: publisher.publish(encode(message)), publisher.get_subscription_count

    def _receiver(self, port: Port) -> Callable[[bytes], None]:
        """Keeps bytes: most of what arrives is never looked at, and then never decoded."""
        is_named = port in _BY_NAME

        def receive(data: bytes) -> None:
            name = (first_string(data) or b"").decode(errors="replace") if is_named else ""
            with self._changed:
                self._raw[port.name, name] = (data, time.monotonic())
                self._changed.notify_all()

        def receive_result(data: bytes) -> None:
            result = self._decode[port.name](data)
            if isinstance(result, CommandResult):
                with self._changed:
                    self._results[result.id] = result
                    self._changed.notify_all()

        return receive_result if port is ports.COMMAND_RESULT else receive

    def _newest(self, port: Port, kind: type[M], name: str = "") -> M | None:
        found = self._raw.get((port.name, name))
        if found is None:
            return None
        cached = self._decoded.get((port.name, name))
        if cached is None or cached[0] is not found[0]:
            cached = self._decoded[port.name, name] = (found[0], self._decode[port.name](found[0]))
        return cached[1] if isinstance(cached[1], kind) else None

    def _by_name(self, port: Port, kind: type[M]) -> dict[str, M]:
        names = sorted(name for p, name in list(self._raw) if p == port.name)
        found = {name: self._newest(port, kind, name) for name in names}
        return {name: message for name, message in found.items() if message is not None}

    def _spin(self) -> None:
        try:
            while not self._is_over.is_set():
                self._executor.spin_once(timeout_sec=SPIN_S)
        except ExternalShutdownException:
            return
