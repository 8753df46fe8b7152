"""Values that go into and come out of the PackML machine."""

from dataclasses import dataclass

from cell_controller.packml.commands import Command
from cell_controller.packml.errors import CommandRefusedError
from cell_controller.packml.limits import Overdue
from cell_controller.packml.modes import Mode
from cell_controller.packml.states import State


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a command was given: the event's number, who or what it came from, and its text."""

    id: int = 0
    source: str = ""
    text: str = ""


OVERDUE_CAUSE_SOURCE = "packml"
"""Source named in the cause when a maximum time ran out; its id is the number of the overdue state."""


@dataclass(frozen=True, slots=True)
class StopReason:
    """The first event of the present stop and the command it was captured on; None: present at start-up."""

    cause: Cause
    command: Command | None
    at_s: float


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history; a mode change and state complete have no command."""

    at_s: float
    state_seq: int
    state_before: State
    state: State
    mode_before: Mode
    mode: Mode
    command: Command | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A command asked for in this cycle."""

    command: Command
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request; `refusal` is None when it was carried out."""

    request: Request
    refusal: CommandRefusedError | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the request was carried out."""
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did: answers in the order of the requests, the state that completed, a verdict."""

    answers: tuple[Answer, ...] = ()
    completed: State | None = None
    overdue: Overdue | None = None
