"""Hold-to-run recovery: one station at a time, only while fresh commands keep coming."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import isfinite

from cell_controller.cell.layout import CellLayout
from cell_controller.cell.numbers import Numbers
from cell_controller.cell.view import View
from cell_controller.messages import (
    CommandResult,
    RecoveryAction,
    RecoveryCommand,
    ResultCode,
    TaskKind,
)
from cell_controller.packml import Mode, PackMLMachine, State

RECOVERY_ANSWER = 101
"""CommandResult.command of an answer to a RecoveryCommand, next to SET_MODE's 100."""

HOLD_TO_RUN_S = 0.2
"""Without a fresh command for this long the recovery ends; also the greatest age of an echoed heartbeat."""

_TASK_OF_ACTION = {RecoveryAction.JOG: TaskKind.JOG, RecoveryAction.RECOVER_TOOL: TaskKind.RECOVER_TOOL}
_HEARTBEATS_KEPT = 64  # published every 50 ms at least: 3 s, far more than HOLD_TO_RUN_S needs


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is held down now."""

    task_id: int
    operator: str
    station: str
    action: RecoveryAction
    drive: str
    speed_m_s: float

    @property
    def kind(self) -> TaskKind:
        return _TASK_OF_ACTION[self.action]


class RecoveryDesk:
    """Holds the present recovery and lets it end."""

    def __init__(self, layout: CellLayout, machine: PackMLMachine, numbers: Numbers) -> None:
        self._layout = layout
        self._machine = machine
        self._numbers = numbers
        self._published: deque[tuple[int, float]] = deque(maxlen=_HEARTBEATS_KEPT)
        self._fresh_at_s = 0.0
        self._answered = ("", ResultCode.ACCEPTED, "")
        self.present: Recovery | None = None

    @property
    def is_possible(self) -> bool:
        """Aborted and in mode Manual."""
        return self._machine.state is State.ABORTED and self._machine.mode is Mode.MANUAL

    def published(self, heartbeat: int, now_s: float) -> None:
        """A CellState with this heartbeat has left."""
        self._published.append((heartbeat, now_s))

    def step(self, commands: tuple[RecoveryCommand, ...], view: View) -> tuple[CommandResult, ...]:
        """Take commands, end what is not held any more; an answer when something new is to be said."""
        results = []
        for command in commands:
            code, reason = self._judge(command, view)
            if code is ResultCode.ACCEPTED:
                self._obey(command, view.now_s)
            if (command.id, code, reason) != self._answered:  # ten times a second is not ten answers
                self._answered = (command.id, code, reason)
                results.append(self._result(command, code, reason))
        if self.present is not None and (
            not self.is_possible or view.now_s - self._fresh_at_s >= HOLD_TO_RUN_S
        ):
            self.present = None
        return tuple(results)

    def _judge(self, command: RecoveryCommand, view: View) -> tuple[ResultCode, str]:
        malformed = self._malformed(command)
        if malformed:
            return ResultCode.INVALID, malformed
        if command.action is RecoveryAction.END:
            return ResultCode.ACCEPTED, ""
        if not self.is_possible:
            return ResultCode.ILLEGAL, "recovery is legal in state Aborted and mode Manual only"
        if command.state_seq != self._machine.state_seq:
            return ResultCode.STALE, f"the present state_seq is {self._machine.state_seq}"
        if not self._is_fresh(command.heartbeat, view.now_s):
            return ResultCode.STALE, f"heartbeat {command.heartbeat} is not of the last {HOLD_TO_RUN_S:g} s"
        reason = self._hindrance(command, view)
        return (ResultCode.REFUSED, reason) if reason else (ResultCode.ACCEPTED, "")

    def _malformed(self, command: RecoveryCommand) -> str:
        if not command.id or not command.operator:
            return "id and operator must be given"
        if command.action not in tuple(RecoveryAction):
            return f"action {command.action} is not known"
        if command.action is RecoveryAction.END:
            return ""
        spec = self._layout.station(command.station)
        if spec is None:
            return f"station {command.station!r} is not known"
        if command.action is RecoveryAction.JOG and command.drive not in spec.drives:
            return f"{command.station} has no drive {command.drive!r}"
        return "" if isfinite(command.speed_m_s) else "the speed is not finite"

    def _is_fresh(self, heartbeat: int, now_s: float) -> bool:
        return any(h == heartbeat and now_s - at_s <= HOLD_TO_RUN_S for h, at_s in self._published)

    def _hindrance(self, command: RecoveryCommand, view: View) -> str:
        if self.present is not None and self.present.station != command.station:
            return f"{self.present.station} is being recovered; one station at a time"
        if self.present is not None and not self._is_held(command):
            return f"let go of {self.present.action.name} {self.present.drive}".rstrip() + " first"
        if command.station not in view.stations:
            return f"{command.station} is not heard"
        if view.safety is None:
            return "the interlock is not heard"
        return "; ".join(
            f"{trip.rule} {trip.subject} is not recoverable: {trip.text}"
            for trip in view.safety.trips
            if trip.is_present and not trip.is_recoverable
        )

    def _is_held(self, command: RecoveryCommand) -> bool:
        """The same action on the same drive goes on; its speed may change."""
        held = self.present
        return held is not None and (held.action, held.drive) == (command.action, command.drive)

    def _obey(self, command: RecoveryCommand, now_s: float) -> None:
        if command.action is RecoveryAction.END:
            self.present = None
            return
        self._fresh_at_s = now_s
        self.present = Recovery(
            self.present.task_id if self.present is not None else self._numbers.next(),
            command.operator,
            command.station,
            command.action,
            command.drive,
            command.speed_m_s if command.action is RecoveryAction.JOG else 0.0,
        )

    def _result(self, command: RecoveryCommand, code: ResultCode, reason: str) -> CommandResult:
        legal = tuple(int(c) for c in self._machine.legal_commands())
        return CommandResult(
            command.id,
            command.operator,
            RECOVERY_ANSWER,
            code,
            reason,
            (*legal, RECOVERY_ANSWER) if self.is_possible else legal,
            self._machine.state_seq,
        )
