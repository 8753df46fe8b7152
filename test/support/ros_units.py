"""Two small Units for tests of the ROS edge; python -m support.ros_units NAME NAMESPACE runs one."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from threading import Thread

from cell_controller.messages import (
    Allowed,
    CellState,
    DriveState,
    DriveStates,
    Echo,
    Finished,
    LineCommand,
    LineDrive,
    OrderReply,
    OrderRequest,
    StopRequested,
)
from cell_controller.nodes.host import RosHost
from cell_controller.runtime import InputFault, Inputs, Sent, Service, Step, Unit, ports

PERIOD_S = 0.02


class Pinger:
    """Sends a LineCommand per period to `line` and to a line that nobody has; keeps what comes back."""

    max_lateness_s = inf

    def __init__(self, name: str = "interlock", line: str = "weld_line") -> None:
        self.name, self._line = name, line
        calls_in, calls_out = ports.calling((ports.SUBMIT_ORDER,))
        self.inputs = (
            ports.DRIVE_STATES.input(wakes=True, sources=(line,), max_age_s={line: 0.5}),
            ports.STATE.input(wakes=True),
            *calls_in,
        )
        self.outputs = (ports.LINE_COMMAND.output(), *calls_out)
        self.services: tuple[Service, ...] = ()
        self.clients: tuple[Service, ...] = (ports.SUBMIT_ORDER,)
        self.round_trips_s: list[float] = []
        self.faults: list[InputFault] = []
        self.states: list[CellState] = []
        self.replies: list[OrderReply] = []
        self.wants_reply = False
        self._due_s = 0.0
        self._epoch = 0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.faults += inputs.faults
        self.states += inputs.new(ports.STATE.name, CellState)
        self.replies += inputs.new(ports.SUBMIT_ORDER.reply_port, OrderReply)
        for states in inputs.new(ports.DRIVE_STATES.name, DriveStates):
            self.round_trips_s.append(now_s - states.drives[0].measured_position_m)
        sent: tuple[Sent, ...] = ()
        if now_s >= self._due_s:
            self._due_s = now_s + PERIOD_S
            self._epoch += 1
            sent = tuple(
                Sent(ports.LINE_COMMAND.name, self._command(line, now_s)) for line in (self._line, "no_line")
            )
            if self.wants_reply and not self.replies:
                request = OrderRequest(f"r{self._epoch}", "order-1", "tester", "bracket", 3)
                sent += (Sent(ports.SUBMIT_ORDER.request_port, request),)
        return Step(sent, self._due_s)

    def _command(self, line: str, now_s: float) -> LineCommand:
        drives = tuple(LineDrive(f"{line}_{n}", Allowed.HOLD, program="plain") for n in range(4))
        return LineCommand(line, self._epoch, Echo(self._line, 1, now_s), 0.1, drives)


class Ponger:
    """Answers a LineCommand at once with DriveStates that carry its echo; serves submit_order."""

    max_lateness_s = inf

    def __init__(self, name: str = "weld_line", *, stops_by_itself: bool = False) -> None:
        self.name = name
        serves_in, serves_out = ports.serving((ports.SUBMIT_ORDER,))
        self.inputs = (
            ports.LINE_COMMAND.input(wakes=True, sources=("interlock",)),
            *serves_in,
            *((ports.STOP_REQUESTED.input(wakes=True),) if stops_by_itself else ()),
        )
        self.outputs = (
            ports.DRIVE_STATES.output(),
            ports.STATE.output(),
            ports.FINISHED.output(),
            *serves_out,
        )
        self.services: tuple[Service, ...] = (ports.SUBMIT_ORDER,)
        self.clients: tuple[Service, ...] = ()
        self.commands: list[LineCommand] = []
        self.faults: list[InputFault] = []
        self._finish_s = inf
        self._count = 0

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.faults += inputs.faults
        sent: list[Sent] = []
        if self._count == 0:
            sent.append(Sent(ports.STATE.name, CellState(9, 9, False, 1, 77, 1)))
        for command in inputs.new(ports.LINE_COMMAND.name, LineCommand):
            self.commands = [*self.commands[-9:], command]
            drives = tuple(
                DriveState(d.drive, measured_position_m=command.echo.stamp_s) for d in command.drives
            )
            sent.append(Sent(ports.DRIVE_STATES.name, DriveStates(self.name, drives=drives)))
        for request in inputs.new(ports.SUBMIT_ORDER.request_port, OrderRequest):
            reply = OrderReply(
                request.request_id, request.quantity == 3, "" if request.quantity == 3 else "not 3"
            )
            sent.append(Sent(ports.SUBMIT_ORDER.reply_port, reply))
        if inputs.new(ports.STOP_REQUESTED.name, StopRequested):
            self._finish_s = now_s + 0.3
        if now_s >= self._finish_s:
            sent.append(Sent(ports.FINISHED.name, Finished("program played")))
        self._count += 1
        return Step(tuple(sent), min(now_s + 0.1, max(self._finish_s, now_s)))


@contextmanager
def running(unit: Unit, namespace: str, trace: Path | None = None) -> Iterator[RosHost]:
    """A Unit on ROS in a thread of this process."""
    host = RosHost(unit, unit.name, namespace, trace=trace, handles_signals=False)
    errors: list[BaseException] = []

    def serve() -> None:
        try:
            host.run()
        except BaseException as error:  # noqa: BLE001  # shown by the thread that waits
            errors.append(error)

    thread = Thread(target=serve, name=unit.name)
    thread.start()
    try:
        yield host
    finally:
        host.end()
        thread.join(10.0)
        assert not thread.is_alive(), f"{unit.name} did not end"
    assert not errors, errors


def wait_until(condition: Callable[[], object], timeout_s: float = 15.0, what: str = "") -> None:
    """Waits for something that another thread or process brings about."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not within {timeout_s:g} s: {what or condition}"
        time.sleep(0.01)


if __name__ == "__main__":
    units: dict[str, Unit] = {
        "interlock": Pinger(),
        "weld_line": Ponger(),
        "stopping_line": Ponger("weld_line", stops_by_itself=True),
    }
    sys.exit(RosHost(units[sys.argv[1]], sys.argv[1], sys.argv[2]).run())
