"""A bench for the manager: its Runner, scripted stations, an interlock and a journal, at message level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cell_controller.cell.manager import CellManager
from cell_controller.config import LoadedCell, load_cell
from cell_controller.messages import (
    SET_MODE,
    Alarms,
    CellCommand,
    CellPermit,
    CellState,
    CommandResult,
    Directive,
    DisposeReply,
    DisposeRequest,
    Disposition,
    GoalCancel,
    GoalFeedback,
    GoalResult,
    Guard,
    HoldState,
    IndexGoal,
    JournalFailed,
    JournalLoaded,
    JournalSynced,
    JournalWrite,
    Order,
    OrderReply,
    OrderRequest,
    PartEvent,
    PartGoal,
    PartQuery,
    PartReply,
    Permit,
    RecoveryCommand,
    SafetyPhase,
    SafetyState,
    StationState,
    TaskKind,
    TaskResult,
    Trip,
    Verdict,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Action, Runner, Sent, ports

CELL = load_cell(Path(__file__).parents[3] / "config/cells/test.yaml")
TICK_S = 0.025
DURATION_S = {TaskKind.WELD: 3.0, TaskKind.GRIND: 2.0, TaskKind.INDEX: 1.0, TaskKind.HOME: 0.5}


@dataclass
class Station:
    """A station that does its task for a while; tests bend it by its attributes."""

    name: str
    is_ready: bool = True
    is_clear: bool = True
    verdict: Verdict = Verdict.GOOD
    ending: TaskResult = TaskResult.DONE
    stop_verdict: Verdict = Verdict.SUSPECT
    tool_in_material: bool = False
    is_stranded: bool = False
    is_alive: bool = True
    is_deaf: bool = False  # hears no Orders
    session: int = 7
    seq: int = 0
    order: Order = field(default_factory=lambda: Order(""))
    task_id: int = 0
    kind: TaskKind = TaskKind.NONE
    result: TaskResult = TaskResult.NONE
    given: Verdict = Verdict.NONE
    ends_at_s: float = 0.0
    is_withheld: bool = False  # the interlock is in hold: no task goes on, not even to its end
    zones_seen: list[tuple[str, ...]] = field(default_factory=list)
    taken: list[TaskKind] = field(default_factory=list)
    on_index: Callable[[], None] = lambda: None

    def hear(self, order: Order, now_s: float) -> None:
        if order.station != self.name or not self.is_alive or self.is_deaf:
            return
        self.order = order
        if order.task_id not in (0, self.task_id):
            self.task_id, self.kind, self.result = order.task_id, order.kind, TaskResult.RUNNING
            self.given = Verdict.NONE
            self.ends_at_s = now_s + DURATION_S.get(order.kind, 1.0)
            self.taken.append(order.kind)
            self.zones_seen.append(order.zones)

    def state(self, now_s: float) -> StationState:
        if self.result is TaskResult.RUNNING:
            self._go_on(now_s)
        is_held = self.order.directive in (Directive.HOLD, Directive.HOLD_NOW)
        is_working = self.result is TaskResult.RUNNING and self.kind is not TaskKind.HOME
        return StationState(
            self.name,
            task_id=self.task_id,
            phase="working" if is_working else "idle",
            result=self.result,
            verdict=self.given,
            hold=HoldState.HELD if is_held and is_working else HoldState.RUNNING,
            is_ready=self.is_ready and not is_working,
            is_clear=self.is_clear and not is_working,
            tool_in_material=self.tool_in_material,
            is_stranded=self.is_stranded,
            guard=self._guard(now_s),
        )

    def _go_on(self, now_s: float) -> None:
        directive = self.order.directive
        if directive is Directive.ABORT:
            self.result, self.given = TaskResult.ABORTED, self.stop_verdict
        elif self.is_withheld:
            return
        elif directive in (Directive.STOP, Directive.HOLD_NOW) and self.kind is not TaskKind.INDEX:
            self.result, self.given = TaskResult.STOPPED, self.stop_verdict
        elif directive is Directive.RUN and now_s >= self.ends_at_s:
            self.result = self.ending
            is_process = self.kind in (TaskKind.WELD, TaskKind.GRIND)
            self.given = self.verdict if is_process else Verdict.NONE
            if self.kind is TaskKind.INDEX and self.ending is TaskResult.DONE:
                self.on_index()
            if self.kind is TaskKind.HOME:
                self.is_ready = self.is_clear = True

    def _guard(self, now_s: float) -> Guard:
        self.seq += 1
        return Guard(self.name, self.session, self.seq, now_s)

    def restart(self) -> None:
        """A new process: nothing of the former one is known."""
        self.session, self.seq, self.task_id, self.result = self.session + 1, 0, 0, TaskResult.NONE


class Bench:
    """Everything around the manager. `step` advances time; the belt and its parts are real enough."""

    def __init__(self, session: int = 11, events: tuple[PartEvent, ...] = ()) -> None:
        self.loaded: LoadedCell = CELL
        self.now_s = 0.0
        self.stations = {n: Station(n) for n in self.loaded.cell.stations}
        self.belt = [False] * 4
        self.stations["conveyor"].on_index = self._index
        self.is_feeding = True
        self.is_emptying = True
        self.free_since_s = self.out_since_s = 0.0
        self.safety = SafetyState(trips=(Trip("startup", "interlock", "started"),), first_out="startup")
        self.safety_session = 3
        self.is_safety_alive = True
        self.can_reset = True
        self.safety_seq = 0
        self.is_journal_alive = True
        self.journal_error = ""
        self.disk: list[PartEvent] = list(events)
        self.sent: list[Sent] = []
        self.states: list[CellState] = []
        self.permits: list[CellPermit] = []
        self.orders: list[tuple[float, Order]] = []
        self.results: list[CommandResult] = []
        self.replies: list[OrderReply | PartReply | DisposeReply] = []
        self.goal_results: dict[str, GoalResult] = {}
        self.goal_feedback: dict[str, list[GoalFeedback]] = {}
        self.alarms = Alarms()
        self.overlap_s = 0.0
        self.count = 0
        self.watch: Callable[[Bench], None] | None = None
        self.start_manager(session)

    # the manager

    def start_manager(self, session: int, *, is_loaded: bool = True) -> None:
        unit = CellManager(self.loaded.cell, self.loaded.recipes)
        self.runner = Runner(unit, session, self.now_s)
        self.unit = unit
        if is_loaded:
            self.runner.deliver("journal_loaded", JournalLoaded(tuple(self.disk)), self.now_s)

    @property
    def state(self) -> CellState:
        return self.states[-1]

    @property
    def packml(self) -> State:
        return State(self.state.state)

    # time

    def step(self, duration_s: float = TICK_S) -> None:
        end_s = self.now_s + duration_s - 1e-9
        while self.now_s < end_s:
            self.now_s += TICK_S
            self._plant()
            self._interlock()
            for station in self.stations.values():
                station.is_withheld = self.safety.phase is SafetyPhase.HOLD
                if station.is_alive:
                    state = station.state(self.now_s)
                    if station.name == "conveyor":
                        state = replace(state, places=tuple(self.belt))
                    self.runner.deliver("station_state", state, self.now_s)
            self.run_manager()
            if self.watch is not None:
                self.watch(self)

    def run_manager(self) -> None:
        while self.runner.due_s <= self.now_s:
            for sent in self.runner.step(self.now_s):
                self._take(sent)

    def until(self, *states: State, limit_s: float = 30.0) -> None:
        end_s = self.now_s + limit_s
        while self.now_s < end_s:
            if self.states and self.packml in states:
                return
            self.step()
        raise AssertionError(
            f"still {self.packml.name} ({self.state.stop_reason}), {self.state.clear_hindrance}"
        )

    def until_true(self, condition: Callable[[], bool], limit_s: float = 30.0) -> None:
        end_s = self.now_s + limit_s
        while not condition():
            assert self.now_s < end_s, f"did not happen within {limit_s} s, {self.packml.name}"
            self.step()

    # what the manager says

    def _take(self, sent: Sent) -> None:
        self.sent.append(sent)
        message = sent.message
        if isinstance(message, CellState):
            self.states.append(message)
        elif isinstance(message, CellPermit):
            self.permits.append(message)
        elif isinstance(message, Order):
            self.orders.append((self.now_s, message))
            self.stations[message.station].hear(message, self.now_s)
        elif isinstance(message, CommandResult):
            self.results.append(message)
        elif isinstance(message, OrderReply | PartReply | DisposeReply):
            self.replies.append(message)
        elif isinstance(message, GoalResult):
            assert message.goal_id not in self.goal_results, "every goal gets exactly one result"
            self.goal_results[message.goal_id] = message
        elif isinstance(message, GoalFeedback):
            self.goal_feedback.setdefault(message.goal_id, []).append(message)
        elif isinstance(message, Alarms):
            self.alarms = message
        elif isinstance(message, JournalWrite):
            self._write(message)

    def _write(self, write: JournalWrite) -> None:
        if not self.is_journal_alive:
            return
        if self.journal_error:
            answer: object = JournalFailed(write.number, self.journal_error)
            self.runner.deliver("journal_failed", answer, self.now_s)
            return
        self.disk.extend(write.events)
        self.runner.deliver("journal_synced", JournalSynced(write.number), self.now_s)

    # what surrounds it

    def _index(self) -> None:
        assert not self.belt[-1], "a part fell off the belt"
        self.belt = [False, *self.belt[:-1]]
        self.free_since_s = self.out_since_s = self.now_s

    def _plant(self) -> None:
        conveyor = self.stations["conveyor"]
        wants = any(p.name == "load_request" and p.value == 1.0 for p in conveyor.order.parameters)
        is_moving = conveyor.result is TaskResult.RUNNING
        if not (wants and self.is_feeding and not self.belt[0] and not is_moving):
            self.free_since_s = self.now_s
        elif self.now_s - self.free_since_s > 0.2:
            self.belt[0] = True
        if not (self.belt[-1] and self.is_emptying):
            self.out_since_s = self.now_s
        elif self.now_s - self.out_since_s > 0.4:
            self.belt[-1] = False
        working = [s for s in self.stations.values() if s.result is TaskResult.RUNNING]
        kinds = {s.kind for s in working}
        self.overlap_s += TICK_S if {TaskKind.WELD, TaskKind.GRIND} <= kinds else 0.0
        assert not (TaskKind.INDEX in kinds and len(kinds) > 1), "the belt moves while a station works"

    def _interlock(self) -> None:
        permit = self.permits[-1] if self.permits else CellPermit()
        safety = self.safety
        if safety.phase is SafetyPhase.TRIPPED:
            is_edge = permit.clear_id not in (0, safety.clear_id)
            if is_edge and permit.echo.session == self.safety_session and self.can_reset:
                safety = replace(
                    safety, phase=SafetyPhase.HOLD, clear_id=permit.clear_id, trips=(), first_out=""
                )
        else:
            is_motion = permit.permit is Permit.MOTION
            safety = replace(safety, phase=SafetyPhase.MOTION if is_motion else SafetyPhase.HOLD)
        self.safety = replace(
            safety,
            can_reset=self.can_reset,
            reset_hindrance="" if self.can_reset else "close the guard",
        )
        if self.is_safety_alive:
            self.safety_seq += 1
            guard = Guard("interlock", self.safety_session, self.safety_seq, self.now_s)
            self.runner.deliver("safety", replace(self.safety, guard=guard), self.now_s)

    def trip(self, text: str = "guard guard_closed: open", *, is_recoverable: bool = False) -> None:
        trip = Trip("guard", "guard_closed", "open", is_present=True, is_recoverable=is_recoverable)
        self.safety = replace(self.safety, phase=SafetyPhase.TRIPPED, first_out=text, trips=(trip,))

    # what operators do

    def send(self, command: Command | int, **fields: object) -> CommandResult:
        """One command with the present state_seq, and its answer."""
        self.count += 1
        given: dict[str, object] = {
            "state_seq": self.state.state_seq,
            "id": f"c{self.count}",
            "operator": "ann",
        }
        message = CellCommand(command=int(command), **(given | fields))  # type: ignore[arg-type]
        known = len(self.results)
        self.runner.deliver("command", message, self.now_s)
        self.run_manager()
        assert len(self.results) == known + 1, "every command gets exactly one answer"
        return self.results[-1]

    def set_mode(self, mode: Mode) -> CommandResult:
        return self.send(SET_MODE, mode=int(mode))

    def submit(self, quantity: int, order_id: str = "o1", recipe: str = "coupon") -> OrderReply:
        known = len(self.replies)
        request = OrderRequest(f"r{self.now_s}", order_id, "ann", recipe, quantity)
        self.runner.deliver(ports.SUBMIT_ORDER.request_port, request, self.now_s)
        self.until_true(lambda: len(self.replies) > known, 5.0)
        reply = self.replies[-1]
        assert isinstance(reply, OrderReply)
        return reply

    def dispose(self, part_id: str, disposition: Disposition = Disposition.SCRAP) -> DisposeReply:
        known = len(self.replies)
        request = DisposeRequest(f"d{self.now_s}", "ann", part_id, disposition, "test")
        self.runner.deliver(ports.DISPOSE_PART.request_port, request, self.now_s)
        self.until_true(lambda: len(self.replies) > known, 5.0)
        reply = self.replies[-1]
        assert isinstance(reply, DisposeReply)
        return reply

    def parts(self) -> PartReply:
        self.runner.deliver(ports.GET_PARTS.request_port, PartQuery("q"), self.now_s)
        self.run_manager()
        reply = self.replies[-1]
        assert isinstance(reply, PartReply)
        return reply

    def goal(self, action: Action, station: str, **fields: str) -> str:
        """What a client of an action asks for; returns the goal's id."""
        self.count += 1
        given = {"goal_id": f"g{self.count}", "operator": "ben"} | fields
        goal = action.goal(station=station, **given)
        assert isinstance(goal, PartGoal | IndexGoal)
        self.runner.deliver(action.goal_port, goal, self.now_s)
        self.run_manager()
        return goal.goal_id

    def cancel(self, action: Action, goal_id: str) -> None:
        self.runner.deliver(action.cancel_port, GoalCancel(goal_id), self.now_s)
        self.run_manager()

    def result(self, goal_id: str, limit_s: float = 10.0) -> GoalResult:
        self.until_true(lambda: goal_id in self.goal_results, limit_s)
        return self.goal_results[goal_id]

    def recover(self, **fields: object) -> None:
        given = {
            "id": "h1",
            "operator": "ann",
            "state_seq": self.state.state_seq,
            "heartbeat": self.state.heartbeat,
        }
        message = RecoveryCommand(**(given | fields))  # type: ignore[arg-type]
        self.runner.deliver("recovery", message, self.now_s)
        self.run_manager()

    def clear(self) -> None:
        assert self.send(Command.CLEAR).code == 0, self.results[-1].reason
        self.until(State.STOPPED)

    def start(self) -> None:
        """Clear, Reset, Start, as after power-up."""
        self.step(0.2)
        self.clear()
        self.restart()

    def restart(self) -> None:
        assert self.send(Command.RESET).code == 0, self.results[-1].reason
        self.until(State.IDLE)
        assert self.send(Command.START).code == 0, self.results[-1].reason
        self.until(State.EXECUTE)

    def until_working(self, kind: TaskKind) -> None:
        self.until_true(
            lambda: any(s.kind is kind and s.result is TaskResult.RUNNING for s in self.stations.values())
        )


@pytest.fixture(scope="session")
def bench_of() -> type[Bench]:
    """The bench's class, for tests that build several."""
    return Bench


@pytest.fixture
def bench() -> Bench:
    """A cell that has just been switched on."""
    bench = Bench()
    bench.step(0.2)
    return bench
