"""Stand-ins for the processes of a cell, for tests of bring-up alone: python -m support.fake_cell --unit ...

A bus takes `STOP_S` for its stop program and notes in the run directory when it began and ended it; the
manager answers commands; all of them have heartbeats, sessions and signals as the real ones.
"""

import argparse
import sys
import time
from dataclasses import replace
from math import inf
from pathlib import Path

from cell_controller.bringup.parent import follow_parent
from cell_controller.bringup.table import Arguments, NodeSpec, build
from cell_controller.messages import (
    CellCommand,
    CellState,
    CommandResult,
    DriveStates,
    Finished,
    LinePhase,
    OrderReply,
    OrderRequest,
    ResultCode,
    StopRequested,
)
from cell_controller.nodes.host import RosHost
from cell_controller.packml import Command, State
from cell_controller.runtime import Inputs, Sent, Service, Step, ports

STOP_S = 0.6


def table(arguments: Arguments) -> list[NodeSpec]:
    """The real table with these stand-ins in it."""
    return [
        replace(s, module="support.fake_cell") if s.is_node else replace(s, module="support.fake_simulator")
        for s in build(arguments)
    ]


class FakeBus:
    """Moves until it is told to stop."""

    max_lateness_s = inf
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self, name: str, notes: Path) -> None:
        self.name, self._notes = name, notes
        self.inputs = (ports.STATE.input(), ports.STOP_REQUESTED.input(wakes=True))
        self.outputs = (ports.DRIVE_STATES.output(), ports.FINISHED.output())
        self._is_moving = True
        self._end_s = inf

    def step(self, inputs: Inputs, now_s: float) -> Step:
        for state in inputs.new(ports.STATE.name, CellState):
            self._is_moving = state.state == State.EXECUTE
        if inputs.new(ports.STOP_REQUESTED.name, StopRequested) and self._end_s == inf:
            self._end_s = now_s + STOP_S
            self._note("begins")
        if now_s >= self._end_s:
            self._note("has played")
            return Step((Sent(ports.FINISHED.name, Finished("played")),), now_s + 1.0)
        states = DriveStates(self.name, LinePhase.PERMITTED, is_stopped=not self._is_moving)
        return Step((Sent(ports.DRIVE_STATES.name, states),), min(now_s + 0.05, self._end_s))

    def _note(self, what: str) -> None:
        with self._notes.open("a") as file:
            file.write(f"{time.monotonic()} {self.name} {what}\n")


class FakeManager:
    """Executes from the start; obeys Stop."""

    name = "cell_manager"
    max_lateness_s = inf
    services: tuple[Service, ...] = (ports.SUBMIT_ORDER,)
    clients: tuple[Service, ...] = ()

    def __init__(self) -> None:
        serve_in, serve_out = ports.serving(self.services)
        self.inputs = (ports.COMMAND.input(wakes=True), *serve_in)
        self.outputs = (ports.STATE.output(), ports.COMMAND_RESULT.output(), *serve_out)
        self._state = State.EXECUTE
        self._count = 0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        sent: list[Sent] = []
        for command in inputs.new(ports.COMMAND.name, CellCommand):
            is_stop = command.command == Command.STOP
            self._state = State.STOPPED if is_stop else self._state
            code = ResultCode.ACCEPTED if is_stop else ResultCode.ILLEGAL
            result = CommandResult(command.id, command.operator, command.command, code, state_seq=7)
            sent.append(Sent(ports.COMMAND_RESULT.name, result))
        for request in inputs.new(ports.SUBMIT_ORDER.request_port, OrderRequest):
            reply = OrderReply(request.request_id, request.quantity > 0, f"for {request.operator}")
            sent.append(Sent(ports.SUBMIT_ORDER.reply_port, reply))
        self._count += 1
        state = CellState(self._state, self._state, False, 1, 7, self._count)
        return Step((*sent, Sent(ports.STATE.name, state)), now_s + 0.1)


class FakeNode:
    """Has heartbeats and nothing else."""

    max_lateness_s = inf
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    inputs = ()
    outputs = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, inputs: Inputs, now_s: float) -> Step:
        return Step((), now_s + 0.1)


def main() -> int:
    split = sys.argv.index("--ros-args")
    parser = argparse.ArgumentParser()
    parser.add_argument("--unit")
    parser.add_argument("--run-dir", type=Path)
    parser.add_argument("--parent", type=int)
    options, _ = parser.parse_known_args(sys.argv[1:split])
    follow_parent(options.parent)
    name, notes = options.unit, options.run_dir / "notes"
    unit = FakeNode(name)
    if name.endswith("_line"):
        unit = FakeBus(name, notes)
    elif name == "cell_manager":
        unit = FakeManager()
    sys.stdout.write(f"{name} is here\n")
    sys.stdout.flush()
    code = RosHost(unit, name, "/unused", arguments=sys.argv[split:]).run()
    with notes.open("a") as file:
        file.write(f"{time.monotonic()} {name} left\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
