"""A violation is published, and the drive bus has written the stop frame: two DDS hops, real processes.

    here --DriveStates--> interlock --LineCommand--> conveyor_line --frame--> pseudo-terminal

The other line's DriveStates says that the emergency stop is pressed. It is published while the line is quiet:
how long a stop waits for a request in flight is the line's affair, and part of the headline. The floor is
the same two hops through nodes that do nothing else.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from bench.chain_nodes import SAYS_IT, commands, end
from bench.figure import Figure, say, spread
from bench.relay import NAMESPACE
from bench.stage import Stage, child_environment, run_directory, urgently
from bench.stamped_bus import STAMP
from bench.surroundings import LINE, Surroundings
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.messages import DriveStates, SafetyPhase
from cell_controller.nodes import cdr, convert
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import Qos, ports
from support.interlock_bench import CELL_PATH

UP_S, CLEAR_S, ANSWER_S = 60.0, 10.0, 1.0
LEARN_S = 2.0  # every read comes several times


def measure(stage: Stage) -> Iterator[Figure]:
    """As many trips as fit into `seconds`; between two of them an operator clears."""
    say(f"chain: {stage.seconds:.0f} s and the start of four nodes")
    with ExitStack() as stack:
        run_dir = stack.enter_context(run_directory())
        receiver = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        receiver.bind(str(run_dir / "stamps"))
        for words in commands(CELL_PATH, run_dir):
            process = subprocess.Popen(
                [sys.executable, "-m", *words], env=child_environment(ROS_LOG_DIR=str(run_dir))
            )
            stack.callback(end, process)
        chain = Chain(CELL_PATH, run_dir, receiver.fileno())
        chain.around.open()
        stack.enter_context(closing(chain.around))
        chain.come_up()
        with urgently(PRIORITIES[Role.STATION]):  # it hears everything: never before those it measures
            chain.repeat(stage.seconds)
    say(f"chain: {len(chain.stop_s)} trips; {chain.busy} more met a poll, {chain.missed} missed")
    yield from spread("violation_to_stop", chain.stop_s, chain.floor_s)
    yield Figure("violations_missed", float(chain.missed), "count", None, len(chain.stop_s) + chain.busy)


class Chain:
    """Publishes, and pairs what was published with what was written."""

    def __init__(self, cell_file: Path, run_dir: Path, stamps_fd: int) -> None:
        self.around = Surroundings(cell_file, run_dir, stamps_fd, self._stamped)
        self.stop_s: list[float] = []
        self.floor_s: list[float] = []
        self.busy = self.missed = 0
        self._frames: list[tuple[float, bytes]] = []
        self._polls: frozenset[bytes] = frozenset()

    def _stamped(self, datagram: bytes) -> None:
        self._frames.append((STAMP.unpack_from(datagram)[0], datagram[STAMP.size :]))

    def come_up(self) -> None:
        """Everybody hears everybody, and is urgent."""
        around = self.around
        kind = convert.ros_type(DriveStates)
        self._floor = around.node.create_publisher(kind, f"{NAMESPACE}/states", profile_of(Qos.GUARDED))
        self._prepared = cdr.encoder(DriveStates)(around.buses[SAYS_IT].message(time.monotonic()))
        if not around.serve(lambda: around.safety.can_reset, UP_S):
            raise RuntimeError(f"the interlock cannot be reset: {around.safety.reset_hindrance}")
        around.serve(lambda: False, SETTLED_S + 0.5)

    def repeat(self, seconds: float) -> None:
        self._clear()
        self._learn()
        end_s = time.monotonic() + seconds
        while True:
            self._floor_sample()
            self._trip()
            if time.monotonic() >= end_s:
                return
            self._clear()

    def _clear(self) -> None:
        around = self.around
        around.switch("estop_ok", True)
        if not around.serve(lambda: around.safety.can_reset, CLEAR_S):
            raise RuntimeError(f"the interlock cannot be reset: {around.safety.reset_hindrance}")
        around.clear()
        if not around.serve(lambda: around.is_energised, CLEAR_S):
            raise RuntimeError(
                f"the axis does not hold: {around.safety.first_out} {around.buses[LINE].states}"
            )

    def _learn(self) -> None:
        """What is written while the axis holds is a poll; what never is, is a stop, whatever the protocol."""
        self._frames.clear()
        self.around.serve(lambda: False, LEARN_S)
        self._polls = frozenset(data for _, data in self._frames)
        if not self._polls:
            raise RuntimeError("the bus reads nothing")

    def _when_quiet(self) -> None:
        if not self.around.serve(lambda: self.around.is_quiet, ANSWER_S):
            raise RuntimeError("the line is never quiet")
        self._frames.clear()

    def _floor_sample(self) -> None:
        self._when_quiet()
        begin_s = time.monotonic()
        number = struct.pack("<d", begin_s)
        self._floor.publish(self._prepared[:-8] + number)
        found: list[float] = []

        def is_there() -> bool:
            found.extend(at_s for at_s, data in self._frames if data == number)
            return bool(found)

        if self.around.serve(is_there, ANSWER_S):
            self.floor_s.append(found[0] - begin_s)

    def _trip(self) -> None:
        around = self.around
        self._when_quiet()
        around.switch("estop_ok", False)
        begin_s = time.monotonic()
        around.runner.deliver(ports.DRIVE_STATES.name, around.buses[SAYS_IT].message(begin_s), begin_s)
        writes: list[float] = []

        def is_there() -> bool:
            writes.extend(at_s for at_s, data in self._frames if at_s > begin_s and data not in self._polls)
            return bool(writes)

        if not around.serve(is_there, ANSWER_S):
            self.missed += 1
        elif any(begin_s < at_s < writes[0] for at_s, _ in self._frames):
            self.busy += 1
        else:
            self.stop_s.append(writes[0] - begin_s)
        around.serve(lambda: around.safety.phase is SafetyPhase.TRIPPED, ANSWER_S)
