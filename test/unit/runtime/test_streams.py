"""One stream by itself, and the stamp that a message gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, nan

import pytest

from cell_controller.messages import Guard, Heartbeat, Order
from cell_controller.runtime import (
    FaultKind,
)
from cell_controller.runtime.runner import _with_guard
from cell_controller.runtime.streams import Stream

NO_GUARD = Guard()


@dataclass(frozen=True)
class First:
    guard: Guard = NO_GUARD
    value: int = 0
    more: int = 0


@dataclass(frozen=True)
class Short:
    value: int = 0
    guard: Guard = NO_GUARD


@dataclass(frozen=True)
class Derived:
    value: int = 0
    more: int = 0
    twice: int = field(init=False, default=4)
    guard: Guard = NO_GUARD


@pytest.mark.parametrize(
    "message", [First(value=3, more=4), Short(3), Heartbeat(), Derived(3, 4), Order("x", task_id=3)]
)
def test_a_message_of_any_shape_keeps_all_but_its_guard(
    message: First | Short | Heartbeat | Derived | Order,
) -> None:
    guard = Guard("unit", 7, 9, 1.0)
    kept = {name: getattr(message, name) for name in message.__dataclass_fields__ if name != "guard"}
    stamped = _with_guard(type(message))(message, guard)
    assert type(stamped) is type(message)
    assert stamped.guard is guard
    assert {name: getattr(stamped, name) for name in kept} == kept


def test_a_stream_starts_without_a_session_and_infinitely_old() -> None:
    stream = Stream()
    assert (stream.session, stream.seq, stream.message, stream.is_expired) == (0, 0, None, False)
    assert stream.age_s(5.0) == inf


@pytest.mark.parametrize(
    ("guard", "fault"),
    [
        (Guard("a", 5, 1, 0.0), None),
        (Guard("a", 5, 2, 0.0), None),
        (Guard("a", 0, 2, 0.0), FaultKind.MALFORMED),
        (Guard("a", 5, 0, 0.0), FaultKind.MALFORMED),
        (Guard("a", 5, 2, nan), FaultKind.MALFORMED),
        (Guard("a", 1, 2, 0.0), None),
    ],
)
def test_a_first_message_is_taken_when_its_guard_is_usable(guard: Guard, fault: FaultKind | None) -> None:
    stream = Stream()
    stream.is_expired = True
    is_usable = fault is None
    assert stream.accept(guard, "first", 3.0) == (is_usable, fault)
    assert stream.discarded == (0 if is_usable else 1)
    assert stream.message == ("first" if is_usable else None)
    assert stream.is_expired is not is_usable
    assert stream.age_s(5.0) == (2.0 if is_usable else inf)


def test_messages_that_cannot_be_used_are_counted() -> None:
    stream = Stream()
    for _ in range(3):
        stream.accept(Guard("a", 0, 1, 0.0), "first", 3.0)
    assert stream.discarded == 3


def test_discarded_messages_are_counted_and_sessions_that_ended_stay_so() -> None:
    stream = Stream()
    taken = [
        stream.accept(Guard("a", session, seq, 0.0), seq, 1.0)
        for session, seq in ((5, 3), (5, 3), (5, 2), (6, 1), (5, 9), (6, 1), (6, 2), (7, 1), (6, 9), (5, 9))
    ]
    assert taken == [
        (True, None),
        (False, FaultKind.REORDERED),
        (False, FaultKind.REORDERED),
        (True, FaultKind.NEW_SESSION),
        (False, FaultKind.SECOND_SESSION),
        (False, FaultKind.REORDERED),
        (True, None),
        (True, FaultKind.NEW_SESSION),
        (False, FaultKind.SECOND_SESSION),
        (False, FaultKind.SECOND_SESSION),
    ]
    assert stream.discarded == 6
    assert (stream.session, stream.seq, stream.retired) == (7, 1, {5, 6})
