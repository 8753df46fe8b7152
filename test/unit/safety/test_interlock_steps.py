"""The interlock step by step, between two ticks: what it sends at once, what it keeps to itself, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import (
    Echo,
    LineCommand,
    Permit,
    SafetyPhase,
    SafetyState,
    Trip,
)
from cell_controller.packml import Mode
from cell_controller.runtime import Sent
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


@pytest.fixture
def held() -> Bench:
    bench = Bench()
    bench.to_hold()
    return bench


def soon(bench: Bench) -> float:
    """A moment before the next tick."""
    bench.now_s += 0.001
    assert bench.now_s < bench.interlock._tick_due_s
    return bench.now_s


def step(bench: Bench) -> tuple[Sent, ...]:
    """What one step before the next tick sends."""
    sent = tuple(bench.runner.step(soon(bench)))
    for each in sent:
        if isinstance(each.message, SafetyState):
            bench.safety = each.message
    return sent


def deliver_states(bench: Bench, line: str) -> None:
    bench.runner.deliver("drive_states", bench.buses[line].message(bench.now_s), bench.now_s)


def commanded(sent: tuple[Sent, ...]) -> tuple[str, ...]:
    return tuple(s.message.line for s in sent if isinstance(s.message, LineCommand))


def states_in(sent: tuple[Sent, ...]) -> list[SafetyState]:
    return [s.message for s in sent if isinstance(s.message, SafetyState)]


def test_between_two_ticks_nothing_is_sent_while_nothing_changes(bench: Bench, held: Bench) -> None:
    tripped = Bench()
    tripped.run(0.3)
    recovery = Bench()
    recovery.run(0.3)
    recovery.to_recovery("robot")
    waiting = Bench()
    waiting.to_hold()
    waiting.switch("guard_locked", False)
    waiting.run(0.1)
    waiting.ask(Permit.HOLD)
    waiting.run(0.1)
    waiting.ask(Permit.MOTION)
    waiting.run(0.1)
    for quiet, phase in (
        (tripped, SafetyPhase.TRIPPED),
        (held, SafetyPhase.HOLD),
        (waiting, SafetyPhase.HOLD),
        (bench, SafetyPhase.MOTION),
        (recovery, SafetyPhase.RECOVERY),
    ):
        assert quiet.safety.phase is phase
        assert step(quiet) == ()
        deliver_states(quiet, "weld_line")
        assert step(quiet) == ()


def test_a_trip_is_sent_to_every_line_before_the_tick(bench: Bench) -> None:
    bench.switch("estop_ok", False)
    deliver_states(bench, "safety_line")
    sent = step(bench)
    assert commanded(sent) == tuple(bench.cell.lines)
    assert [s.phase for s in states_in(sent)] == [SafetyPhase.TRIPPED]


def test_a_reset_is_sent_to_every_line_before_the_tick() -> None:
    bench = Bench()
    bench.run(0.3)
    bench.clear()
    bench.send_permit()
    sent = step(bench)
    assert commanded(sent) == tuple(bench.cell.lines)
    assert [s.phase for s in states_in(sent)] == [SafetyPhase.HOLD]


@pytest.mark.parametrize("phase", [SafetyPhase.MOTION, SafetyPhase.RECOVERY])
def test_a_setpoint_goes_to_the_lines_of_its_station_at_once_while_it_may_move(
    bench: Bench, phase: SafetyPhase
) -> None:
    if phase is SafetyPhase.RECOVERY:
        bench = Bench()
        bench.run(0.3)
        bench.to_recovery("robot")
    bench.run(0.05)
    bench.send_setpoint("robot")
    sent = step(bench)
    assert commanded(sent) == ("weld_line",)
    assert states_in(sent) == []


def test_a_setpoint_waits_for_the_tick_while_nothing_may_move(held: Bench) -> None:
    held.send_setpoint("robot")
    assert step(held) == ()


def test_a_setpoint_is_as_old_as_its_arrival(bench: Bench) -> None:
    arrived_s = bench.now_s
    bench.send_setpoint("robot")
    step(bench)
    assert bench.now_s > arrived_s
    assert bench.interlock._snapshot.setpoint_at_s["robot"] == pytest.approx(arrived_s, abs=1e-9)


def test_a_clear_counts_though_it_is_repeated_in_the_same_step() -> None:
    bench = Bench()
    bench.run(0.3)
    bench.clear()
    bench.send_permit()
    bench.send_permit()
    step(bench)
    assert bench.safety.phase is SafetyPhase.HOLD


def test_another_hindrance_waits_for_the_tick_and_its_end_does_not() -> None:
    bench = Bench()
    bench.switch("estop_ok", False)
    bench.switch("air_ok", False)
    bench.run(0.3)
    assert bench.safety.reset_hindrance.endswith("(and 1 more)")
    bench.switch("air_ok", True)
    deliver_states(bench, "safety_line")
    assert states_in(step(bench)) == []
    bench.switch("estop_ok", True)
    deliver_states(bench, "safety_line")
    assert states_in(step(bench)) == [], "it was off just now"
    assert [s.can_reset for s in states_in(step(bench))] == [True]


def discarded(bench: Bench) -> list[str]:
    return [w for w in bench.interlock._warnings() if "discarded" in w]


def told(count: int) -> list[str]:
    return [f"{count} messages discarded: malformed, repeated or reordered"]


def test_discarded_messages_are_counted_one_by_one() -> None:
    bench = Bench()
    bench.run(0.3)
    assert discarded(bench) == []
    bench.runner.deliver_malformed("drive_states", "not a number of drives", bench.now_s)
    step(bench)
    assert discarded(bench) == told(1)
    foreign = replace(bench.buses["weld_line"].message(bench.now_s), line="grind_line")
    bench.runner.deliver("drive_states", foreign, bench.now_s)
    bench.runner.deliver_malformed("drive_states", "not a number of drives", bench.now_s)
    step(bench)
    assert discarded(bench) == told(3)
    step(bench)
    assert discarded(bench) == told(3)


def test_discarded_messages_are_shown_for_ten_seconds() -> None:
    bench = Bench()
    bench.run(0.3)
    bench.runner.deliver_malformed("drive_states", "not a number of drives", bench.now_s)
    step(bench)
    bench.interlock._discarded_at_s = 4.0
    bench.interlock._snapshot.now_s = 13.9
    assert discarded(bench) == told(1)
    bench.interlock._snapshot.now_s = 14.0
    assert discarded(bench) == []


def test_it_is_late_by_half_of_a_permits_validity(bench: Bench) -> None:
    assert bench.interlock.max_lateness_s == 0.05


def test_the_state_of_motion_says_all_there_is(bench: Bench) -> None:
    bench.edit("belt", measured_position_m=0.25)
    bench.switch("air_ok", True)
    bench.run(0.1)
    assert replace(bench.safety, guard=SafetyState().guard) == SafetyState(
        phase=SafetyPhase.MOTION,
        epoch=bench.interlock._snapshot.epoch,
        first_out="",
        trips=(),
        warnings=(),
        can_reset=False,
        reset_hindrance="",
        clear_id=bench.permit.clear_id,
        occupied_zones=("weld_place:conveyor", "grind_place:conveyor"),
        inputs_on=("estop_ok", "guard_closed", "relay_closed", "air_ok"),
    )
    assert bench.permit.clear_id > 0


def test_the_state_of_a_trip_says_all_there_is(bench: Bench) -> None:
    bench.switch("air_ok", False)
    bench.run(0.1)
    trip = Trip(
        "air", "air_ok", "is off", at_s=bench.safety.trips[0].at_s, is_present=True, is_recoverable=True
    )
    state = bench.safety
    assert (state.phase, state.first_out) == (SafetyPhase.TRIPPED, "air air_ok: is off")
    assert repr(state.trips) == repr((trip,))  # with the values that a trip of an input has not
    assert (state.can_reset, state.warnings) == (False, ())
    assert state.reset_hindrance == "air_ok: is off: restore the air pressure"
    assert state.inputs_on == ("estop_ok", "guard_closed", "relay_closed")


def test_without_a_manager_everything_is_told_to_stop_and_no_mode_is_assumed() -> None:
    bench = Bench()
    bench.silent = {"cell_manager"}
    bench.run(0.3)
    assert set(bench.commands) == set(bench.cell.lines)
    assert bench.interlock._clearance().mode == Mode.INVALID


def press(bench: Bench) -> None:
    """The button of a recovery, let go before."""
    bench.ask(Permit.NONE, mode=Mode.MANUAL)
    bench.run(0.2)
    bench.ask(Permit.RECOVERY, recover_station="robot")


def test_a_new_trip_that_forbids_a_recovery_asks_for_a_new_press_even_while_the_guard_locks() -> None:
    bench = Bench()
    bench.run(0.3)
    press(bench)
    bench.run(0.15)
    assert "recovery waits for the guard to lock" in bench.safety.warnings
    bench.switch("estop_ok", False)
    bench.run(0.05)
    bench.switch("estop_ok", True)
    bench.run(1.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.can_reset


def test_a_new_trip_asks_for_a_new_press_while_the_recovery_could_not_begin_anyway() -> None:
    bench = Bench()
    bench.run(0.3)
    bench.edit("weld_spindle", is_stopped=False, measured_speed_rpm=500.0)
    bench.run(0.1)
    press(bench)
    bench.run(0.1)
    bench.switch("air_ok", False)
    bench.run(0.1)
    bench.edit("weld_spindle", is_stopped=True, measured_speed_rpm=0.0)
    bench.run(1.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    press(bench)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.RECOVERY


def test_a_button_that_was_held_before_the_trip_begins_no_recovery(held: Bench) -> None:
    held.ask(Permit.HOLD, mode=Mode.MANUAL)
    held.run(0.1)
    held.ask(Permit.RECOVERY, recover_station="robot")
    held.run(0.1)
    assert held.safety.phase is SafetyPhase.HOLD
    held.switch("air_ok", False)
    held.run(1.0)
    assert held.safety.phase is SafetyPhase.TRIPPED


def test_the_next_step_is_due_when_the_first_thing_becomes_too_old(bench: Bench) -> None:
    interlock = bench.interlock
    snapshot, ages, now_s = interlock._snapshot, interlock._limits.ages, bench.now_s
    interlock._tick_due_s = now_s + 0.02
    far_s = now_s + 100.0

    def due_s() -> float:
        return interlock._next_deadline_s(now_s) - now_s

    def forget() -> None:
        for view in snapshot.lines.values():
            view.stale_at_s = far_s
        for station in snapshot.setpoint_at_s:
            snapshot.setpoint_at_s[station] = far_s
        snapshot.permit_echo_s = snapshot.due_s = far_s

    forget()
    assert due_s() == pytest.approx(0.02)
    snapshot.lines["grind_line"].stale_at_s = now_s + 0.005
    assert due_s() == pytest.approx(0.005)
    snapshot.lines["weld_line"].stale_at_s = now_s
    assert due_s() == pytest.approx(0.005), "what is too old already has been seen"
    forget()
    snapshot.setpoint_at_s["robot"] = now_s + 0.006 - ages.station_s["robot"]
    assert due_s() == pytest.approx(0.006)
    forget()
    snapshot.permit_echo_s = now_s + 0.007 - 2.0 * ages.manager_s
    assert due_s() == pytest.approx(0.007)
    forget()
    snapshot.due_s = now_s + 0.008
    assert due_s() == pytest.approx(0.008)


def test_a_clear_that_echoes_the_newest_trip_is_enough() -> None:
    bench = Bench()
    bench.run(0.3)
    assert bench.safety.can_reset
    tripped_s = bench.interlock._latch.newest_at_s
    bench.permit_echo = Echo("interlock", bench.session, tripped_s)
    bench.clear()
    bench.send_permit()
    step(bench)
    assert bench.safety.phase is SafetyPhase.HOLD
