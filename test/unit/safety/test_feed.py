"""Which setpoints of a station may be used, one by one, and what the gate makes of none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import DriveSetpoint, Echo, SafetyPhase, Setpoint, SetpointKind
from cell_controller.safety.feed import StationFeed
from cell_controller.safety.gate import Gate
from cell_controller.safety.snapshot import Snapshot
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


def feed_of(bench: Bench, station: str = "robot") -> StationFeed:
    limits = bench.interlock._limits
    return StationFeed(limits, limits.stations[station])


def setpoint_of(bench: Bench, *wishes: DriveSetpoint, late_s: float = 0.0, program: str = "") -> Setpoint:
    """Of the robot, computed from drive states that are `late_s` older than the newest."""
    view = bench.interlock._snapshot.lines["weld_line"]
    assert view.states is not None
    guard = view.states.guard
    echo = Echo("weld_line", guard.session, guard.stamp_s - late_s)
    return Setpoint("robot", program, (echo,), wishes)


def offer(bench: Bench, feed: StationFeed, setpoint: Setpoint) -> bool:
    snapshot = bench.interlock._snapshot
    return feed.offer(setpoint, snapshot.now_s, snapshot)


def test_a_feed_has_nothing_and_nothing_to_complain_of_at_first(bench: Bench) -> None:
    feed = feed_of(bench)
    assert (feed.setpoint, feed.wishes, feed.fault, feed.refusal) == (None, {}, None, "")


def test_a_good_setpoint_is_the_newest_and_refreshes_its_station(bench: Bench) -> None:
    feed, wish = feed_of(bench), DriveSetpoint("weld_x", SetpointKind.STOP)
    setpoint, snapshot = setpoint_of(bench, wish), bench.interlock._snapshot
    assert feed.offer(setpoint, 4.5, snapshot)
    assert (feed.setpoint, feed.wishes, feed.fault, feed.refusal) == (setpoint, {"weld_x": wish}, None, "")
    assert snapshot.setpoint_at_s["robot"] == 4.5


@pytest.mark.parametrize(
    ("drives", "program", "words"),
    [
        (("belt",), "", "belt is no drive of this station"),
        (("unknown",), "", "unknown is no drive of this station"),
        (("weld_x", "weld_z", "weld_x"), "", "weld_x is named twice"),
        ((), "belt_stop", "belt_stop is no stop program of this station"),
    ],
)
def test_what_no_working_station_sends_is_a_fault_until_the_next_good_one(
    bench: Bench, drives: tuple[str, ...], program: str, words: str
) -> None:
    feed, snapshot = feed_of(bench), bench.interlock._snapshot
    at_s = snapshot.setpoint_at_s["robot"]
    assert not offer(bench, feed, setpoint_of(bench, *map(DriveSetpoint, drives), program=program))
    assert feed.fault is not None
    assert (feed.fault.rule.value, feed.fault.subject, feed.fault.text) == ("setpoint", "robot", words)
    assert (feed.setpoint, feed.refusal, snapshot.setpoint_at_s["robot"]) == (None, words, at_s)
    assert offer(bench, feed, setpoint_of(bench))
    assert feed.fault is None


def test_drive_states_may_be_as_old_as_the_limit_and_no_older(bench: Bench) -> None:
    feed, snapshot = feed_of(bench), bench.interlock._snapshot
    view = snapshot.lines["weld_line"]
    assert view.states is not None
    way_s = view.bus_now_s(snapshot.now_s) - view.states.guard.stamp_s
    limit_s = bench.interlock._limits.ages.based_on_s["robot"]
    for sign in (1.0, -1.0):
        assert offer(bench, feed, setpoint_of(bench, late_s=sign * (limit_s - 1e-6) - way_s))
        assert not offer(bench, feed, setpoint_of(bench, late_s=sign * (limit_s + 1e-6) - way_s))
        assert "that are" in feed.refusal
        assert feed.fault is None, "late is not malformed"


def test_drive_states_exactly_as_old_as_the_limit_will_do(bench: Bench) -> None:
    feed, snapshot = feed_of(bench), bench.interlock._snapshot
    view, limit_s = snapshot.lines["weld_line"], bench.interlock._limits.ages.based_on_s["robot"]
    assert view.states is not None
    snapshot.now_s = view.received_at_s = 0.0  # no sum is rounded
    guard = replace(view.states.guard, stamp_s=limit_s)
    view.states = replace(view.states, guard=guard)
    assert feed.offer(Setpoint("robot", based_on=(Echo("weld_line", guard.session, 0.0),)), 0.0, snapshot)


def test_a_setpoint_needs_the_states_of_every_line_and_of_their_present_session(bench: Bench) -> None:
    feed, good = feed_of(bench), setpoint_of(bench)
    assert not offer(bench, feed, replace(good, based_on=()))
    assert feed.refusal == "it is not based on the drive states of weld_line"
    other = replace(good.based_on[0], session=good.based_on[0].session + 1)
    assert not offer(bench, feed, replace(good, based_on=(other,)))
    assert feed.refusal == "it is based on another session of weld_line"
    unheard = Snapshot(bench.interlock._limits)
    assert not feed.offer(good, 0.0, unheard)
    assert feed.refusal == "it is not based on the drive states of weld_line"


def test_only_what_was_computed_after_the_permit_may_take_part(bench: Bench) -> None:
    feed, snapshot = feed_of(bench), bench.interlock._snapshot
    assert offer(bench, feed, setpoint_of(bench, DriveSetpoint("weld_x")))
    feed.require_newer(snapshot)
    assert (feed.setpoint, feed.wishes) == (None, {})
    assert not offer(bench, feed, setpoint_of(bench))
    assert feed.refusal == "it is based on drive states of weld_line from before the permit"
    bench.run(0.03)
    assert offer(bench, feed, setpoint_of(bench))


def test_a_line_that_was_not_heard_has_no_states_from_after_the_permit(bench: Bench) -> None:
    feed = feed_of(bench)
    feed.require_newer(Snapshot(bench.interlock._limits))
    assert not offer(bench, feed, setpoint_of(bench))
    assert feed.refusal == "it is based on drive states of weld_line from before the permit"


def test_the_gate_says_what_its_feed_says_and_takes_the_program_of_good_ones_only(bench: Bench) -> None:
    snapshot, gate = bench.interlock._snapshot, Gate(bench.interlock._limits)
    bad = replace(setpoint_of(bench, program="weld_retract"), based_on=())
    assert not gate.offer("robot", bad, snapshot.now_s, snapshot)
    clearance = replace(bench.interlock._clearance(), phase=SafetyPhase.TRIPPED)
    before = gate.command("weld_line", snapshot, clearance)
    assert {d.program for d in before.drives} == {""}
    assert gate.offer("robot", setpoint_of(bench, program="weld_retract"), snapshot.now_s, snapshot)
    after = gate.command("weld_line", snapshot, clearance)
    named = bench.interlock._limits.programs["weld_retract"].drives
    assert [d.program for d in after.drives] == [
        "weld_retract" if d.drive in named else "" for d in after.drives
    ]


def test_before_the_first_setpoint_everything_holds_without_a_word(bench: Bench) -> None:
    gate, snapshot = Gate(bench.interlock._limits), bench.interlock._snapshot
    command = gate.command("weld_line", snapshot, bench.interlock._clearance())
    assert {d.allowed.name for d in command.drives} == {"HOLD"}
    assert gate.warnings == ()
