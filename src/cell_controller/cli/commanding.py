"""One command to the cell and its answer in words."""

from __future__ import annotations

from cell_controller.cell.recovery import RECOVERY_ANSWER
from cell_controller.cli.errors import RejectedError
from cell_controller.cli.link import connected
from cell_controller.cli.views import name_of
from cell_controller.messages import SET_MODE, CellState, CommandResult, ResultCode
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.packml import ACTING_STATES, Command, Mode, State

ANSWER_S = 5.0
FOLLOWS_S = 1.0  # the state after an answer comes within 0.1 s; some commands change none


def give(namespace: str, operator: str, command: Command, *, hold_now: bool, waits_s: float) -> str:
    """What came of a command; RejectedError with the reason when it was not accepted."""
    with connected(namespace, within_s=ANSWER_S, operator=operator) as client:
        before = client.wait_for_state(ANSWER_S)
        result = client.command(command, hold_now=hold_now, state_seq=before.state_seq, timeout_s=ANSWER_S)
        refuse_unless_accepted(command_name(command), result)
        if waits_s <= 0.0:
            return f"{command_name(command)}: accepted"
        after = _wait_for_arrival(client, before, waits_s)
        return f"{command_name(command)}: accepted, the cell is {name_of(after.state, State)}"


def change_mode(namespace: str, operator: str, mode: Mode) -> str:
    """What came of a change of mode; RejectedError when it was not accepted."""
    with connected(namespace, within_s=ANSWER_S, operator=operator) as client:
        result = client.command(SET_MODE, mode=mode, timeout_s=ANSWER_S)
        if result.code is not ResultCode.ACCEPTED:
            state = client.wait_for_state(ANSWER_S)
            legal = ", ".join(name_of(m, Mode).lower() for m in state.legal_modes) or "none"
            raise RejectedError(f"{answer(f'Mode {name_of(mode, Mode)}', result)}; legal modes now: {legal}")
        return f"mode: {name_of(mode, Mode)}"


def command_name(number: int) -> str:
    """PackML's name, and those of the two numbers that PackML has not."""
    return {SET_MODE: "Mode", RECOVERY_ANSWER: "Recover"}.get(number) or name_of(number, Command)


def answer(what: str, result: CommandResult) -> str:
    """`Start illegal: reason`."""
    return f"{what} {result.code.name.lower()}: {result.reason or 'no reason given'}"


def refuse_unless_accepted(what: str, result: CommandResult) -> None:
    """RejectedError with the reason and the legal commands."""
    if result.code is not ResultCode.ACCEPTED:
        legal = ", ".join(command_name(c).lower() for c in result.legal_commands) or "none"
        raise RejectedError(f"{answer(what, result)}; legal now: {legal}")


def _wait_for_arrival(client: OperatorClient, before: CellState, waits_s: float) -> CellState:
    """The first state after the acting states that a command leads through."""

    def newest() -> CellState:
        state = client.state
        return before if state is None else state

    try:
        client.wait_until(lambda: newest().state_seq != before.state_seq, FOLLOWS_S, "a new state")
    except NoAnswerError:
        return newest()
    client.wait_until(lambda: newest().state not in ACTING_STATES, waits_s, "the end of the acting state")
    return newest()
