"""Runner: everything about a Unit that is the same in every host.

A host calls `deliver` for each arriving message, `step` when `due_s` has come, and sends what `step`
returns. Queues, sessions, ages, heartbeats, overflow and lateness are kept here, so what is tested on
simulated time is what runs on the machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields, replace
from math import inf
from operator import attrgetter
from typing import Any, TypeVar

from cell_controller.messages import Guard, Heartbeat
from cell_controller.runtime.streams import Stream
from cell_controller.runtime.unit import (
    FaultKind,
    Input,
    InputFault,
    Output,
    Qos,
    Sent,
    Unit,
    next_guard,
)

M = TypeVar("M")
HEARTBEAT_PERIOD_S = 0.1  # a twentieth of the supervisor's limit of 2 s
HEARTBEAT_PORT = "heartbeat"
MOST_FAULTS = 64  # entries for sources without an age limit, whose names a sender chooses


class _Inbox:
    """The Inputs of one Unit; `begin` opens a step."""

    def __init__(self, inputs: tuple[Input, ...], session: int) -> None:
        self.session = session
        self.declared = {i.port: i for i in inputs}
        self._queues: dict[str, deque[object]] = {i.port: deque() for i in inputs}
        self.streams: dict[tuple[str, str], Stream] = {}
        self._limits_s = {(i.port, s): limit for i in inputs for s, limit in (i.max_age_s or {}).items()}
        for key in self._limits_s:
            self.streams[key] = Stream()
        self._watched = tuple((*key, limit, self.streams[key]) for key, limit in self._limits_s.items())
        self._pending: dict[tuple[FaultKind, str, str], InputFault] = {}
        self._new: dict[str, tuple[object, ...]] = {}
        self._faults: tuple[InputFault, ...] = ()
        self._now_s = 0.0

    def put(self, port: str, message: object, at_s: float) -> bool:
        declared = self.declared[port]
        if not isinstance(message, declared.type):
            self._note(
                FaultKind.MALFORMED, port, "", f"{type(message).__name__} instead of {declared.type.__name__}"
            )
            return False
        if declared.qos is Qos.GUARDED:
            guard = getattr(message, "guard", None)
            if not isinstance(guard, Guard):
                self._note(FaultKind.MALFORMED, port, "", f"{declared.type.__name__} without a Guard")
                return False
            if declared.sources is not None and guard.source not in declared.sources:
                return False  # of a Unit that this one does not listen to
            if not self._accept(port, guard, message, at_s):
                return False
            if declared.is_for is not None and not declared.is_for(message):
                return False
        queue = self._queues[port]
        if len(queue) >= declared.depth:
            queue.popleft()
            self._note(FaultKind.OVERFLOW, port, "", f"more than {declared.depth} messages between two steps")
        queue.append(message)
        return declared.wakes

    def _accept(self, port: str, guard: Guard, message: object, at_s: float) -> bool:
        """A silence that ends before the step still counts: its STALE is noted here."""
        stream = self.streams.get((port, guard.source))
        if stream is None:
            stream = self.streams[port, guard.source] = Stream()
        limit = self._limits_s.get((port, guard.source), inf)
        was_silent = stream.session and not stream.is_expired and at_s >= stream.received_at_s + limit
        is_accepted, fault = stream.accept(guard, message, at_s)
        if fault is not None:
            self._note(fault, port, guard.source, f"session {guard.session} seq {guard.seq}")
        if is_accepted:
            is_late = at_s >= stream.received_at_s + limit  # too old itself
            if was_silent or (is_late and not stream.is_expired):
                self._note(FaultKind.STALE, port, guard.source, f"nothing for {limit:.3f} s")
            stream.is_expired = is_late
        return is_accepted

    def _note(self, kind: FaultKind, port: str, source: str, detail: str) -> None:
        """One entry per kind and stream: a flood of garbage neither grows the memory nor hides a fault."""
        first = self._pending.get((kind, port, source))
        if first is not None:
            self._pending[kind, port, source] = replace(first, count=first.count + 1)
        elif not source or (port, source) in self._limits_s or len(self._pending) < MOST_FAULTS:
            self._pending[kind, port, source] = InputFault(kind, port, source, detail)

    @property
    def has_faults(self) -> bool:
        """Something worth a step was noted; a repeated message is only counted."""
        return bool(self._pending) and any(kind is not FaultKind.REORDERED for kind, _, _ in self._pending)

    def note_malformed(self, port: str, detail: str) -> None:
        self._note(FaultKind.MALFORMED, port, "", detail)

    def begin(self, now_s: float, late_by_s: float, limit_s: float) -> None:
        self._now_s = now_s
        if late_by_s > limit_s:
            self._note(
                FaultKind.LATE_STEP, "", "", f"{late_by_s:.3f} s after its deadline, limit {limit_s:.3f} s"
            )
        for port, source, limit, stream in self._watched:
            if not stream.is_expired and now_s >= stream.received_at_s + limit:  # as next_expiry_s rounds
                stream.is_expired = True
                self._note(FaultKind.STALE, port, source, f"nothing for {limit:.3f} s")
        self._new = {}
        for port, queue in self._queues.items():
            if queue:
                self._new[port] = tuple(queue)
                queue.clear()
        self._faults, self._pending = tuple(self._pending.values()), {}

    def next_expiry_s(self) -> float:
        """When the next fresh stream becomes stale; never-heard streams have no expiry of their own."""
        due_s = inf
        for _, _, limit, stream in self._watched:
            if stream.session and not stream.is_expired:
                due_s = min(due_s, stream.received_at_s + limit)
        return due_s

    @property
    def faults(self) -> tuple[InputFault, ...]:
        return self._faults

    def new(self, port: str, kind: type[M]) -> tuple[M, ...]:
        messages = self._new.get(port)
        return tuple(m for m in messages if isinstance(m, kind)) if messages else ()

    def latest(self, port: str, source: str, kind: type[M]) -> M | None:
        stream = self.streams.get((port, source))
        message = stream.message if stream else None
        return message if isinstance(message, kind) else None

    def age_s(self, port: str, source: str) -> float:
        stream = self.streams.get((port, source))
        return stream.age_s(self._now_s) if stream else inf


class Runner:
    """One Unit with its queues; `observe` is called with every step for traces."""

    def __init__(
        self,
        unit: Unit,
        session: int,
        now_s: float,
        observe: Callable[[float, tuple[Sent, ...]], None] | None = None,
        observe_input: Callable[[float, str, object], None] | None = None,
    ) -> None:
        self.unit = unit
        self.session = session
        self.due_s = now_s
        self._inbox = _Inbox(unit.inputs, session)
        self._outputs: dict[str, Output] = {o.port: o for o in unit.outputs}
        self._outputs[HEARTBEAT_PORT] = Output(HEARTBEAT_PORT, Heartbeat)
        self._guarded = {port: _with_guard(o.type) for port, o in self._outputs.items()}
        self._seq: dict[str, int] = {}
        self._heartbeat_due_s = now_s
        self._unit_due_s = now_s
        self._observe, self._observe_input = observe, observe_input
        self.steps = 0

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Declared outputs of the Unit, and its heartbeat."""
        return tuple(self._outputs.values())

    def listens_to(self, port: str) -> bool:
        """It is an input of the Unit."""
        return port in self._inbox.declared

    def deliver(self, port: str, message: object, at_s: float) -> None:
        """Put one message into the inbox; a waking one, or a fault, makes the step due at once."""
        if self._observe_input:
            self._observe_input(at_s, port, message)
        is_due = self._inbox.put(port, message, at_s) or self._inbox.has_faults
        self.due_s = min(self.due_s, at_s if is_due else self._inbox.next_expiry_s())

    def deliver_malformed(self, port: str, detail: str, at_s: float) -> None:
        """Count a message that could not be decoded; the Unit sees it as a fault."""
        if self._observe_input:
            self._observe_input(at_s, port, detail)
        self._inbox.note_malformed(port, detail)
        self.due_s = min(self.due_s, at_s)

    def step(self, now_s: float) -> tuple[Sent, ...]:
        """Step the Unit once and return its messages, guarded ones stamped."""
        self._inbox.begin(now_s, now_s - self._unit_due_s, self.unit.max_lateness_s)
        result = self.unit.step(self._inbox, now_s)
        sent = [self._stamp(s, now_s) for s in result.sent]
        if now_s >= self._heartbeat_due_s:
            sent.append(self._stamp(Sent(HEARTBEAT_PORT, Heartbeat()), now_s))
            self._heartbeat_due_s = now_s + HEARTBEAT_PERIOD_S
        self.steps += 1
        self._unit_due_s = max(result.next_deadline_s, now_s)
        self.due_s = min(self._unit_due_s, self._heartbeat_due_s, self._inbox.next_expiry_s())
        out = tuple(sent)
        if self._observe:
            self._observe(now_s, out)
        return out

    def _stamp(self, sent: Sent, now_s: float) -> Sent:
        output = self._outputs[sent.port]
        message: Any = sent.message
        if type(sent.message) is not output.type:
            raise TypeError(
                f"{self.unit.name} sent {type(message).__name__} on {sent.port}, "
                f"where {output.type.__name__} is declared"
            )
        if output.qos is not Qos.GUARDED or not isinstance(getattr(message, "guard", None), Guard):
            return sent
        seq = self._seq[sent.port] = self._seq.get(sent.port, 0) + 1
        guard = next_guard(self.unit.name, self.session, seq, now_s)
        return Sent(sent.port, self._guarded[sent.port](message, guard))


def _with_guard(kind: type) -> Callable[[Any, Guard], Any]:
    """`replace(message, guard=guard)` of one type; it looks its fields up once, not for every message."""
    names = [f.name for f in fields(kind)]
    others = [n for n in names if n != "guard"]
    if names[-1] != "guard" or len(others) < 2 or not all(f.init for f in fields(kind)):
        return lambda message, guard: replace(message, guard=guard)
    values_of = attrgetter(*others)
    return lambda message, guard: kind(*values_of(message), guard)
