"""Refusals and misuse of the PackML room; an error carries what was asked and what is legal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cell_controller.errors import CellError

if TYPE_CHECKING:
    from cell_controller.packml.commands import Command
    from cell_controller.packml.modes import Mode
    from cell_controller.packml.states import State


class PackMLError(CellError):
    """Any refusal or misuse of the PackML room."""


class CommandRefusedError(PackMLError):
    """A command that was not carried out; nothing has changed because of it."""

    def __init__(
        self, reason: str, command: Command, state: State, mode: Mode, legal: tuple[Command, ...]
    ) -> None:
        self.reason = reason
        self.command = command
        self.state = state
        self.mode = mode
        self.legal_commands = legal
        names = ", ".join(item.name for item in legal) or "none"
        super().__init__(f"{command.name} {reason} in {state.name} ({mode.name}); legal now: {names}")


class IllegalCommandError(CommandRefusedError):
    """The command is not legal in the present state and mode."""

    def __init__(self, command: Command, state: State, mode: Mode, legal: tuple[Command, ...]) -> None:
        super().__init__("is not legal", command, state, mode, legal)


class SupersededCommandError(CommandRefusedError):
    """Another command of the same cycle had priority."""

    def __init__(
        self, by: Command, command: Command, state: State, mode: Mode, legal: tuple[Command, ...]
    ) -> None:
        self.superseded_by = by
        super().__init__(f"was superseded by {by.name}", command, state, mode, legal)


class IllegalModeChangeError(PackMLError):
    """The mode cannot change to the requested one now; nothing has changed."""

    def __init__(self, requested: Mode, mode: Mode, state: State, legal_modes: tuple[Mode, ...]) -> None:
        self.requested = requested
        self.mode = mode
        self.state = state
        self.legal_modes = legal_modes
        names = ", ".join(item.name for item in legal_modes) or "none"
        super().__init__(
            f"mode cannot change from {mode.name} to {requested.name} in {state.name}; legal now: {names}"
        )


class ModeMaskError(PackMLError):
    """A mode's mask of disabled states contradicts the model."""

    def __init__(self, state: State, reason: str) -> None:
        self.state = state
        super().__init__(f"{state.name} {reason}")


class MachineSetupError(PackMLError):
    """The machine was given a start value it cannot have."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        self.name = name
        self.value = value
        super().__init__(f"{name} = {value!r}: {reason}")


class ModelMismatchError(PackMLError):
    """Table and state machine disagree: a defect of this program."""

    def __init__(self, state: State, event: str, expected: State) -> None:
        self.state = state
        self.event = event
        self.expected = expected
        super().__init__(f"{event} left the machine in {state.name}, the table says {expected.name}")


class CountError(PackMLError):
    """A product count or an OEE input that cannot be."""

    def __init__(self, name: str, value: float, reason: str) -> None:
        self.name = name
        self.value = value
        super().__init__(f"{name} = {value}: {reason}")
