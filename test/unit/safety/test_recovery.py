"""The recovery permit: one station, manual speed, hold-to-run, only where every trip allows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.messages import Allowed, DriveSetpoint, Permit, SafetyPhase, SetpointKind
from cell_controller.packml import Mode
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    """Tripped by a force that is still there, all else well."""
    bench = Bench()
    bench.to_motion()
    bench.edit("weld_z", measured_force_n=14000.0, measured_position_m=0.002)
    bench.run(0.3)
    return bench


def jog(drive: str, speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


def test_it_moves_one_drive_at_manual_speed_and_force(bench: Bench) -> None:
    epoch, trips = bench.safety.epoch, bench.safety.trips
    bench.wish("robot", jog("weld_z", 0.08))
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.RECOVERY
    assert bench.safety.epoch == epoch + 1
    assert bench.safety.trips == trips
    z = bench.drive("weld_z")
    assert (z.allowed, z.max_speed_m_s, z.max_force_n) == (Allowed.RECOVERY, 0.010, 3000.0)
    assert z.setpoint.target_speed_m_s == pytest.approx(0.010)
    assert {bench.allowed(d) for d in ("weld_x", "weld_spindle", "grind_infeed", "belt")} == {Allowed.NONE}
    assert bench.outputs("safety_io")[0] & 0b10, "the guard is locked"


def test_a_task_may_move_all_drives_of_its_station_but_no_other(bench: Bench) -> None:
    bench.wish("robot", DriveSetpoint("weld_spindle", SetpointKind.VELOCITY, target_speed_rpm=300.0))
    bench.wish("spindle", jog("grind_infeed", 0.01))
    bench.to_recovery("robot")
    assert bench.allowed("weld_spindle") is bench.allowed("weld_z") is Allowed.RECOVERY
    assert bench.allowed("grind_infeed") is Allowed.NONE


def test_letting_go_ends_it_in_a_new_epoch(bench: Bench) -> None:
    bench.to_recovery("robot", "weld_z")
    epoch, trips = bench.safety.epoch, bench.safety.trips
    bench.ask(Permit.NONE)
    bench.run(0.06)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.epoch == epoch + 1
    assert bench.safety.trips == trips
    assert bench.allowed("weld_z") is Allowed.STOP_PROGRAM


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": Mode.PRODUCTION},
        {"recover_station": "spindle"},
        {"recover_drive": "weld_x"},
        {"permit": Permit.MOTION},
    ],
)
def test_any_other_wish_ends_it_and_needs_a_new_press(bench: Bench, changes: dict[str, object]) -> None:
    bench.to_recovery("robot", "weld_z")
    bench.permit = replace(bench.permit, **changes)
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.TRIPPED


@pytest.mark.parametrize("name", ["estop_ok", "guard_closed", "relay_closed"])
def test_not_while_a_trip_that_forbids_it_is_present(bench: Bench, name: str) -> None:
    bench.switch(name, False)
    bench.run(0.1)
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_an_estop_ends_it_and_a_held_button_does_not_begin_it_again(bench: Bench) -> None:
    bench.to_recovery("robot", "weld_z")
    bench.switch("estop_ok", False)
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    bench.switch("estop_ok", True)
    bench.run(1.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.RECOVERY


def test_a_lost_manager_ends_it(bench: Bench) -> None:
    bench.to_recovery("robot", "weld_z")
    bench.silent.add("cell_manager")
    bench.run(0.25)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_button_that_was_held_from_the_start_begins_nothing() -> None:
    bench = Bench()
    bench.ask(Permit.RECOVERY, mode=Mode.MANUAL, recover_station="robot")
    bench.run(1.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED


@pytest.mark.parametrize(("station", "drive"), [("nobody", ""), ("robot", "belt"), ("", "")])
def test_an_unknown_station_or_a_foreign_drive_begins_nothing(bench: Bench, station: str, drive: str) -> None:
    bench.to_recovery(station, drive)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_it_waits_for_standstill(bench: Bench) -> None:
    bench.edit_line("weld_line", is_stopped=False)
    bench.edit("weld_spindle", is_stopped=False, measured_speed_rpm=500.0)
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_clear_during_recovery_is_used_up(bench: Bench) -> None:
    bench.to_recovery("robot", "weld_z")
    bench.clear()
    bench.run(0.1)
    bench.edit("weld_z", measured_force_n=0.0)
    bench.ask(Permit.NONE)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.can_reset


def test_an_axis_outside_its_limits_may_be_jogged_back_but_not_further() -> None:
    bench = Bench()
    bench.edit("weld_x", measured_position_m=0.41)
    bench.run(0.3)
    bench.wish("robot", jog("weld_x", 0.005))
    bench.to_recovery("robot", "weld_x")
    assert bench.allowed("weld_x") is Allowed.RECOVERY
    assert bench.drive("weld_x").setpoint.target_speed_m_s == 0.0
    bench.wish("robot", jog("weld_x", -0.005))
    bench.run(0.1)
    assert bench.drive("weld_x").setpoint.target_speed_m_s == -0.005


def guard_lock(bench: Bench) -> bool:
    return bool(bench.outputs("safety_io")[0] & bench.cell.signals.outputs["guard_lock"].mask)


def test_nothing_moves_before_the_guard_is_locked_and_has_had_its_time(bench: Bench) -> None:
    bench.edit("weld_z", is_stopped=True)
    bench.run(0.5)
    assert not guard_lock(bench), "at standstill people may go in"
    bench.switch("guard_locked", False)
    bench.to_recovery("robot", "weld_z")
    assert guard_lock(bench), "what is asked for needs it"
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert "recovery waits for the guard to lock" in bench.safety.warnings
    bench.switch("guard_locked", True)
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.RECOVERY


def test_a_switch_that_still_shows_the_lock_of_an_earlier_time_is_not_believed(bench: Bench) -> None:
    bench.ask(Permit.NONE, mode=Mode.MANUAL)
    bench.run(0.5)  # the stop has begun and all stand: the guard is unlocked
    assert not guard_lock(bench)
    bench.ask(Permit.RECOVERY, recover_station="robot")
    bench.run(0.2)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    bench.run(0.3)
    assert bench.safety.phase is SafetyPhase.RECOVERY


def test_the_guard_stays_locked_until_a_standstill_was_measured_after_the_stop_has_begun() -> None:
    """A spindle may have begun to turn since a slow line last looked at it."""
    bench = Bench()
    bench.to_motion()
    bench.buses["grind_line"].measured_late_s["grind_wheel"] = 0.2
    bench.switch("estop_ok", False)
    bench.run(0.6)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert guard_lock(bench)
    bench.run(0.2)
    assert not guard_lock(bench)


def test_a_lock_that_opens_ends_it(bench: Bench) -> None:
    bench.to_recovery("robot", "weld_z")
    assert bench.safety.phase is SafetyPhase.RECOVERY
    bench.switch("guard_locked", False)
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert "guard" in bench.rules


def test_a_spindle_turns_no_faster_than_pulling_a_tool_needs(bench: Bench) -> None:
    limit_rpm = bench.cell.drives["weld_spindle"].permitted_rpm
    bench.wish("robot", DriveSetpoint("weld_spindle", SetpointKind.VELOCITY, target_speed_rpm=limit_rpm))
    bench.to_recovery("robot")
    spindle = bench.drive("weld_spindle")
    assert spindle.allowed is Allowed.RECOVERY
    assert spindle.max_speed_rpm == spindle.setpoint.target_speed_rpm == 0.25 * limit_rpm


def test_a_recoverable_fault_while_the_guard_locks_does_not_ask_for_a_new_press(bench: Bench) -> None:
    bench.ask(Permit.NONE, mode=Mode.MANUAL)
    bench.run(0.2)
    bench.ask(Permit.RECOVERY, recover_station="robot")
    bench.run(0.15)
    bench.edit("weld_x", measured_position_m=0.41)
    bench.run(0.4)
    assert bench.safety.phase is SafetyPhase.RECOVERY
