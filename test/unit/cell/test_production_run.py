"""The operator of a production run, against hand-made states and answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from cell_controller.cell.production_run import ORDER_PATIENCE_S, START_LIMIT_S, ProductionRun, RunPhase, Wish
from cell_controller.messages import CellCommand, CellState, OrderReply, OrderRequest, StopReason
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Runner, ports


@dataclass
class Desk:
    """Delivers states, answers orders, and keeps the commands that were sent."""

    refusal: str = ""
    run: ProductionRun = field(default_factory=lambda: ProductionRun(Wish("order-1", "bracket", 1)))
    now_s: float = 0.0
    commands: list[CellCommand] = field(default_factory=list)
    orders: int = 0

    def __post_init__(self) -> None:
        self.runner = Runner(self.run, session=1, now_s=0.0)

    def show(self, state: State, seq: int, *, seconds: float = 1.0, **tags: object) -> None:
        """Publish a state every 0.1 s and let the operator act."""
        for _ in range(round(seconds / 0.1)):
            message = CellState(int(state), int(state), False, int(Mode.PRODUCTION), seq, 0, **tags)  # type: ignore[arg-type]
            self.runner.deliver(ports.STATE.name, message, self.now_s)
            for sent in self.runner.step(self.now_s):
                if isinstance(sent.message, CellCommand):
                    self.commands.append(sent.message)
                elif isinstance(sent.message, OrderRequest):
                    self.orders += 1
                    reply = OrderReply(sent.message.request_id, not self.refusal, self.refusal)
                    self.runner.deliver(ports.SUBMIT_ORDER.reply_port, reply, self.now_s)
            self.now_s += 0.1


def test_the_operator_orders_clears_resets_starts_and_ends_with_complete() -> None:
    desk = Desk()
    for seq, state in enumerate((State.ABORTED, State.STOPPED, State.IDLE, State.EXECUTE), 1):
        desk.show(state, seq)
    assert [c.command for c in desk.commands] == [Command.CLEAR, Command.RESET, Command.START]
    assert [c.state_seq for c in desk.commands] == [1, 2, 3]
    assert desk.run.phase is RunPhase.PRODUCING
    desk.show(State.COMPLETE, 5, parts_good=1)
    assert desk.run.phase is RunPhase.DONE
    assert desk.run.summary().is_success


def test_clear_waits_until_nothing_is_in_its_way() -> None:
    desk = Desk()
    desk.show(State.ABORTED, 1, clear_hindrance="tool in the material: robot")
    assert desk.commands == []
    assert desk.run.text == "tool in the material: robot"
    desk.show(State.ABORTED, 1)
    assert [c.command for c in desk.commands] == [Command.CLEAR]


def test_an_order_refused_while_the_cell_comes_up_is_asked_again() -> None:
    desk = Desk(refusal="the part journal has not been read")
    desk.show(State.ABORTED, 1, seconds=3.0)
    assert desk.run.phase is RunPhase.ORDERING
    desk.refusal = ""
    desk.show(State.ABORTED, 1, seconds=3.0)
    assert desk.run.phase is RunPhase.CLEARING
    assert desk.orders >= 2


def test_an_order_that_stays_refused_ends_the_run_with_the_reason() -> None:
    desk = Desk(refusal="no recipe of this name")
    desk.show(State.ABORTED, 1, seconds=ORDER_PATIENCE_S + 3.0)
    assert desk.run.phase is RunPhase.FAILED
    assert "no recipe of this name" in desk.run.text
    assert desk.commands == []


def test_a_cell_that_never_gets_ready_ends_the_run_and_says_what_is_in_the_way() -> None:
    desk = Desk()
    desk.show(State.ABORTED, 1, seconds=START_LIMIT_S + 1.0, clear_hindrance="weld_line is being armed")
    assert desk.run.phase is RunPhase.FAILED
    assert "weld_line is being armed" in desk.run.text


def test_a_cell_that_hangs_between_two_states_ends_the_run_and_says_where() -> None:
    desk = Desk()
    desk.show(State.ABORTED, 1, clear_hindrance="weld_line is being armed")
    desk.show(State.CLEARING, 2, seconds=START_LIMIT_S + 1.0, stop_reason=StopReason(1, "interlock", "estop"))
    assert desk.run.phase is RunPhase.FAILED
    assert desk.run.text.startswith("clearing (Clearing): ")
    assert desk.run.text.endswith(": estop")


def test_an_abort_in_production_fails_the_run_with_the_first_cause() -> None:
    desk = Desk()
    for seq, state in enumerate((State.ABORTED, State.STOPPED, State.IDLE, State.EXECUTE), 1):
        desk.show(state, seq)
    desk.show(State.ABORTED, 6, stop_reason=StopReason(1, "interlock", "line_lost weld_line"))
    assert desk.run.phase is RunPhase.FAILED
    assert "line_lost weld_line" in desk.run.text
    assert not desk.run.summary().is_success
