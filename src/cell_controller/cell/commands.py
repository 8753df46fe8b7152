"""Answers to operators: every command gets exactly one, and a refused one changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cell_controller.cell.alarms import AlarmId
from cell_controller.messages import SET_MODE, CellCommand, CommandResult, ResultCode
from cell_controller.packml import (
    MODES,
    STOP_TYPE,
    Cause,
    Command,
    IllegalModeChangeError,
    Mode,
    PackMLMachine,
    destination,
)

REMEMBERED_IDS = 1000
"""Ids kept to recognise a repetition. A start-type command older than these is stale anyway."""

MAX_ID_LENGTH = 128
"""Longer ids and operator names are malformed: what is remembered must be bounded."""

Hindrance = Callable[[Command], str]
"""Why a legal command is refused now, "" when it is not."""


def stop_types_first(commands: Iterable[CellCommand]) -> tuple[CellCommand, ...]:
    """The order of one step: Abort, Stop, Hold, Suspend, then the rest as they came."""
    ranks = {int(command): rank for rank, command in enumerate(STOP_TYPE)}
    return tuple(sorted(commands, key=lambda c: ranks.get(c.command, len(ranks))))


class CommandDesk:
    """Judges commands against the machine and carries out those that stand."""

    def __init__(self, machine: PackMLMachine) -> None:
        self._machine = machine
        self._seen: dict[str, None] = {}

    def answer(self, command: CellCommand, hindrance: Hindrance, now_s: float) -> CommandResult:
        """Carry the command out, or say why not; exactly one answer either way."""
        code, reason = self._judge(command, hindrance)
        if code is ResultCode.ACCEPTED:
            code, reason = self._carry_out(command, now_s)
        self._remember(command.id)
        return CommandResult(
            id=command.id,
            operator=command.operator,
            command=command.command,
            code=code,
            reason=reason,
            legal_commands=self.legal_commands(),
            state_seq=self._machine.state_seq,
        )

    def legal_commands(self) -> tuple[int, ...]:
        """PackML commands that are legal now, and SET_MODE when some mode could be set."""
        commands = tuple(int(command) for command in self._machine.legal_commands())
        return (*commands, SET_MODE) if self._machine.legal_modes() else commands

    def _judge(self, command: CellCommand, hindrance: Hindrance) -> tuple[ResultCode, str]:
        machine = self._machine
        malformed = _malformed(command)
        if malformed:
            return ResultCode.INVALID, malformed
        is_set_mode = command.command == SET_MODE
        wanted = None if is_set_mode else Command(command.command)
        is_stop = wanted in STOP_TYPE
        is_legal = wanted is None or destination(machine.state, wanted, machine.mode) is not None
        # A repeated stop that is legal now stops: whoever sends it twice does not want the cell to go on.
        if command.id in self._seen and not (is_stop and is_legal):
            return ResultCode.REPEATED, f"id {command.id!r} has been answered before"
        if not is_stop and command.state_seq != machine.state_seq:
            return ResultCode.STALE, _stale(command.state_seq, machine.state_seq)
        if wanted is None:
            return ResultCode.ACCEPTED, ""
        if not is_legal:
            return (
                ResultCode.ILLEGAL,
                f"{wanted.name.title()} is not legal in {machine.state.name.title()} "
                f"(mode {machine.mode.name.title()})",
            )
        reason = "" if is_stop else hindrance(wanted)
        return (ResultCode.REFUSED, reason) if reason else (ResultCode.ACCEPTED, "")

    def _carry_out(self, command: CellCommand, now_s: float) -> tuple[ResultCode, str]:
        if command.command == SET_MODE:
            try:
                self._machine.set_mode(Mode(command.mode), now_s)
            except IllegalModeChangeError as error:
                return ResultCode.ILLEGAL, str(error)
            return ResultCode.ACCEPTED, ""
        wanted = Command(command.command)
        text = f"{wanted.name.title()} by {command.operator}"
        self._machine.command(wanted, now_s, Cause(int(AlarmId.OPERATOR), command.operator, text))
        return ResultCode.ACCEPTED, ""

    def _remember(self, command_id: str) -> None:
        if not command_id or len(command_id) > MAX_ID_LENGTH:
            return
        self._seen[command_id] = None
        while len(self._seen) > REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]


def _malformed(command: CellCommand) -> str:
    if not command.id:
        return "the command has no id"
    if not command.operator:
        return "the operator is not named"
    if len(command.id) > MAX_ID_LENGTH or len(command.operator) > MAX_ID_LENGTH:
        return f"id and operator have at most {MAX_ID_LENGTH} characters"
    if command.command == SET_MODE:
        modes = ", ".join(f"{int(mode)} {mode.name.title()}" for mode in MODES)
        return "" if command.mode in MODES else f"mode {command.mode} is not one of {modes}"
    if command.command not in tuple(Command):
        return f"command {command.command} is not known"
    return ""


def _stale(given: int, present: int) -> str:
    if given == 0:
        return f"it carries no state_seq; the present one is {present}"
    return f"decided on state_seq {given}, the present one is {present}"
