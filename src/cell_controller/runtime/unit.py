"""What a Unit is: a pure step machine with declared inputs and outputs.

A Unit never reads a clock, sleeps, starts a thread or does I/O. Its host calls `step(inputs, now_s)` at
the deadline that the last step asked for, and earlier when an input marked `wakes` arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol, TypeVar

from cell_controller.messages import Guard, Outcome

M = TypeVar("M")
Message = object  # what a port carries: a frozen dataclass of messages/


class Qos(IntEnum):
    """How a port travels between processes."""

    GUARDED = 0  # best effort, volatile, depth 10, drained each step
    LATCHED = 1  # reliable, transient local, depth 1
    REQUEST = 2  # reliable, volatile, depth 10
    LOCAL = 3  # between a Unit and its own host: serial bytes, journal, signals


@dataclass(frozen=True, slots=True)
class Input:
    """One declared input. Guarded streams are kept apart by the source named in their Guard."""

    port: str
    type: type
    qos: Qos = Qos.GUARDED
    wakes: bool = False
    depth: int = 10  # messages kept between two steps; more is an overflow fault
    sources: tuple[str, ...] | None = None  # guarded: accepted sources; None accepts any
    max_age_s: Mapping[str, float] | None = None  # guarded: per source; the Unit is stepped when one expires
    # guarded: what is for another Unit counts for session, sequence and age, but is not kept and wakes nobody
    is_for: Callable[[Any], bool] | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One declared output."""

    port: str
    type: type
    qos: Qos = Qos.GUARDED


@dataclass(frozen=True, slots=True)
class Service:
    """A request and its reply, matched by `request_id`.

    A serving Unit declares `request_port` as input and `reply_port` as output, a calling Unit the other
    way round; a host turns them into a service server or a service client.
    """

    name: str
    request: type
    reply: type

    @property
    def request_port(self) -> str:
        return f"{self.name}_request"

    @property
    def reply_port(self) -> str:
        return f"{self.name}_reply"


@dataclass(frozen=True, slots=True)
class Action:
    """A goal, its feedback and its result, matched by `goal_id`; a cancel may come at any time.

    A serving Unit takes every goal and answers each with one result, a refusal too: a host accepts what fits
    into the Unit's inbox, and the reason reaches the client in words.
    """

    name: str
    goal: type
    band: int  # of its result codes

    @property
    def goal_port(self) -> str:
        return f"{self.name}_goal"

    @property
    def cancel_port(self) -> str:
        return f"{self.name}_cancel"

    @property
    def feedback_port(self) -> str:
        return f"{self.name}_feedback"

    @property
    def result_port(self) -> str:
        return f"{self.name}_result"

    @property
    def ports(self) -> tuple[str, ...]:
        return (self.goal_port, self.cancel_port, self.feedback_port, self.result_port)

    def code(self, outcome: Outcome) -> int:
        """The number of an outcome on the wire."""
        return self.band + outcome if outcome is not Outcome.NONE else 0


class FaultKind(IntEnum):
    """What the runtime noticed about the inputs of a Unit."""

    STALE = 0  # a stream became older than its max_age_s (reported once per expiry)
    NEW_SESSION = 1  # a known source came back with another session
    SECOND_SESSION = 2  # a message of a retired session was discarded
    OVERFLOW = 3  # more messages than the depth; the oldest were dropped
    REORDERED = 4  # a repeated or reordered message was discarded
    MALFORMED = 5  # a message that could not be decoded or carries no usable Guard was discarded
    LATE_STEP = 6  # this step comes later than the Unit's limit


@dataclass(frozen=True, slots=True)
class InputFault:
    """What happened at least once since the last step; `source` is "" where it is not about a stream."""

    kind: FaultKind
    port: str
    source: str = ""
    detail: str = ""  # of the first
    count: int = 1


class Inputs(Protocol):
    """What a step sees: what is new since the last step, the newest of each stream, and ages."""

    @property
    def session(self) -> int:
        """The Unit's own session, which an Echo of its messages must name."""

    @property
    def faults(self) -> tuple[InputFault, ...]: ...

    def new(self, port: str, kind: type[M]) -> tuple[M, ...]:
        """Messages that arrived since the last step, oldest first."""

    def latest(self, port: str, source: str, kind: type[M]) -> M | None:
        """The newest accepted message of a guarded stream, None before the first."""

    def age_s(self, port: str, source: str) -> float:
        """Receiver's age of the newest accepted message of a stream; inf before the first."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One outgoing message; the runtime stamps the Guard of guarded ones."""

    port: str
    message: Message


@dataclass(frozen=True, slots=True)
class Step:
    """What a step returns: messages to send and the time of the next step at the latest."""

    sent: tuple[Sent, ...]
    next_deadline_s: float


class Unit(Protocol):
    """A pure step machine."""

    @property
    def name(self) -> str:
        """Source name of its guarded messages, unique in the cell."""

    @property
    def inputs(self) -> tuple[Input, ...]: ...

    @property
    def outputs(self) -> tuple[Output, ...]: ...

    @property
    def services(self) -> tuple[Service, ...]:
        """Services that the Unit answers."""

    @property
    def clients(self) -> tuple[Service, ...]:
        """Services that the Unit calls."""

    @property
    def max_lateness_s(self) -> float:
        """A step later than this after its deadline is reported as LATE_STEP."""

    def step(self, inputs: Inputs, now_s: float) -> Step: ...


def actions_of(unit: Unit) -> tuple[Action, ...]:
    """What a Unit has as `actions`, if it serves any; most serve none."""
    actions: tuple[Action, ...] = getattr(unit, "actions", ())
    return actions


def next_guard(name: str, session: int, seq: int, now_s: float) -> Guard:
    """The Guard of the seq-th message of a session."""
    return Guard(source=name, session=session, seq=seq, stamp_s=now_s)
