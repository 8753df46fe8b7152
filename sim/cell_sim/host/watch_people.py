"""Invariants 3 and 8: what people have asked for, what they were answered, and what moved without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from cell_controller.config import CELL_MANAGER, INTERLOCK, CellFile
from cell_controller.messages import (
    Allowed,
    CellCommand,
    CellState,
    CommandResult,
    LineCommand,
    RecoveryAction,
    RecoveryCommand,
    ResultCode,
    SafetyPhase,
    SafetyState,
)
from cell_controller.packml import Command, State
from cell_sim.plant.record import PlantEvent

if TYPE_CHECKING:
    from cell_sim.host.simhost import SimHost

Broken = Callable[[float, int, str], None]
ANSWER_S = 0.5  # for an answer to an operator, over the network and through a step of the manager
DETECTION_S = 0.35  # longest age limit of a guarded stream, a step of the interlock, and its message
LET_GO_S = 0.4  # 0.2 s without a fresh message end a hold-to-run; then permit, interlock and bus follow
STOP_TYPES = (Command.STOP, Command.ABORT, Command.HOLD, Command.SUSPEND)
_STEPS = (Command.CLEAR, Command.RESET, Command.START)  # in this order they lead to motion
STOPPING = {"estop pressed": "estop released", "guard opened": "guard closed"}  # by what, until what


@dataclass(slots=True)
class _Asked:
    """A command that waits for its answer."""

    command: CellCommand
    due_s: float
    count: int = 1


class PeopleWatch:
    """Follows every operator from the command to the answer, and the cell from Clear to Start."""

    def __init__(self, cell: CellFile, host: SimHost, broken: Broken) -> None:
        self._cell, self._host, self._broken = cell, host, broken
        self._guarding = frozenset((*cell.lines, *cell.stations, INTERLOCK, CELL_MANAGER))
        self._commands: dict[str, CellCommand] = {}
        self._waiting: dict[str, _Asked] = {}
        self._answers: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self.steps_done = 0  # of Clear, Reset, Start since the last trip
        self._phase = SafetyPhase.TRIPPED
        self._session = 0
        self._still_by_s = inf  # something happened that must stop the cell by then
        self._lasting: set[str] = set()  # what a person has pressed or opened, until it is released or closed
        self._held: dict[str, float] = {}  # station: newest message of a hold-to-run button
        self._state, self._state_seq = State.ABORTED, 0
        self._without_legal: list[tuple[float, str, int]] = []  # refusals, until their state is told

    # what people do

    def hear_command(self, now_s: float, source: str, message: CellCommand) -> None:
        self._commands[message.id] = message
        self._asked[message.id] = self._asked.get(message.id, 0) + 1
        waiting = self._waiting.get(message.id)
        if waiting is not None:
            waiting.count += 1
        else:
            self._waiting[message.id] = _Asked(message, now_s + ANSWER_S)

    def hear_recovery(self, now_s: float, source: str, message: RecoveryCommand) -> None:
        if message.action is not RecoveryAction.END:
            self._held[message.station] = now_s

    # what they are answered

    def hear_result(self, now_s: float, source: str, message: CommandResult) -> None:
        asked = self._commands.get(message.id)
        if source != CELL_MANAGER or (asked is None and message.id.startswith("recover-")):
            return
        answers = self._answers[message.id] = self._answers.get(message.id, 0) + 1
        if asked is None or answers > self._asked[message.id]:
            times = self._asked.get(message.id, 0)
            self._broken(now_s, 8, f"command {message.id}: {answers} answers to {times}")
            return
        waiting = self._waiting.get(message.id)
        if waiting is not None:
            waiting.count -= 1
            if not waiting.count:
                del self._waiting[message.id]
        self._judge(now_s, asked, message)
        if message.code is ResultCode.ACCEPTED:
            self._step(now_s, asked)

    def _judge(self, now_s: float, asked: CellCommand, result: CommandResult) -> None:
        name = f"command {asked.id} ({asked.command})"
        if result.code is ResultCode.STALE and asked.command in STOP_TYPES:
            self._broken(now_s, 8, f"{name} was refused as stale")
        if result.code is not ResultCode.ACCEPTED and not result.reason:
            self._broken(now_s, 8, f"{name} was refused without a reason")
        may_be_empty = result.code in (ResultCode.ACCEPTED, ResultCode.INVALID)
        if not result.legal_commands and not may_be_empty:
            self._without_legal.append((now_s, name, result.state_seq))

    def _judge_empty(self, message: CellState) -> None:
        """Only in Aborting nothing is legal; an answer may come before the news of that state."""
        told = {self._state_seq: self._state, message.state_seq: State(message.state)}
        for at_s, name, seq in self._without_legal:
            if told.get(seq, State.ABORTING) is not State.ABORTING:
                self._broken(at_s, 8, f"{name} was refused without the commands that are legal")
        self._without_legal.clear()

    def _step(self, now_s: float, asked: CellCommand) -> None:
        if asked.command not in _STEPS:
            return
        number = _STEPS.index(Command(asked.command))
        if number == 0:
            self.steps_done = 1
            if not self._lasting:  # a Clear takes no emergency stop and no open guard away
                self._still_by_s = inf
        elif self.steps_done >= number:
            self.steps_done = max(self.steps_done, number + 1)

    # what the cell does

    def hear_safety(self, now_s: float, source: str, message: SafetyState) -> None:
        if source != INTERLOCK:
            return
        is_new = message.guard.session != self._session
        if message.phase is SafetyPhase.TRIPPED and (is_new or self._phase is not SafetyPhase.TRIPPED):
            self.steps_done = 0
        self._phase, self._session = message.phase, message.guard.session

    def hear_line_command(self, now_s: float, source: str, message: LineCommand) -> None:
        if source != INTERLOCK:
            return
        for drive in message.drives:
            if drive.allowed is Allowed.MOTION:
                self._check_motion(now_s, drive.drive)
            elif drive.allowed is Allowed.RECOVERY:
                held_s = self._held.get(self._cell.station_of_drive(drive.drive), -inf)
                if now_s - held_s > LET_GO_S:
                    self._broken(now_s, 3, f"{drive.drive} may move in recovery and nobody holds it to run")

    def _check_motion(self, now_s: float, drive: str) -> None:
        if self.steps_done < len(_STEPS):
            missing = _STEPS[self.steps_done].name.title()
            self._broken(now_s, 3, f"{drive} may move without {missing} since the last trip")
        elif now_s > self._still_by_s:
            self._broken(now_s, 3, f"{drive} may move, and no Clear since something has stopped the cell")

    def hear_state(self, now_s: float, source: str, message: CellState) -> None:
        if source == CELL_MANAGER:
            self._judge_empty(message)
            self._state, self._state_seq = State(message.state), message.state_seq
            self.check(now_s)

    def see_event(self, event: PlantEvent) -> None:
        if event.name in STOPPING:
            self._lasting.add(STOPPING[event.name])
            self._still_by_s = min(self._still_by_s, event.at_s + DETECTION_S)
        self._lasting.discard(event.name)

    def note_life(self, now_s: float, name: str, what: str) -> None:
        """A process starts, dies, hangs or goes on."""
        if what == "start" and name in self._guarding:
            self._still_by_s = min(self._still_by_s, now_s + DETECTION_S)
        if name != CELL_MANAGER:
            return
        if what in ("start", "kill"):
            self._waiting.clear()  # a manager that did not live to answer owes none
        elif what == "go on":
            for waiting in self._waiting.values():
                waiting.due_s = max(waiting.due_s, now_s + ANSWER_S)
        elif what == "hang":
            for waiting in self._waiting.values():
                waiting.due_s = inf

    def check(self, now_s: float) -> None:
        """Every command has had its answer in time."""
        for name, waiting in tuple(self._waiting.items()):
            if now_s > waiting.due_s:
                del self._waiting[name]
                at_s = waiting.due_s - ANSWER_S
                answers = self._answers.get(name, 0)
                times = self._asked[name]
                self._broken(now_s, 8, f"command {name} of t={at_s:.3f} s: {answers} answers to {times}")
