"""How the interlock starts, what a reset needs, and what ends it."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from cell_controller.messages import Allowed, Echo, LinePhase, Permit, SafetyPhase
from cell_controller.packml import Mode
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_starts_tripped_and_says_so(bench: Bench) -> None:
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.first_out == "startup interlock: started"
    assert bench.rules == ("startup",)
    assert all(d.allowed is Allowed.STOP_PROGRAM for d in bench.commands["weld_line"].drives)


def test_what_is_missing_while_the_cell_comes_up_hinders_and_is_no_trip(bench: Bench) -> None:
    bench.silent = {"weld_line", "robot"}
    bench.run(0.3)
    bench.silent = set()
    bench.edit_line("weld_line", phase=LinePhase.ARMING, is_armed=False)
    bench.run(0.3)
    assert bench.safety.reset_hindrance.startswith("weld_line: its drives are being armed: wait until")
    bench.edit_line("weld_line", phase=LinePhase.STOPPED, is_armed=True)
    bench.run(0.1)
    assert bench.safety.can_reset
    assert bench.rules == ("startup",)
    bench.silent = {"weld_line"}
    bench.run(0.2)
    assert bench.rules == ("startup", "line_lost")


def test_it_commands_nothing_until_every_bus_was_heard(bench: Bench) -> None:
    bench.silent = {"grind_line"}
    bench.run(0.5)
    assert not bench.sent
    assert bench.safety.epoch == 0
    assert "grind_line" in bench.safety.reset_hindrance
    bench.silent = set()
    bench.run(0.1)
    assert bench.sent


def test_its_epoch_is_one_more_than_the_largest_reported(bench: Bench) -> None:
    bench.edit_line("conveyor_line", epoch=41)
    bench.run(0.2)
    assert bench.safety.epoch == 42


def test_a_clear_leads_to_hold_in_a_new_epoch(bench: Bench) -> None:
    bench.run(0.3)
    before = bench.safety.epoch
    bench.clear()
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD
    assert bench.safety.epoch == before + 1
    assert bench.safety.trips == ()
    assert bench.allowed("weld_x") is Allowed.HOLD


def test_the_first_clear_id_of_a_manager_is_no_edge(bench: Bench) -> None:
    bench.permit = replace(bench.permit, clear_id=7)
    bench.run(1.0)
    assert bench.safety.can_reset
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_restarted_interlock_does_not_take_a_repeated_clear(bench: Bench) -> None:
    bench.to_motion()
    bench.start_interlock()
    bench.run(1.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.can_reset
    bench.clear()
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD


def test_a_restarted_interlock_goes_past_the_epoch_of_its_predecessor(bench: Bench) -> None:
    bench.to_motion()
    before = bench.safety.epoch
    bench.start_interlock()
    bench.run(0.3)
    assert bench.safety.epoch == before + 1


def test_a_restarted_interlock_gives_no_power_before_the_guard_has_locked(bench: Bench) -> None:
    bench.to_motion()
    bench.start_interlock()
    bench.switch("guard_closed", False)
    bench.run(2.0)
    assert bench.outputs("safety_io") == (0b00, 0b11)
    assert bench.safety.reset_hindrance.startswith("guard_closed")
    bench.switch("guard_closed", True)
    bench.run(0.1)
    assert bench.outputs("safety_io") == (0b10, 0b11)
    assert bench.safety.reset_hindrance.startswith("drive enable is open")
    assert any(w.startswith("drive enable is open: it closes when") for w in bench.safety.warnings)
    bench.run(0.5)
    assert bench.outputs("safety_io") == (0b11, 0b11)
    bench.run(1.0)
    assert bench.outputs("safety_io") == (0b01, 0b11), "nobody asks for motion"
    assert bench.safety.can_reset


def test_the_first_interlock_gives_power_at_once(bench: Bench) -> None:
    bench.run(0.3)
    assert bench.safety.epoch == 1
    assert bench.outputs("safety_io")[0] & 0b01


def test_a_clear_that_comes_too_early_is_used_up(bench: Bench) -> None:
    bench.switch("estop_ok", False)
    bench.run(0.3)
    bench.clear()
    bench.run(0.2)
    bench.switch("estop_ok", True)
    bench.run(0.5)
    assert bench.safety.can_reset
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_clear_given_before_the_newest_trip_was_known_is_refused(bench: Bench) -> None:
    bench.to_hold()
    old = bench.safety.guard
    bench.switch("air_ok", False)
    bench.run(0.1)
    bench.switch("air_ok", True)
    bench.run(0.05)
    assert bench.safety.can_reset
    bench.permit_echo = Echo(old.source, old.session, old.stamp_s)
    bench.clear()
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_clear_that_echoes_another_interlock_is_refused(bench: Bench) -> None:
    bench.run(0.3)
    bench.permit_echo = Echo("interlock", 12345, bench.now_s)
    bench.clear()
    bench.run(0.1)
    bench.permit_echo = None
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_duplicate_clear_id_resets_only_once(bench: Bench) -> None:
    bench.to_hold()
    bench.switch("guard_closed", False)
    bench.run(0.1)
    bench.switch("guard_closed", True)
    bench.run(0.5)
    assert bench.safety.can_reset
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_trip_in_the_same_step_as_a_clear_wins(bench: Bench) -> None:
    bench.run(0.3)
    bench.switch("estop_ok", False)
    bench.clear()
    bench._due_s = {}
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert "estop" in bench.rules


def test_no_reset_while_a_bus_has_not_taken_the_epoch(bench: Bench) -> None:
    bench.buses["grind_line"].frozen = True
    bench.run(0.3)
    assert not bench.safety.can_reset
    assert (
        bench.safety.reset_hindrance == f"grind_line: waiting for its bus to take epoch {bench.safety.epoch}"
    )


@pytest.mark.parametrize(
    ("drive", "changes", "words"),
    [
        ("weld_x", {"is_stopped": False, "measured_speed_m_s": 0.02}, "weld_x stands still (0.0200 m/s)"),
        (
            "grind_wheel",
            {"is_stopped": False, "measured_speed_rpm": 350.0},
            "grind_wheel stands still (350 rpm)",
        ),
    ],
)
def test_no_reset_while_something_moves(
    bench: Bench, drive: str, changes: dict[str, float], words: str
) -> None:
    bench.edit(drive, **changes)
    bench.edit_line(bench.cell.drives[drive].line, is_stopped=False)
    bench.run(0.3)
    assert words in bench.safety.reset_hindrance
    bench.clear()
    bench.run(0.2)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_no_reset_while_a_stop_program_is_played(bench: Bench) -> None:
    bench.edit_line("weld_line", phase=LinePhase.STOPPING, program="weld_retract", program_step="retract")
    bench.run(0.3)
    assert "stop program weld_retract retract" in bench.safety.reset_hindrance


def test_the_hindrance_tells_what_to_do(bench: Bench) -> None:
    bench.switch("estop_ok", False)
    bench.switch("air_ok", False)
    bench.run(0.3)
    assert bench.safety.reset_hindrance == "estop_ok: is off: release the E-stop (and 1 more)"


def test_another_configuration_hinders_the_reset(bench: Bench) -> None:
    bench.edit_line("weld_line", config_hash="other")
    bench.run(0.3)
    assert "weld_line: its bus read another cell file" in bench.safety.reset_hindrance


def test_hold_becomes_motion_only_after_the_manager_asked_for_something_else(bench: Bench) -> None:
    bench.ask(Permit.MOTION)
    bench.run(0.3)
    bench.clear()
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.HOLD
    bench.ask(Permit.HOLD)
    bench.run(0.1)
    bench.ask(Permit.MOTION)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.MOTION


def test_motion_waits_for_the_guard_to_lock_and_locks_it(bench: Bench) -> None:
    bench.to_hold()
    bench.switch("guard_locked", False)
    bench.run(0.1)
    bench.ask(Permit.HOLD)
    bench.run(0.1)
    assert bench.outputs("safety_io")[0] & 0b10 == 0
    bench.ask(Permit.MOTION)
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.HOLD
    assert "motion waits for the guard to lock" in bench.safety.warnings
    assert bench.outputs("safety_io")[0] & 0b10
    bench.switch("guard_locked", True)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION


@pytest.mark.parametrize("mode", [0, 4, 31])
def test_an_unknown_mode_permits_no_motion(bench: Bench, mode: int) -> None:
    bench.to_hold()
    bench.run(0.1)
    bench.ask(Permit.MOTION, mode=mode)
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.HOLD


def test_a_permit_of_hold_ends_motion_without_a_trip(bench: Bench) -> None:
    bench.to_motion()
    epoch = bench.safety.epoch
    bench.ask(Permit.HOLD)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD
    assert bench.safety.epoch == epoch
    assert bench.allowed("weld_z") is Allowed.HOLD


def test_a_whole_life_start_reset_trip_reset(bench: Bench) -> None:
    bench.to_motion()
    bench.switch("estop_ok", False)
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.first_out == "estop estop_ok: is off"
    tripped_epoch = bench.safety.epoch
    bench.ask(Permit.NONE)
    bench.switch("estop_ok", True)
    bench.run(0.3)
    bench.to_motion()
    assert bench.safety.epoch == tripped_epoch + 1


def test_another_interlock_that_goes_past_this_one_silences_it(bench: Bench) -> None:
    bench.to_motion()
    bench.edit_line("weld_line", epoch=bench.safety.epoch + 5)
    bench.run(0.05)
    bench.sent.clear()
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert not bench.sent
    assert "another interlock has taken over" in bench.safety.reset_hindrance


def test_mode_manual_reduces_speed(bench: Bench) -> None:
    bench.to_motion()
    assert bench.drive("belt").max_speed_m_s == pytest.approx(0.4)
    bench.ask(Permit.MOTION, mode=Mode.MANUAL)
    bench.run(0.1)
    assert bench.drive("belt").max_speed_m_s == pytest.approx(0.9 * 0.25)
    of_three = 0.9 * 0.25 / sqrt(3.0)  # a tool that moves along all its axes is no faster
    assert bench.drive("weld_x").max_speed_m_s == pytest.approx(of_three)
