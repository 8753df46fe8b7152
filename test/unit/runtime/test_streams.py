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
from cell_controller.runtime.streams import DRIFT, Stream

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
    is_usable = fault is None
    assert stream.accept(guard, "first", 3.0) == (is_usable, fault)
    assert stream.discarded == (0 if is_usable else 1)
    assert stream.message == ("first" if is_usable else None)
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


def heard(*messages: tuple[int, float, float]) -> list[float]:
    """How old each message is when it arrives: its session, its sender's clock, the receiver's."""
    stream = Stream()
    ages_s = []
    for seq, (session, stamp_s, at_s) in enumerate(messages, 1):
        assert stream.accept(Guard("a", session, seq, stamp_s), seq, at_s)[0]
        ages_s.append(stream.age_s(at_s))
    return ages_s


def test_a_message_is_as_old_as_it_was_slower_than_the_fastest_of_its_session() -> None:
    assert heard((5, 100.0, 3.0), (5, 100.5, 3.5), (5, 100.75, 4.75)) == pytest.approx(
        [0.0, 0.0, 1.0 - DRIFT * 1.25]
    )
    assert heard((5, 100.0, 4.0), (5, 102.0, 5.0), (5, 103.0, 6.25)) == pytest.approx(
        [0.0, 0.0, 0.25 - DRIFT * 1.25]
    )


def test_a_new_session_has_a_clock_of_its_own() -> None:
    assert heard((5, 100.0, 3.0), (6, 7.0, 4.0), (6, 7.5, 5.0)) == pytest.approx([0.0, 0.0, 0.5 - DRIFT])


def test_clocks_may_drift_by_so_much_and_no_more() -> None:
    assert heard((5, 0.0, 0.0), (5, 1000.0, 1000.1)) == pytest.approx([0.0, 0.0], abs=1e-4)
    assert heard((5, 0.0, 0.0), (5, 1000.0, 1000.2))[1] == pytest.approx(0.1, abs=1e-4)
