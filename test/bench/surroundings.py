"""Everything around one interlock and one drive bus that are real processes: the others, over DDS.

The stations, the manager and the other buses are those of the interlock's own tests; the bus' line is a
virtual one on a pseudo-terminal, paced by the clock.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rclpy
from rclpy.experimental import EventsExecutor
from rclpy.node import Node

from bench.paced_line import PacedLine
from cell_controller.messages import (
    DriveCondition,
    DriveStates,
    LineCommand,
    LinePhase,
    SafetyPhase,
    SafetyState,
)
from cell_controller.nodes import cdr, convert
from cell_controller.nodes.host import SPIN_S
from cell_controller.nodes.qos import profile_of
from cell_controller.plan import load_plan
from cell_controller.runtime import Qos, ports
from cell_sim.drives import build_line
from cell_sim.plant import build_plant
from support.interlock_bench import Bench
from support.line_bench import ENABLED

LINE = "conveyor_line"  # the real one: with one drive alone it has quiet moments
AXIS = "belt"
REPEAT_S = 0.005
HEARD = (ports.LINE_COMMAND, ports.SAFETY, ports.DRIVE_STATES)
SAID = (ports.DRIVE_STATES, ports.SETPOINT, ports.CELL_PERMIT)


class Surroundings(Bench):
    """`serve` lets time pass; the clock is the machine's."""

    def __init__(
        self, cell_file: Path, run_dir: Path, stamps_fd: int, on_stamp: Callable[[bytes], None]
    ) -> None:
        loaded, plan = load_plan(cell_file)
        super().__init__(time.monotonic(), (loaded.cell, plan))
        self.silent.add(LINE)
        plant = build_plant(self.cell, next(iter(loaded.recipes.values())), now_s=self.now_s)
        plant.set_outputs("safety_io", ENABLED)  # as the interlock would, over the line that is not there
        wire = build_line(self.cell, LINE, self.plan.profiles, plant)
        self._line = PacedLine(wire, run_dir / LINE)
        self._stamps_fd, self._on_stamp = stamps_fd, on_stamp
        self._repeat_s = 0.0
        self._heard: deque[tuple[str, bytes]] = deque()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._decoders = {p.name: cdr.decoder(p.type) for p in HEARD}
        self._encoders = {p.name: cdr.encoder(p.type) for p in SAID}

    def start_interlock(self) -> None:
        """It is another process: what is delivered is published."""
        self.runner = self  # type: ignore[assignment]

    def _settle(self, drive: str, changes: dict[str, Any], jumps: bool) -> None:
        """Its traces of the axes are out of reach; no axis is moved here."""

    # ROS

    def open(self) -> None:
        self._line.pty.open()
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = Node(
            "surroundings",
            namespace=self.cell.namespace,
            context=self._context,
            enable_rosout=False,
            start_parameter_services=False,
        )
        qos = profile_of(Qos.GUARDED)
        self._publishers = {
            p.name: self.node.create_publisher(convert.ros_type(p.type), p.name, qos) for p in SAID
        }
        for port in HEARD:
            self.node.create_subscription(
                convert.ros_type(port.type), port.name, self._receiver(port.name), qos, raw=True
            )
        self._is_over = threading.Event()
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name="ros")
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)
        self._line.pty.close()
        os.close(self._wake_fd)

    def _spin(self) -> None:
        while not self._is_over.is_set():
            self._executor.spin_once(timeout_sec=SPIN_S)

    def _receiver(self, port: str) -> Callable[[bytes], None]:
        def receive(data: bytes) -> None:
            self._heard.append((port, data))
            os.eventfd_write(self._wake_fd, 1)

        return receive

    def deliver(self, port: str, message: object, at_s: float) -> None:
        self._publishers[port].publish(self._encoders[port](message))

    def _hear(self) -> None:
        os.eventfd_read(self._wake_fd)
        while self._heard:
            port, data = self._heard.popleft()
            message = self._decoders[port](data)
            if isinstance(message, SafetyState):
                self.safety = message
            elif isinstance(message, LineCommand) and message.line != LINE:
                self.buses[message.line].obey(message)
            elif isinstance(message, DriveStates) and message.line == LINE:
                bus = self.buses[LINE]
                bus.session, bus.stamp_s, bus.states = message.guard.session, message.guard.stamp_s, message

    # time

    def serve(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Until it is done; False when that takes too long."""
        deadline_s = time.monotonic() + timeout_s
        while not is_done():
            now_s = time.monotonic()
            if now_s >= deadline_s:
                return False
            self._turn(now_s)
        return True

    def _turn(self, now_s: float) -> None:
        if now_s >= self._repeat_s:
            self._repeat_s, self.now_s = now_s + REPEAT_S, now_s
            self._repeat()
        self._line.answer(now_s)
        due_s = min(self._line.due_s(now_s), self._repeat_s)
        limit_s = max(due_s - time.monotonic(), 0.0)
        ready, _, _ = select.select([self._wake_fd, self._stamps_fd, *self._line.fds], [], [], limit_s)
        if self._stamps_fd in ready:
            self._on_stamp(os.read(self._stamps_fd, 4096))
        if self._wake_fd in ready:
            self._hear()
        if self._line.pty.fd in ready:
            self._line.take(time.monotonic())

    # what the chain asks

    @property
    def is_quiet(self) -> bool:
        return self._line.is_quiet(time.monotonic())

    @property
    def is_energised(self) -> bool:
        """Cleared, and the axis of the real line holds."""
        states = self.buses[LINE].states
        return (
            self.safety.phase is SafetyPhase.HOLD
            and states.phase is LinePhase.PERMITTED
            and any(
                d.drive == AXIS and d.condition is DriveCondition.OPERATION_ENABLED for d in states.drives
            )
        )

    def clear(self) -> None:
        """The operator's Clear, at once."""
        super().clear()
        self.now_s = time.monotonic()
        self.send_permit()
