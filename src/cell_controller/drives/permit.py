"""Which LineCommand a bus may obey now: own session echoed, newest epoch, fresh by the bus' own clock."""

from __future__ import annotations

from math import inf, isfinite

from cell_controller.messages import Allowed, LineCommand, LineDrive
from cell_controller.runtime import FaultKind, Inputs
from cell_controller.runtime.ports import LINE_COMMAND

CAP_S = 0.1  # no permit is valid for longer, whatever it says


class PermitBook:
    """Latches the newest epoch and keeps its newest command."""

    def __init__(self, line: str, drives: tuple[str, ...], permit_valid_s: float) -> None:
        self._line, self._drives = line, frozenset(drives)
        self._nothing = {d: LineDrive(d) for d in drives}
        self._valid_s = min(permit_valid_s, CAP_S)
        self.epoch = 0
        self.stopped_epoch = 0  # nothing but stops is obeyed up to this epoch
        self.command: LineCommand | None = None
        self._by_drive = self._nothing
        self.is_stop = False  # the newest command stops; a stop needs no freshness
        self.discarded = 0

    def take(self, commands: tuple[LineCommand, ...], session: int, now_s: float) -> bool:
        """Commands that arrived, oldest first; True when one of this line was accepted."""
        is_new = False
        for command in commands:
            if command.line != self._line:
                continue
            if not self._is_sound(command, session, now_s) or command.epoch < self.epoch:
                self.discarded += 1
                continue
            self.epoch = command.epoch
            self.command = command
            self._by_drive = {d.drive: d for d in command.drives}
            self.is_stop = any(d.allowed is Allowed.STOP_PROGRAM for d in command.drives)
            is_new = True
        return is_new

    def _is_sound(self, command: LineCommand, session: int, now_s: float) -> bool:
        """Meant for this start of this bus, and complete."""
        names = [d.drive for d in command.drives]
        return (
            command.echo.session == session
            and command.epoch > 0
            and isfinite(command.valid_for_s)
            and command.echo.stamp_s <= now_s
            and len(names) == len(self._drives)
            and self._drives == set(names)
        )

    @property
    def expires_at_s(self) -> float:
        """When the newest command ceases to be a permit."""
        if self.command is None:
            return -inf
        return self.command.echo.stamp_s + min(self.command.valid_for_s, self._valid_s)

    def is_fresh(self, now_s: float) -> bool:
        return now_s < self.expires_at_s

    def may_obey(self, now_s: float) -> bool:
        """The newest command is a permit of an epoch in which the bus has not stopped."""
        return not self.is_stop and self.epoch > self.stopped_epoch and self.is_fresh(now_s)

    def of(self, drive: str) -> LineDrive:
        """The newest command's part for one drive."""
        return self._by_drive[drive]

    def close(self) -> None:
        """The bus has stopped: this epoch is over for it."""
        self.stopped_epoch = self.epoch


def own_fault(inputs: Inputs) -> str:
    """What the runtime noticed that ends a permit."""
    for fault in inputs.faults:
        if fault.kind is FaultKind.LATE_STEP:
            return f"late step: {fault.detail}"
        is_session = fault.kind in (FaultKind.NEW_SESSION, FaultKind.SECOND_SESSION)
        if is_session and fault.port == LINE_COMMAND.name:
            return "the interlock was restarted or runs twice"
    return ""
