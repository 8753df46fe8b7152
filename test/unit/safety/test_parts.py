"""The latch's edge, the feed and the snapshot, each alone where the whole has a second net behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import (
    CellPermit,
    DriveCondition,
    DriveState,
    DriveStates,
    Echo,
    Guard,
    LinePhase,
    Setpoint,
)
from cell_controller.safety import limits_of
from cell_controller.safety.feed import StationFeed
from cell_controller.safety.latch import ResetEdge
from cell_controller.safety.snapshot import Snapshot
from support.interlock_bench import Bench, demo_cell

OWN = 99


def permit(clear_id: int, *, manager: int = 7, echo_session: int = OWN, echo_s: float = 5.0) -> CellPermit:
    return CellPermit(
        clear_id=clear_id,
        echo=Echo("interlock", echo_session, echo_s),
        guard=Guard("cell_manager", manager, 1, 0.0),
    )


def sees(edge: ResetEdge, message: CellPermit, tripped_at_s: float = 5.0) -> bool:
    return edge.sees(message, own_session=OWN, tripped_at_s=tripped_at_s)


def test_the_first_permit_of_a_session_is_never_an_edge() -> None:
    edge = ResetEdge()
    assert not sees(edge, permit(4))
    assert not sees(edge, permit(4))
    assert sees(edge, permit(5))
    assert not sees(edge, permit(6, manager=8))
    assert sees(edge, permit(5, manager=8))


def test_an_edge_names_this_interlock_and_the_present_trip() -> None:
    for bad in (permit(1, echo_session=OWN + 1), permit(1, echo_s=4.9), permit(1, echo_s=float("nan"))):
        edge = ResetEdge()
        sees(edge, permit(0))
        assert not sees(edge, bad)
        assert not sees(edge, permit(1)), "it is used up"
        assert edge.newest == 1


def test_no_clear_id_is_no_edge() -> None:
    edge = ResetEdge()
    sees(edge, permit(3))
    assert not sees(edge, permit(0))


@pytest.fixture
def snapshot() -> Snapshot:
    """The weld line heard at 1 s, its clock at 1001 s."""
    cell, plan = demo_cell()
    limits = limits_of(cell, plan)
    snapshot = Snapshot(limits)
    snapshot.now_s = 1.0
    for line in limits.lines.values():
        drives = tuple(
            DriveState(d, DriveCondition.OPERATION_ENABLED, True, True, measured_at_s=1001.0, inputs=0xFF)
            for d in line.drives
        )
        states = DriveStates(
            line.name, LinePhase.PERMITTED, drives=drives, guard=Guard(line.name, 10, 1, 1001.0)
        )
        snapshot.lines[line.name].take(states, 1.0)
    return snapshot


def offer(snapshot: Snapshot, feed: StationFeed, session: int = 10, stamp_s: float = 1001.0) -> bool:
    return feed.offer(Setpoint("robot", "weld_stop", (Echo("weld_line", session, stamp_s),)), 1.0, snapshot)


def feed_of(snapshot: Snapshot) -> StationFeed:
    return StationFeed(snapshot.limits, snapshot.limits.stations["robot"])


def test_a_setpoint_on_another_session_of_the_bus_is_refused(snapshot: Snapshot) -> None:
    feed = feed_of(snapshot)
    assert not offer(snapshot, feed, session=11)
    assert "another session of weld_line" in feed.refusal
    assert offer(snapshot, feed)


@pytest.mark.parametrize("stamp_s", [1000.6, 1001.4, float("nan")])
def test_a_setpoint_on_old_states_or_on_none_there_can_be_is_refused(
    snapshot: Snapshot, stamp_s: float
) -> None:
    assert not offer(snapshot, feed_of(snapshot), stamp_s=stamp_s)


def test_only_states_from_after_the_permit_count(snapshot: Snapshot) -> None:
    feed = feed_of(snapshot)
    assert offer(snapshot, feed)
    feed.require_newer(snapshot)
    assert feed.setpoint is None
    assert not offer(snapshot, feed)
    assert offer(snapshot, feed, stamp_s=1001.001)


def test_a_refused_setpoint_refreshes_nothing(snapshot: Snapshot) -> None:
    feed = feed_of(snapshot)
    assert offer(snapshot, feed)
    snapshot.now_s = 1.1
    assert not offer(snapshot, feed, session=11)
    assert snapshot.setpoint_at_s["robot"] == 1.0
    assert feed.setpoint is not None


@pytest.mark.parametrize("phase", [LinePhase.CLOSED, LinePhase.ARMING])
def test_what_a_line_reports_before_it_is_armed_counts_as_unknown(
    snapshot: Snapshot, phase: LinePhase
) -> None:
    channel = snapshot.limits.guard_locked
    assert snapshot.is_on(channel)
    states = snapshot.lines["safety_line"].states
    assert states is not None
    snapshot.lines["safety_line"].take(replace(states, phase=phase), 1.0)
    assert not snapshot.is_on(channel)


def test_an_input_that_is_too_old_counts_as_off(snapshot: Snapshot) -> None:
    channel = snapshot.limits.guard_locked
    snapshot.now_s = 1.0 + demo_cell()[1].ages.drive_states_s
    assert not snapshot.is_on(channel)


def test_the_interlock_is_a_unit() -> None:
    unit = Bench().runner.unit
    assert unit.name == "interlock"
    assert unit.max_lateness_s == pytest.approx(0.05)
    assert {i.port for i in unit.inputs} == {"drive_states", "setpoint", "cell_permit"}
    assert all(i.wakes and i.max_age_s for i in unit.inputs)
