"""The latch keeps the first cause and the order; a reset edge is new, and knows of every trip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import CellPermit, Echo, Guard
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.latch import Latch, ResetEdge

ESTOP = Finding(RuleName.ESTOP, "estop_ok", "is pressed")
FORCE = Finding(RuleName.FORCE, "weld_z", "is too high", 13001.0, 13000.0, "N")
EVENT = Finding(RuleName.SESSION, "robot", "restarted", is_event=True)


def latch_at_ok() -> Latch:
    latch = Latch()
    latch.start(1.0)
    latch.reset()
    return latch


def test_it_starts_tripped_by_its_own_start() -> None:
    latch = Latch()
    assert latch.is_tripped
    assert (latch.trips, latch.first_out, latch.newest_at_s) == ((), "", 0.0)
    latch.start(1.0)
    assert latch.is_tripped
    (trip,) = latch.trips
    assert (trip.rule, trip.subject, trip.text, trip.at_s) == ("startup", "interlock", "started", 1.0)
    assert (trip.is_present, trip.is_recoverable) == (False, True)
    assert latch.first_out == "startup interlock: started"


def test_a_trip_says_what_was_found() -> None:
    latch = latch_at_ok()
    assert (latch.is_tripped, latch.trips) == (False, ())
    latch.trip(FORCE, 2.0, is_recoverable=True)
    (trip,) = latch.trips
    assert latch.is_tripped
    assert (trip.rule, trip.subject, trip.text) == ("force", "weld_z", "is too high")
    assert (trip.value, trip.limit, trip.unit, trip.at_s) == (13001.0, 13000.0, "N", 2.0)
    assert (trip.is_present, trip.is_recoverable) == (True, True)


def test_the_first_of_a_rule_and_subject_is_kept_and_others_follow_in_order() -> None:
    latch = latch_at_ok()
    latch.trip(FORCE, 2.0, is_recoverable=True)
    latch.trip(EVENT, 3.0, is_recoverable=False)
    latch.trip(replace(FORCE, text="is far too high"), 4.0, is_recoverable=False)
    assert [(t.text, t.at_s, t.is_present) for t in latch.trips] == [
        ("is too high", 2.0, True),
        ("restarted", 3.0, False),
    ]
    assert latch.newest_at_s == 4.0, "a reset has to know of the repetition"


def test_what_was_latched_before_a_reset_is_not_a_cause_of_the_next_trip() -> None:
    latch = latch_at_ok()
    latch.trip(FORCE, 2.0, is_recoverable=True)
    latch.reset()
    latch.trip(ESTOP, 3.0, is_recoverable=False)
    assert [t.rule for t in latch.trips] == ["estop"]


def test_presence_follows_the_findings() -> None:
    latch = latch_at_ok()
    latch.trip(FORCE, 2.0, is_recoverable=True)
    latch.trip(ESTOP, 2.0, is_recoverable=False)
    latch.refresh({ESTOP.key})
    assert [t.is_present for t in latch.trips] == [False, True]
    latch.refresh({FORCE.key, ESTOP.key})
    assert [t.is_present for t in latch.trips] == [True, True]


def test_a_single_trip_that_is_gone_is_no_longer_present() -> None:
    latch = latch_at_ok()
    latch.trip(FORCE, 2.0, is_recoverable=True)
    latch.refresh(())
    assert [t.is_present for t in latch.trips] == [False]


def test_something_unlisted_makes_older_resets_too_old() -> None:
    latch = latch_at_ok()
    latch.postpone(5.0)
    assert (latch.newest_at_s, latch.is_tripped) == (5.0, False)


def permit(clear_id: int, *, session: int = 70, own_session: int = 99, stamp_s: float = 9.0) -> CellPermit:
    return CellPermit(
        clear_id=clear_id,
        echo=Echo("interlock", own_session, stamp_s),
        guard=Guard("cell_manager", session, 1, 0.0),
    )


def edge_after(first: CellPermit) -> ResetEdge:
    edge = ResetEdge()
    assert not edge.sees(first, own_session=99, tripped_at_s=0.0)
    return edge


@pytest.mark.parametrize(
    ("given", "is_edge"),
    [
        (permit(4), True),
        (permit(3), False),  # the one of before
        (permit(0), False),  # none
        (permit(4, stamp_s=2.0), True),  # just in time
        (permit(4, stamp_s=1.999), False),  # does not know of the trip
        (permit(4, own_session=98), False),  # answers another interlock
        (permit(4, session=71), False),  # the first of another manager
    ],
)
def test_a_reset_edge_is_new_and_knows_of_the_trip(given: CellPermit, is_edge: bool) -> None:
    assert edge_after(permit(3)).sees(given, own_session=99, tripped_at_s=2.0) is is_edge


def test_a_clear_is_used_up_when_it_is_seen() -> None:
    edge = edge_after(permit(3))
    assert edge.newest == 0
    assert not edge.sees(permit(4, stamp_s=1.0), own_session=99, tripped_at_s=2.0)
    assert edge.newest == 4
    assert not edge.sees(permit(4), own_session=99, tripped_at_s=2.0)
    assert edge.sees(permit(5), own_session=99, tripped_at_s=2.0)


def test_the_first_permit_of_a_manager_is_an_edge_never() -> None:
    for session in (1, 2):
        assert not ResetEdge().sees(permit(8, session=session), own_session=99, tripped_at_s=2.0)
    edge = edge_after(permit(3))
    assert not edge.sees(permit(8, session=71), own_session=99, tripped_at_s=2.0)
    assert not edge.sees(permit(8, session=71), own_session=99, tripped_at_s=2.0)
    assert edge.sees(permit(3, session=71), own_session=99, tripped_at_s=2.0)
