"""ProductionRun: what an operator does to have an order made, as a Unit.

Submit the order, then Clear, Reset, Start when each is legal, wait, and sum up. It talks to the cell only
over the topics and services that every operator has; `cell run` and the simulated operator host it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

from cell_controller.cell.run_summary import RunRecord, Summary
from cell_controller.messages import (
    Alarms,
    CellCommand,
    CellState,
    CommandResult,
    DriveStates,
    OrderReply,
    OrderRequest,
    ResultCode,
    SafetyPhase,
    SafetyState,
    Severity,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Input, Inputs, Output, Sent, Service, Step, ports

PERIOD_S = 0.1  # as often as the cell publishes its state
ANSWER_LIMIT_S = 2.0  # a command or request without an answer is sent again (with a new id)
ORDER_PATIENCE_S = 10.0  # a cell that comes up refuses orders until its journal has been read
START_LIMIT_S = 60.0  # from the first state to Execute; nodes and drives need a few seconds


class RunPhase(Enum):
    """How far the run is; the value is what an operator reads."""

    WAITING = "waiting for the cell"
    ORDERING = "submitting the order"
    CLEARING = "clearing"
    RESETTING = "resetting"
    STARTING = "starting"
    PRODUCING = "producing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wish:
    """The order to be made."""

    order_id: str
    recipe: str
    quantity: int
    operator: str = "operator"


_NEXT = {
    State.ABORTED: (Command.CLEAR, RunPhase.CLEARING),
    State.STOPPED: (Command.RESET, RunPhase.RESETTING),
    State.COMPLETE: (Command.RESET, RunPhase.RESETTING),
    State.IDLE: (Command.START, RunPhase.STARTING),
}


class ProductionRun:
    """One order from submission to its summary; `phase`, `text` and `summary` tell how it stands."""

    name = "operator_run"
    max_lateness_s = inf
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = (ports.SUBMIT_ORDER,)

    def __init__(self, wish: Wish, *, start_limit_s: float = START_LIMIT_S) -> None:
        self._wish = wish
        self._start_limit_s = start_limit_s
        calls_in, calls_out = ports.calling(self.clients)
        self.inputs: tuple[Input, ...] = (
            ports.STATE.input(wakes=True),
            ports.ALARMS.input(),
            ports.SAFETY.input(depth=100),
            ports.DRIVE_STATES.input(depth=200),
            ports.COMMAND_RESULT.input(wakes=True),
            *calls_in,
        )
        self.outputs: tuple[Output, ...] = (ports.COMMAND.output(), *calls_out)
        self.phase = RunPhase.WAITING
        self.text = ""
        self.record = RunRecord()
        self.state: CellState | None = None
        self.alarms: tuple[str, ...] = ()
        self._asked_at_s = -inf
        self._asked_id = ""
        self._asked_state_seq = 0
        self._count = 0
        self._heard_at_s = inf
        self._producing = False

    @property
    def is_over(self) -> bool:
        return self.phase in (RunPhase.DONE, RunPhase.FAILED)

    def summary(self) -> Summary:
        """What came of it; valid at any time."""
        return self.record.summary(self._wish.quantity, self.state)

    def step(self, inputs: Inputs, now_s: float) -> Step:
        sent: tuple[Sent, ...] = ()
        for result in inputs.new(ports.COMMAND_RESULT.name, CommandResult):
            self._take_result(result)
        for reply in inputs.new(ports.SUBMIT_ORDER.reply_port, OrderReply):
            self._take_reply(reply, now_s)
        for safety in inputs.new(ports.SAFETY.name, SafetyState):
            self.record.take_safety(safety.phase is SafetyPhase.TRIPPED, safety.first_out)
        for states in inputs.new(ports.DRIVE_STATES.name, DriveStates):
            self.record.take_drives(states)
        for alarms in inputs.new(ports.ALARMS.name, Alarms):
            self.alarms = tuple(a.message for a in alarms.active if a.severity >= Severity.WARNING)
        for state in inputs.new(ports.STATE.name, CellState):
            self.state = state
            self._heard_at_s = min(self._heard_at_s, now_s)
            self.record.take_state(state, now_s)
        if self.state is not None and not self.is_over:
            sent = self._act(self.state, now_s)
        return Step(sent, now_s + PERIOD_S)

    def _act(self, state: CellState, now_s: float) -> tuple[Sent, ...]:
        if not self._producing and now_s - self._heard_at_s > self._start_limit_s:
            why = self.text or state.clear_hindrance or state.stop_reason.text or "it names no reason"
            self._fail(
                f"{self._where(state)}: the cell did not start within {self._start_limit_s:g} s: {why}"
            )
            return ()
        if self.phase is RunPhase.WAITING:
            self.phase = RunPhase.ORDERING
        if self.phase is RunPhase.ORDERING:
            return self._ask_order(now_s)
        if self._producing:
            self._watch(state)
            return ()
        if state.state == State.EXECUTE:
            self._producing, self.phase, self.text = True, RunPhase.PRODUCING, ""
            self.record.begin(now_s)
            return ()
        if state.mode != Mode.PRODUCTION:
            self._fail("the cell is not in mode Production; set it with: cell mode production")
            return ()
        wish = _NEXT.get(State(state.state))
        if wish is None:  # under way
            self.text = ""
            return ()
        command, phase = wish
        if phase is not self.phase:
            self.phase, self.text = phase, ""  # what hindered the former command
        if command is Command.CLEAR and state.clear_hindrance:
            self.text = state.clear_hindrance
            return ()
        return self._ask(command, state, now_s)

    def _where(self, state: CellState) -> str:
        return f"{self.phase.value} ({State(state.state).name.title()})"

    def _watch(self, state: CellState) -> None:
        if state.state == State.COMPLETE:
            self.phase, self.text = RunPhase.DONE, ""
        elif state.state in (State.ABORTED, State.STOPPED):
            reason = state.stop_reason
            self._fail(
                f"the cell is {State(state.state).name.title()}: {reason.source} {reason.text}".rstrip()
            )
        elif state.state in (State.HELD, State.HOLDING, State.SUSPENDED):
            self.text = f"{State(state.state).name.title()}: {state.stop_reason.text}"
        else:
            self.text = ""

    def _ask(self, command: Command, state: CellState, now_s: float) -> tuple[Sent, ...]:
        is_answered = self._asked_state_seq != state.state_seq
        if not is_answered and now_s - self._asked_at_s < ANSWER_LIMIT_S:
            return ()
        self._count += 1
        self._asked_at_s, self._asked_state_seq = now_s, state.state_seq
        self._asked_id = f"{self._wish.order_id}-{self._count}"
        message = CellCommand(self._asked_id, self._wish.operator, int(command), state_seq=state.state_seq)
        return (Sent(ports.COMMAND.name, message),)

    def _ask_order(self, now_s: float) -> tuple[Sent, ...]:
        if now_s - self._asked_at_s < ANSWER_LIMIT_S:
            return ()
        self._count += 1
        self._asked_at_s = now_s
        self._asked_id = f"{self._wish.order_id}-{self._count}"
        wish = self._wish
        request = OrderRequest(self._asked_id, wish.order_id, wish.operator, wish.recipe, wish.quantity)
        return (Sent(ports.SUBMIT_ORDER.request_port, request),)

    def _take_result(self, result: CommandResult) -> None:
        if result.id == self._asked_id and result.code is not ResultCode.ACCEPTED:
            self.text = f"{Command(result.command).name.title()} {result.code.name.lower()}: {result.reason}"

    def _take_reply(self, reply: OrderReply, now_s: float) -> None:
        if self.phase is not RunPhase.ORDERING:
            return
        if reply.is_accepted:
            self.phase, self.text, self._asked_at_s = RunPhase.CLEARING, "", -inf
        elif now_s - self._heard_at_s < ORDER_PATIENCE_S:
            self.text = reply.reason  # asked again: a cell that comes up has not read its journal yet
        else:
            self._fail(f"the order was refused: {reply.reason}")

    def _fail(self, text: str) -> None:
        self.phase, self.text = RunPhase.FAILED, text
