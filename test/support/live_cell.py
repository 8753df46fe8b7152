"""A running cell as the integration cases see it: its processes, its topics, its simulated machine."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from cell_controller.bringup.table import Arguments
from cell_controller.config import CellFile
from cell_controller.messages import (
    SET_MODE,
    CellState,
    CommandResult,
    Disposition,
    DriveCondition,
    RecoveryAction,
    ResultCode,
    SafetyPhase,
)
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import ports
from support.motion_file import last_motion_s

CLEARS = 3
# Rules that a machine trips by which nothing is wrong but its speed.
STALLS = ("late", "line_lost", "station_lost", "manager_lost", "stale_data", "bus_stopped")
GONE = ("out", "removed", "unknown")  # places of parts that are on no belt
PRESSES, PRESS_S, RELEASE_S = 4, 15.0, 0.5  # of the hold-to-run button
FRESH_S = 0.5
READY_S = 90.0  # eleven interpreters on two busy cores


class Starter(Protocol):
    """Whoever has started the cell: `cell up` in this process, or `ros2 launch` (see launched_cell)."""

    @property
    def arguments(self) -> Arguments: ...
    @property
    def cell(self) -> CellFile: ...
    @property
    def run_dir(self) -> Path: ...

    def missing(self) -> list[str]: ...
    def starts(self, name: str) -> int: ...
    def exit_codes(self) -> Mapping[str, tuple[int, ...]]: ...
    def kill(self, name: str, number: signal.Signals = ...) -> int: ...


class LiveCell:
    """One cell that is up. Every wait has a limit, and says what the cell was doing when it was missed."""

    def __init__(self, up: Starter, client: OperatorClient) -> None:
        self.up, self.client = up, client
        self.stalls: list[str] = []  # how the cell stood when it did not start
        self.has_failed = False  # a case has left the cell somewhere, and its order with it
        self.spindles = {n for n, d in up.cell.drives.items() if d.kind == "spindle"}

    # what it says

    @property
    def state(self) -> CellState:
        state = self.client.state
        assert state is not None
        return state

    def describe(self) -> str:
        """Everything that a person would look at, in lines."""
        return "\n".join([*self._describe_cell(), *self._describe_stations(), *self._describe_lines()])

    def _describe_cell(self) -> list[str]:
        state, safety = self.client.state, self.client.safety
        lines = [f"missing {self.up.missing()}, exit codes {self.up.exit_codes()}"]
        if state is not None:
            reason = state.stop_reason
            lines.append(f"{State(state.state).name}, mode {state.mode}, {reason.source} {reason.text}")
            lines.append(f"clear: {state.clear_hindrance!r}")
            lines += [
                f"part {p.part_id} {p.place} {p.process} {p.verdict.name} {p.detail}" for p in state.parts
            ]
        if safety is not None:
            lines.append(
                f"safety {safety.phase.name}, epoch {safety.epoch}, reset: {safety.reset_hindrance!r}"
            )
            lines.append(
                f"occupied {safety.occupied_zones}, inputs {safety.inputs_on}, warnings {safety.warnings}"
            )
            lines += [f"trip {t.rule} {t.subject}: {t.text} {'present' * t.is_present}" for t in safety.trips]
        return lines + [f"alarm {a.message}" for a in self.client.alarms.active]

    def _describe_stations(self) -> list[str]:
        return [
            f"{s.station}: {s.phase} task {s.task_id} {s.result.name} {s.detail} "
            f"{'ready' * s.is_ready} {'clear' * s.is_clear} zones wanted {s.zones_wanted} places {s.places}"
            for s in self.client.station_states.values()
        ]

    def _describe_lines(self) -> list[str]:
        return [
            f"{s.line}: {s.phase.name}, epoch {s.epoch}, {s.stop_cause!r}, "
            + ", ".join(
                f"{d.drive} {d.condition.name} at {d.measured_position_m:.4f} {'homed' * d.is_homed} "
                f"{d.timeouts}/{d.transactions}"
                for d in s.drives
            )
            for s in self.client.drive_states.values()
        ]

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        try:
            self.client.wait_until(condition, timeout_s, what)
        except NoAnswerError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from error

    def reach(self, state: State, timeout_s: float, *also: State) -> None:
        """A state, or one of the others; fails at once when the cell aborts on the way to another."""
        ends = (state, *also)
        self.until(lambda: self.state.state in (*ends, State.ABORTED), timeout_s, f"state {state.name}")
        assert self.state.state in ends, f"on the way to {state.name}\n{self.describe()}"

    # what an operator does

    def ask(self, command: int, **options: Any) -> CommandResult:
        return self.client.command(command, **options)

    def must(self, command: int, **options: Any) -> None:
        """A command that is accepted, when the cell is ready for it; returns when its effect is seen."""
        deadline_s = time.monotonic() + 10.0
        while True:
            before = self.state.state_seq
            result = self.ask(command, state_seq=before, **options)
            is_early = result.code in (ResultCode.REFUSED, ResultCode.STALE)
            if not is_early or time.monotonic() > deadline_s:
                break
            time.sleep(0.1)
        assert result.code is ResultCode.ACCEPTED, f"{result}\n{self.describe()}"
        self.until(lambda: self.state.state_seq != before, 5.0, f"an effect of {result}")

    def clear(self) -> None:
        """From Aborted to Stopped, with every process up. A machine that stalls may need a second Clear."""
        self.until(lambda: not self.up.missing(), READY_S, f"all nodes; missing: {self.up.missing()}")
        self.reach(State.ABORTED, 30.0)
        for _ in range(CLEARS):
            self.until(lambda: not self.state.clear_hindrance, 30.0, "nothing in the way of Clear")
            self.must(Command.CLEAR)
            self.until(
                lambda: self.state.state in (State.ABORTED, State.STOPPED), 15.0, "the end of Clearing"
            )
            if self.state.state == State.STOPPED:
                return
        raise AssertionError(f"Clear did not last\n{self.describe()}")

    def despite_stalls(self, act: Callable[[], None]) -> None:
        """Begun from Stopped. A machine that stalls may trip the interlock on the way: then again."""
        for _ in range(CLEARS):
            try:
                act()
            except AssertionError:
                if not self._has_stalled():
                    raise
                self.stalls.append(self.describe())
                self.clean_up()
                self.clear()
            else:
                return
        raise AssertionError("the machine stalls again and again:\n" + "\n\n".join(self.stalls))

    def start_over(self) -> None:
        """From wherever a failed case has left it to Stopped, so that the next ones tell about themselves."""
        self.has_failed = True
        if self.state.state not in (State.ABORTED, State.STOPPED):
            self.ask(Command.ABORT)
            self.reach(State.ABORTED, 30.0)
        if self.state.state == State.ABORTED:
            self.until(lambda: not self.up.missing(), READY_S, f"all nodes; missing: {self.up.missing()}")
            self.clean_up()
            self.clear()
        if self.state.mode != Mode.PRODUCTION:
            self.must(SET_MODE, mode=Mode.PRODUCTION)

    def _has_stalled(self) -> bool:
        """The cell has aborted because something was late, and for no other reason."""
        trips = self.client.safety.trips if self.client.safety is not None else ()
        return self.state.state == State.ABORTED and bool(trips) and trips[0].rule in STALLS

    def start(self) -> None:
        """From Stopped to Execute."""
        self.despite_stalls(self._start)

    def _start(self) -> None:
        self.must(Command.RESET)
        self.reach(State.IDLE, 15.0)
        self.must(Command.START)
        self.reach(State.EXECUTE, 60.0, State.SUSPENDED)  # it may starve before anybody has looked

    def order(self, quantity: int) -> str:
        """A new order, or the one that a stall or a failed case has left before its first part came in."""
        order_id = f"order-{time.monotonic_ns()}"
        (recipe,) = self._recipes()
        reply = self.client.submit_order(recipe, quantity, order_id=order_id)
        may_be_left = bool(self.stalls) or self.has_failed
        is_left = may_be_left and self.state.parts_consumed == 0 and self.state.order_id in reply.reason
        assert reply.is_accepted or is_left, reply.reason
        return order_id if reply.is_accepted else self.state.order_id

    def _recipes(self) -> list[str]:
        from cell_controller.config import load_cell

        return list(load_cell(self.up.arguments.cell).recipes)

    def produce(self, quantity: int, timeout_s: float) -> None:
        """An order from Stopped to Complete, all parts good."""

        def act() -> None:
            order_id = self.order(quantity)
            self._start()
            self.reach(State.COMPLETE, timeout_s)
            parts = self.client.get_parts(order_id=order_id).parts
            assert [p.verdict.name for p in parts] == ["GOOD"] * quantity, self.describe()

        self.despite_stalls(act)
        self.must(Command.STOP)
        self.reach(State.STOPPED, 15.0)

    def weld_until_contact(self) -> None:
        """An order of one part, run until the pin is in the material."""
        self.until_in_contact("robot")

    def until_in_contact(self, station: str) -> None:
        """An order of one part, run until the tool of this station is in the material."""

        def act() -> None:
            self.order(1)
            self._start()
            ends = (State.ABORTED, State.STOPPED)
            self.until(
                lambda: self._is_at_work(station) or self.state.state in ends, 60.0, f"{station} at work"
            )
            assert self._is_at_work(station), self.describe()
            assert self.state.state == State.EXECUTE, self.describe()

        self.despite_stalls(act)

    def _is_at_work(self, station: str) -> bool:
        state = self.client.station_states.get(station)
        return state is not None and state.tool_in_material

    def clean_up(self) -> None:
        """What an operator does after an abort: tool out, parts disposed of, simulated parts taken away."""
        self.reach(State.ABORTED, 30.0)
        for station in [s.station for s in self.client.station_states.values() if s.tool_in_material]:
            self.recover_tool(station)
        self._dispose_of_suspects()
        left = {p.part_id for p in self.client.get_parts().parts if p.place not in GONE}
        self.sim("take_parts")
        if left:  # the cell misses those that it did not suspect before, and wants a decision about them too
            self.until(lambda: self._are_missed(left), 5.0, f"{left} missed")
            self._dispose_of_suspects()

    def _are_missed(self, part_ids: set[str]) -> bool:
        return not any(p.part_id in part_ids and p.place not in GONE for p in self.state.parts)

    def _dispose_of_suspects(self) -> None:
        for part in self.client.get_parts().parts:
            if part.needs_disposition:
                reply = self.client.dispose_part(part.part_id, Disposition.SCRAP, reason="test")
                assert reply.is_accepted, f"{reply.reason}\n{self.describe()}"

    def recover_tool(self, station: str) -> None:
        """Hold recover_tool down, in Manual, until the tool is out of the part; let go and press again."""
        self.must(SET_MODE, mode=Mode.MANUAL)
        answers = []
        for _ in range(PRESSES):
            self.until(lambda: not self.faults(), 15.0, f"no drive in fault: {self.faults()}")
            with self.client.hold_to_run(station, RecoveryAction.RECOVER_TOOL) as message_id:
                end_s = time.monotonic() + PRESS_S
                while self.has_tool_in_material(station) and time.monotonic() < end_s:
                    time.sleep(0.05)
                answers.append(self.client.result_of(message_id))
            time.sleep(RELEASE_S)
            if not self.has_tool_in_material(station):
                break
        else:
            raise AssertionError(f"the tool is still in the part; {answers}\n{self.describe()}")
        self.must(SET_MODE, mode=Mode.PRODUCTION)

    def faults(self) -> list[str]:
        """Drives that are not armed or in fault; a bus resets what it may, once everything stands."""
        return [
            d.drive
            for s in self.client.drive_states.values()
            for d in s.drives
            if not d.is_armed or d.condition is DriveCondition.FAULT
        ]

    def has_tool_in_material(self, station: str) -> bool:
        return self.client.station_states[station].tool_in_material

    # the machine

    def sim(self, do: str, **arguments: Any) -> dict[str, Any]:
        """One command to the simulator; see cell_sim.control."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5.0)
            link.connect(str(self.up.run_dir / "sim.sock"))
            link.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
            data = b""
            while not data.endswith(b"\n"):
                received = link.recv(65536)
                assert received, "the simulator hung up"
                data += received
        answer: dict[str, Any] = json.loads(data)
        assert answer["ok"], answer
        return answer

    def last_motion_s(self, drives: Iterable[str] | None = None) -> float:
        """When the last axis or spindle (of these) was truly moving, by CLOCK_MONOTONIC."""
        return last_motion_s(self.up.run_dir / "motion.jsonl", self.spindles, drives)

    def assert_tripped(self) -> None:
        """By the interlock that runs now: each topic of a new process is discovered on its own."""
        self.until(lambda: self.client.age_s(ports.SAFETY) < FRESH_S, 15.0, "a fresh safety state")
        assert self.client.safety is not None
        assert self.client.safety.phase is SafetyPhase.TRIPPED, self.describe()
