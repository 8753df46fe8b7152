"""The bus on a paced line with the virtual drives of the demo cell: arming, permits, stops, faults."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cell_controller.drives.conversation import LATE_S
from cell_controller.drives.profile import Quantity
from cell_controller.messages import Allowed, DriveCondition, LinePhase
from cell_sim.drives.c2000 import VirtualC2000
from cell_sim.drives.remote_io import VirtualRemoteIo
from cell_sim.plant.record import MOTION_KINDS
from support.line_bench import LineBench

WELD = ("weld_x", "weld_y", "weld_z", "weld_spindle")


def armed(line: str = "weld_line") -> LineBench:
    bench = LineBench(line)
    bench.reach(LinePhase.STOPPED)
    return bench


def welding() -> LineBench:
    """Traverse, pin in the material under velocity control, spindle at 1000 rpm, retract in force."""
    bench = LineBench("weld_line")
    bench.enable_all()
    bench.programs = dict.fromkeys(WELD, "weld_retract")
    bench.permit(Allowed.MOTION, new_epoch=False)
    bench.move("weld_x", 0.30, 0.02, 1)
    bench.move("weld_z", 0.010, 0.08, 1)
    bench.turn("weld_spindle", 1000.0)
    assert bench.run(5.0, lambda: bench.drive("weld_z").at_target)
    bench.velocity("weld_z", -0.0005)
    assert bench.run(2.0, lambda: bench.drive("weld_spindle").measured_speed_rpm > 990.0)
    bench.run(0.2)
    return bench


def motion_since(bench: LineBench, since_s: float) -> list[tuple[str, str]]:
    """Setpoints that can move something, obeyed by any drive of the line."""
    found = [(e[0], name, e[1]) for name in WELD for e in bench.events_of(name, since_s)]
    return [(name, kind) for _, name, kind in sorted(found) if kind in MOTION_KINDS]


def order(bench: LineBench, since_s: float) -> list[tuple[str, str]]:
    """First of each kind of setpoint per drive, in time."""
    found = sorted((e[0], name, e[1]) for name in WELD for e in bench.events_of(name, since_s))
    return list(dict.fromkeys((name, kind) for _, name, kind in found))


def still_moves(bench: LineBench, name: str, since_s: float) -> bool:
    limit = 11.0 if name == "weld_spindle" else 0.0006
    return any(abs(s.speed) > limit for s in bench.record.samples(name, since_s))


def lost_belt(profile: str = "fast_modbus_servo") -> LineBench:
    """A belt that stands 0.2 m past its mark, has no zero, and is switched on."""
    bench = LineBench("conveyor_line", changes={"belt": {"profile": profile}})
    bench.plant.axes["belt"].move_to(0.2, 0.3, 1.0, 1.0)
    bench.enable_all()
    bench.run(1.0)
    return bench


# Arming


def test_every_drive_is_armed_before_anything_is_permitted() -> None:
    bench = armed()
    assert bench.state.is_armed
    assert bench.state.epoch == 1
    assert all(d.is_armed and d.is_stopped for d in bench.state.drives)
    assert bench.state.config_hash == bench.plan.config_hash
    for name in WELD:
        drive = bench.wire.drive(name)
        assert drive.watchdog_s == bench.plan.drives[name].watchdog_s
        assert bench.events_of(name) == []
    assert bench.wire.counters.too_early == bench.wire.counters.broken == bench.wire.counters.collisions == 0


def test_a_drive_that_is_not_what_it_must_be_is_never_armed_and_says_why() -> None:
    bench = LineBench("weld_line")
    drive = bench.wire.drive("weld_x")
    drive.eeprom[Quantity.GEAR_DENOMINATOR] = 1
    drive.power_on(0.0)
    assert not bench.run(4.0, lambda: bool(bench.states) and bench.state.phase is LinePhase.STOPPED)
    assert bench.drive("weld_x").fault_text == "not armed: gear_denominator is 1, must be 100000"
    assert not bench.drive("weld_x").is_armed
    assert bench.drive("weld_z").is_armed


def test_a_drive_that_loses_its_settings_is_found_and_armed_again() -> None:
    bench = armed()
    drive = bench.wire.drive("weld_y")
    drive.power_off(bench.now_s)
    drive.power_on(bench.now_s)  # too short for any exchange to notice
    assert drive.watchdog_s == 0.0
    assert bench.run(10.0, lambda: not bench.drive("weld_y").is_armed)
    assert bench.run(3.0, lambda: bench.drive("weld_y").is_armed)
    assert drive.watchdog_s == bench.plan.drives["weld_y"].watchdog_s


def test_a_watchdog_setting_in_eeprom_is_not_written_again_by_a_restarted_bus() -> None:
    bench = armed()
    drive = bench.wire.drive("weld_spindle")
    writes = drive.eeprom_writes
    assert writes > 0
    bench.start(session=78)
    bench.states.clear()
    bench.reach(LinePhase.STOPPED)
    assert drive.eeprom_writes == writes


# Permits


def test_nothing_is_switched_on_without_a_permit() -> None:
    bench = armed()
    bench.is_commanding = False
    bench.run(1.0)
    assert all(d.condition is not DriveCondition.OPERATION_ENABLED for d in bench.state.drives)


def test_hold_switches_on_and_moves_nothing() -> None:
    bench = LineBench("weld_line")
    bench.enable_all()
    bench.move("weld_x", 0.3, 0.05, 1)  # a setpoint under hold counts for nothing
    bench.run(1.0)
    assert motion_since(bench, 0.0) == []
    assert bench.state.phase is LinePhase.PERMITTED
    assert bench.drive("weld_x").condition is DriveCondition.OPERATION_ENABLED


def test_a_move_arrives_and_is_reported_with_its_number() -> None:
    bench = LineBench("weld_line")
    bench.enable_all()
    bench.programs = dict.fromkeys(WELD, "weld_stop")
    bench.permit(Allowed.MOTION, new_epoch=False)
    bench.move("weld_x", 0.05, 0.1, 41)
    bench.move("weld_z", 0.03, 0.1, 7)
    assert bench.run(3.0, lambda: bench.drive("weld_x").at_target and bench.drive("weld_z").at_target)
    x, z = bench.drive("weld_x"), bench.drive("weld_z")
    assert (x.move_id, z.move_id) == (41, 7)
    assert x.measured_position_m == pytest.approx(0.05, abs=1e-5)
    assert z.measured_position_m == pytest.approx(0.03, abs=1e-5)
    assert [e[1] for e in bench.events_of("weld_x")].count("move") == 1


@pytest.mark.parametrize("profile", ["fast_modbus_servo", "delta_asda_a3"])
def test_a_belt_finds_its_mark_under_a_permit_and_says_so(profile: str) -> None:
    bench = lost_belt(profile)
    assert not bench.drive("belt").is_homed
    bench.reference("belt", 0.075, 9)
    bench.run(1.0)
    assert bench.record.samples("belt", bench.now_s - 0.5) == []  # a hold lets nothing look for its zero
    began_s = bench.now_s
    bench.permit(Allowed.MOTION, new_epoch=False)
    assert bench.run(1.0, lambda: bench.drive("belt").move_id == 9)
    bench.run(1.0)
    assert not bench.drive("belt").at_target
    assert bench.run(5.0, lambda: bench.drive("belt").at_target)
    assert bench.drive("belt").is_homed
    assert bench.drive("belt").measured_position_m == pytest.approx(0.0, abs=1e-4)
    assert bench.plant.axes["belt"].position_m == pytest.approx(0.0, abs=1e-4)
    assert max(abs(s.speed) for s in bench.record.samples("belt", began_s)) < 0.08
    bench.move("belt", 0.5, 0.3, 10)
    assert bench.run(5.0, lambda: bench.drive("belt").move_id == 10 and bench.drive("belt").at_target)
    assert bench.plant.axes["belt"].position_m == pytest.approx(0.5, abs=1e-4)


@pytest.mark.parametrize("profile", ["fast_modbus_servo", "delta_asda_a3"])
def test_a_search_for_the_zero_ends_with_its_permit_and_without_a_zero(profile: str) -> None:
    bench = lost_belt(profile)
    bench.programs = {"belt": "belt_stop"}
    bench.reference("belt", 0.075, 9)
    bench.permit(Allowed.MOTION, new_epoch=False)
    assert bench.run(3.0, lambda: bench.plant.axes["belt"].position_m < 0.12)
    bench.is_commanding = False
    bench.reach(LinePhase.STOPPED)
    assert 0.0 < bench.plant.axes["belt"].position_m < 0.12
    bench.run(1.0)
    assert not bench.drive("belt").is_homed
    assert not bench.drive("belt").at_target


def test_a_drive_that_is_slow_to_forget_its_old_zero_has_not_found_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = lost_belt()
    bench.reference("belt", 0.075, 9)
    bench.permit(Allowed.MOTION, new_epoch=False)
    assert bench.run(5.0, lambda: bench.drive("belt").at_target)
    bench.move("belt", 0.3, 0.3, 10)
    assert bench.run(5.0, lambda: bench.drive("belt").move_id == 10 and bench.drive("belt").at_target)
    drive = bench.wire.drive("belt")
    search = drive.home_to_mark

    def forget_late(ahead: int, speed_m_s: float, acceleration: float) -> None:
        search(ahead, 1e-4, acceleration)  # slow to set off, too
        drive._forgets_zero = False
        bench.events.append((bench.now_s + 0.03, lambda: setattr(drive, "is_homed", False)))

    monkeypatch.setattr(drive, "home_to_mark", forget_late)
    bench.reference("belt", 0.075, 11)
    bench.run(0.5)
    assert bench.drive("belt").move_id == 11
    assert not any(s.drives[0].at_target for s in bench.states if s.drives[0].move_id == 11)


def test_nothing_looks_for_its_zero_under_a_recovery_permit() -> None:
    bench = lost_belt()
    bench.reference("belt", 0.075, 9)
    bench.permit(Allowed.RECOVERY)
    bench.run(2.0)
    assert bench.state.phase is LinePhase.PERMITTED
    assert bench.plant.axes["belt"].position_m == pytest.approx(0.2, abs=1e-4)


def test_a_velocity_loop_is_served_at_twenty_hertz_or_more() -> None:
    bench = welding()
    t0 = bench.now_s
    for n in range(40):
        bench.velocity("weld_z", -0.0005 + 1e-5 * n)
        bench.run(0.025)
    served = [e for e in bench.events_of("weld_z", t0) if e[1] == "velocity"]
    assert len(served) >= 20
    gaps = [b[0] - a[0] for a, b in pairwise(served)]
    assert max(gaps) <= bench.plan.drives["weld_z"].write_interval_s + 0.025  # and a new one every 25 ms


def test_a_command_of_an_older_epoch_moves_nothing() -> None:
    bench = LineBench("weld_line")
    bench.enable_all()
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    bench.epoch -= 1
    bench.default = Allowed.MOTION
    bench.move("weld_x", 0.3, 0.05, 5)
    t0 = bench.now_s
    bench.run(1.0)
    assert motion_since(bench, t0) == []
    assert bench.state.phase is LinePhase.STOPPED


# Stops


STOPS = {
    "trip": lambda bench: bench.permit(Allowed.STOP_PROGRAM),
    "silent interlock": lambda bench: setattr(bench, "is_commanding", False),
    "termination": lambda bench: bench.terminate(),
}


@pytest.mark.parametrize("cause", STOPS)
def test_every_stop_brings_the_tool_out_with_the_spindle_turning(cause: str) -> None:
    bench = welding()
    t0 = bench.now_s
    STOPS[cause](bench)
    assert bench.run(5.0, lambda: bench.state.phase in (LinePhase.STOPPED, LinePhase.CLOSED))
    assert order(bench, t0)[:5] == [
        ("weld_x", "stop"),
        ("weld_z", "stop"),
        ("weld_z", "move"),
        ("weld_spindle", "stop"),
        ("weld_x", "disable"),
    ]
    budget_s = bench.plan.programs_s["weld_retract"] + bench.plan.lines["weld_line"].stop_latency_s
    assert not any(still_moves(bench, name, t0 + budget_s + 0.1) for name in WELD)
    height = bench.plant.axes["weld_z"].position_m
    assert height == pytest.approx(0.060, abs=1e-4)
    assert not bench.state.tool_in_material
    spindle_stop_s = next(e[0] for e in bench.events_of("weld_spindle", t0) if e[1] == "stop")
    out_s = min(s.at_s for s in bench.record.samples("weld_z", t0) if s.position > 0.0595)
    assert out_s < spindle_stop_s


def test_a_stop_of_its_own_names_its_cause_and_a_trip_does_not() -> None:
    bench = welding()
    bench.is_commanding = False
    bench.reach(LinePhase.STOPPED)
    assert bench.state.stop_cause.startswith("permit ended")
    bench = welding()
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    assert bench.state.stop_cause == ""


def test_after_a_stop_of_its_own_only_a_newer_epoch_moves_anything() -> None:
    bench = welding()
    bench.is_commanding = False
    bench.reach(LinePhase.STOPPED)
    t0 = bench.now_s
    bench.is_commanding = True  # the interlock is back, in the same epoch, with motion
    bench.move("weld_x", 0.1, 0.05, 9)
    bench.run(1.0)
    assert motion_since(bench, t0) == []
    bench.permit(Allowed.HOLD)
    bench.run(1.0)
    assert motion_since(bench, t0) == []
    bench.permit(Allowed.MOTION, new_epoch=False)
    assert bench.run(2.0, lambda: ("weld_x", "move") in motion_since(bench, t0))


def test_the_end_of_a_recovery_permit_stops_plainly_and_retracts_nothing() -> None:
    bench = welding()
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    bench.setpoints.clear()
    bench.permit(Allowed.RECOVERY)
    bench.velocity("weld_z", -0.005)
    bench.run(1.5)
    t0 = bench.now_s
    assert still_moves(bench, "weld_z", t0 - 0.1)
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    assert motion_since(bench, t0) == []
    assert not still_moves(bench, "weld_z", t0 + 0.2)


def test_a_recovery_clears_the_fault_of_the_drive_that_it_moves() -> None:
    bench = welding()
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    bench.setpoints.clear()
    bench.permit(Allowed.RECOVERY)
    bench.velocity("weld_z", 0.005)
    bench.wire.drive("weld_z").trip(33072)  # its communication watchdog, of the fast servo's table
    assert bench.run(0.5, lambda: bench.drive("weld_z").condition is DriveCondition.FAULT)
    bench.run(2.0)
    assert bench.drive("weld_z").condition is DriveCondition.OPERATION_ENABLED
    assert still_moves(bench, "weld_z", bench.now_s - 0.1)


def test_a_fault_is_cleared_to_its_end_although_the_goal_changes_meanwhile() -> None:
    bench = armed("weld_line")
    wheel = bench.wire.drive("weld_spindle")
    assert isinstance(wheel, VirtualC2000)
    wheel.trip(58)  # its communication watchdog
    bench.permit(Allowed.RECOVERY)
    assert bench.run(5.0, lambda: not wheel.fault_code)
    bench.turn("weld_spindle", 600.0)  # the last request of the reset is still to come
    assert bench.run(5.0, lambda: bench.drive("weld_spindle").measured_speed_rpm > 590.0)


def test_a_dead_traverse_does_not_keep_the_tool_in_the_material() -> None:
    bench = welding()
    bench.wire.drive("weld_x").is_mute = True
    t0 = bench.now_s
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    assert ("weld_z", "move") in order(bench, t0)
    assert not bench.state.tool_in_material
    assert bench.drive("weld_x").condition is DriveCondition.OFFLINE
    coast_s = bench.plan.drives["weld_x"].coast_s
    assert not still_moves(bench, "weld_x", t0 + coast_s)  # its own watchdog


def test_with_a_dead_z_the_spindle_turns_for_the_time_of_the_step() -> None:
    bench = welding()
    bench.wire.drive("weld_z").is_mute = True
    t0 = bench.now_s
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    assert bench.state.tool_in_material
    spindle_stop_s = next(e[0] for e in bench.events_of("weld_spindle", t0) if e[1] == "stop") - t0
    assert 2.0 < spindle_stop_s < 2.5


@pytest.mark.parametrize("allowed", [Allowed.NONE, Allowed.RECOVERY, Allowed.HOLD])
def test_the_mark_of_a_tool_in_the_material_outlasts_every_permit_but_that_of_motion(
    allowed: Allowed,
) -> None:
    bench = welding()
    bench.wire.drive("weld_z").is_mute = True
    bench.permit(Allowed.STOP_PROGRAM)
    bench.reach(LinePhase.STOPPED)
    bench.wire.drive("weld_z").is_mute = False
    assert bench.run(10.0, lambda: bench.state.is_armed)
    bench.permit(allowed)  # such as a recovery of another line, which tells this one NONE in a new epoch
    bench.reach(LinePhase.PERMITTED)
    bench.run(0.2)
    assert bench.state.tool_in_material
    bench.permit(Allowed.MOTION)
    assert bench.run(1.0, lambda: not bench.state.tool_in_material)


def test_with_a_dead_spindle_the_tool_is_not_pulled() -> None:
    bench = welding()
    bench.wire.drive("weld_spindle").is_mute = True
    t0 = bench.now_s
    bench.permit(Allowed.STOP_PROGRAM)
    bench.run(1.5)
    assert bench.state.tool_in_material
    assert not [e for e in bench.events_of("weld_z", t0) if e[1] == "move" and e[0] > t0 + 0.3]
    assert bench.plant.axes["weld_z"].position_m < 0.03


def test_a_drive_that_goes_off_by_itself_stops_the_line_and_stays_off() -> None:
    bench = welding()
    drive = bench.wire.drive("weld_y")
    drive.power_off(bench.now_s)
    drive.power_on(bench.now_s)
    t0 = bench.now_s
    bench.reach(LinePhase.STOPPED)
    assert bench.state.stop_cause == "weld_y went off without a command"
    assert "enable" not in [e[1] for e in bench.events_of("weld_y", t0)]


# The wire


def test_a_spindle_that_coasts_does_not_stand_although_its_output_is_off() -> None:
    bench = welding()
    inverter = bench.wire.drive("weld_spindle")
    inverter.trip(49)
    bench.run(0.2)
    assert inverter.raw(Quantity.SPEED) == 0
    assert not bench.drive("weld_spindle").is_stopped
    assert bench.drive("weld_spindle").measured_speed_rpm > 100.0
    assert bench.run(120.0, lambda: bench.drive("weld_spindle").is_stopped)
    assert abs(bench.plant.spindles["weld_spindle"].speed_rpm) <= 11.0


def test_an_inverter_that_cannot_see_its_shaft_coast_is_never_armed() -> None:
    bench = LineBench("weld_line")
    inverter = bench.wire.drive("weld_spindle")
    inverter.store(Quantity.ENCODER_TYPE, 0)
    bench.run(3.0)
    assert bench.state.phase is LinePhase.ARMING
    assert "encoder_type" in bench.drive("weld_spindle").fault_text


@pytest.mark.parametrize(
    ("field", "value"),
    [("drop", 2), ("corrupt", 2), ("truncate_to", 4), ("delay_s", 0.030), ("delay_s", 0.055)],
)
def test_noise_within_the_error_budget_is_survived(field: str, value: float) -> None:
    bench = welding()
    setattr(bench.wire.next_reply, field, value)
    bench.run(1.0)
    assert bench.state.phase is LinePhase.PERMITTED
    assert bench.wire.counters.collisions == 0
    assert all(d.condition is DriveCondition.OPERATION_ENABLED for d in bench.state.drives)


def test_a_silent_drive_is_offline_after_its_budget_and_does_not_starve_the_others() -> None:
    bench = welding()
    before = {d.drive: d.transactions for d in bench.state.drives}
    bench.wire.drive("weld_y").is_mute = True
    assert bench.run(2.0, lambda: bench.drive("weld_y").condition is DriveCondition.OFFLINE)
    bench.run(2.0)
    asked = {d.drive: d.transactions - before[d.drive] for d in bench.state.drives}
    assert asked["weld_z"] > 60
    assert asked["weld_x"] > 10
    assert asked["weld_y"] < 15
    age_s = bench.now_s - bench.drive("weld_z").measured_at_s
    assert age_s < bench.plan.drives["weld_z"].age_limit_s


def test_a_stop_that_is_not_acknowledged_is_repeated_soon_and_after_those_of_the_others() -> None:
    bench = LineBench("weld_line")
    bench.enable_all()
    bench.programs = dict.fromkeys(WELD, "weld_stop")
    bench.permit(Allowed.MOTION, new_epoch=False)
    bench.move("weld_x", 0.30, 0.02, 1)
    bench.move("weld_y", 0.05, 0.01, 1)
    assert bench.run(5.0, lambda: all(bench.drive(n).move_id == 1 for n in ("weld_x", "weld_y")))
    bench.run(0.2)
    x = bench.wire.drive("weld_x")
    timing, since_s = x.profile.timing, bench.now_s
    bench.wire.next_reply.unit = x.unit
    bench.permit(Allowed.STOP_PROGRAM)
    assert bench.run(0.3, lambda: bench.states[-1].phase is LinePhase.STOPPING)
    bench.wire.next_reply.drop = 1  # it has taken the stop, and its answer gets lost
    bench.run(0.5)
    stops = {n: [e[0] for e in bench.events_of(n, since_s) if e[1] == "stop"] for n in ("weld_x", "weld_y")}
    first_s, again_s = stops["weld_x"][:2]
    assert first_s < stops["weld_y"][0] < again_s
    others_s = 0.04  # a gap of 10 ms and the frames of y, and of z, and the gap before the repeat
    assert again_s - first_s < timing.max_reply_delay_s + LATE_S + timing.drain_s + others_s


def test_states_are_published_at_least_every_twenty_milliseconds() -> None:
    bench = welding()
    bench.wire.drive("weld_y").is_mute = True  # also while a request waits for its timeout
    n = len(bench.states)
    bench.run(1.0)
    stamps = [s.guard.stamp_s for s in bench.states[n:]]
    assert max(b - a for a, b in pairwise(stamps)) <= 0.0201


def test_the_computed_intervals_hold_on_the_wire() -> None:
    bench = welding()
    t0 = bench.now_s
    seen: dict[str, list[float]] = {name: [] for name in WELD}
    n = len(bench.states)
    for i in range(60):
        bench.move("weld_x", 0.30, 0.02 + 1e-4 * i, 2 + i)  # as many writes as the schedule allows
        bench.run(0.05)
    for states in bench.states[n:]:
        for drive in states.drives:
            if drive.measured_at_s > t0 and drive.measured_at_s not in seen[drive.drive]:
                seen[drive.drive].append(drive.measured_at_s)
    for name, stamps in seen.items():
        longest_s = max(b - a for a, b in pairwise(stamps))
        assert longest_s <= bench.plan.drives[name].read_interval_s


def test_a_cable_out_and_in_moves_nothing() -> None:
    bench = welding()
    bench.unplug()
    bench.run(0.1)
    assert bench.state.phase is LinePhase.CLOSED
    assert bench.state.stop_cause.startswith("port lost")
    assert not bench.state.is_armed
    bench.run(2.0)
    bench.plug()
    t0 = bench.now_s
    bench.reach(LinePhase.STOPPED)
    bench.run(2.0)
    assert motion_since(bench, t0) == []
    assert not any(still_moves(bench, name, t0) for name in WELD)
    bench.permit(Allowed.HOLD)
    bench.run(1.0)
    assert bench.drive("weld_x").condition is DriveCondition.OPERATION_ENABLED
    assert motion_since(bench, t0) == []


def test_a_cable_that_is_back_before_the_watchdogs_still_stops_everything() -> None:
    bench = welding()
    bench.unplug()
    bench.run(0.02)
    bench.plug()
    t0 = bench.now_s
    bench.reach(LinePhase.STOPPED)
    assert motion_since(bench, t0) == []
    assert not still_moves(bench, "weld_x", bench.now_s)


def test_termination_plays_the_program_and_then_finishes() -> None:
    bench = welding()
    bench.terminate()
    assert bench.run(5.0, lambda: bool(bench.finished))
    assert bench.finished[0].reason == "SIGTERM"
    n = len(bench.sent)
    bench.run(1.0)
    assert len(bench.sent) == n


def test_a_restarted_bus_stops_what_still_moves() -> None:
    bench = welding()
    bench.wire.drive("weld_x").words[0x0308] = 0  # as if its watchdog had been forgotten
    t0 = bench.now_s
    bench.is_commanding = False
    bench.start(session=99)
    bench.states.clear()
    bench.reach(LinePhase.STOPPED)
    assert motion_since(bench, t0) == []
    assert not still_moves(bench, "weld_x", bench.now_s)


# Outputs


def test_outputs_follow_their_mask_and_leave_the_others_alone() -> None:
    bench = armed("conveyor_line")
    bench.outputs("station_io", 0b001, 0b001)
    assert bench.run(1.0, lambda: bench.drive("station_io").outputs == 0b001)
    bench.outputs("station_io", 0b010, 0b010)
    assert bench.run(1.0, lambda: bench.drive("station_io").outputs == 0b011)
    bench.outputs("station_io", 0b000, 0b001)
    assert bench.run(1.0, lambda: bench.drive("station_io").outputs == 0b010)


def test_without_the_interlock_open_outputs_open_and_clamps_hold() -> None:
    bench = LineBench("conveyor_line")
    bench.outputs("station_io", 0b111, 0b111)
    bench.enable_all()
    assert bench.run(1.0, lambda: bench.drive("station_io").outputs == 0b111)
    bench.is_commanding = False
    assert bench.run(0.3, lambda: bench.drive("station_io").outputs == 0b011)
    bench.run(1.0)
    assert bench.drive("station_io").outputs == 0b011  # load_request opened, both clamps hold


def test_the_enable_opens_when_its_bus_dies() -> None:
    bench = LineBench("safety_line")
    bench.outputs("safety_io", 0b01, 0b11)
    bench.reach(LinePhase.PERMITTED)
    assert bench.run(1.0, lambda: bench.drive("safety_io").outputs == 0b01)
    bench.unplug()  # the module's own watchdog is the last one left
    bench.run(bench.plan.drives["safety_io"].watchdog_s or 0.0)
    bench.run(0.02)
    assert bench.plant.modules["safety_io"].outputs & 0b01 == 0


def test_a_module_is_read_at_fifty_hertz_or_more() -> None:
    bench = LineBench("safety_line")
    bench.reach(LinePhase.PERMITTED)  # nothing on this line can move: its outputs are obeyed while tripped
    before = bench.drive("safety_io").transactions
    bench.run(2.0)
    assert bench.drive("safety_io").transactions - before >= 100


def test_a_stop_of_the_bus_opens_outputs_although_the_interlock_still_wants_them() -> None:
    bench = LineBench("conveyor_line")
    bench.outputs("station_io", 0b111, 0b111)
    bench.enable_all()
    assert bench.run(1.0, lambda: bench.drive("station_io").outputs == 0b111)
    assert bench.run(1.0, lambda: bench.drive("belt").condition is DriveCondition.OPERATION_ENABLED)
    belt = bench.wire.drive("belt")
    belt.power_off(bench.now_s)
    belt.power_on(bench.now_s)
    assert bench.run(0.5, lambda: bench.drive("station_io").outputs == 0b011)
    bench.run(0.5)
    assert bench.drive("station_io").outputs == 0b011
    bench.permit(Allowed.STOP_PROGRAM)  # the interlock's answer, in an epoch of its own
    assert bench.run(0.5, lambda: bench.drive("station_io").outputs == 0b111)


@pytest.mark.parametrize(("line", "name"), [("safety_line", "safety_io"), ("conveyor_line", "station_io")])
def test_a_module_whose_watchdog_expired_is_armed_again_and_obeys(line: str, name: str) -> None:
    bench = LineBench(line)
    bench.outputs(name, 0b01, 0b01)
    assert bench.run(5.0, lambda: bool(bench.states) and bench.state.is_armed)
    module = bench.wire.drive(name)
    assert isinstance(module, VirtualRemoteIo)
    module.expired()
    assert bench.run(1.0, lambda: not bench.drive(name).is_armed)
    assert bench.run(3.0, lambda: bench.drive(name).is_armed)
    assert bench.run(1.0, lambda: bench.drive(name).condition is DriveCondition.OPERATION_ENABLED)
    bench.permit(Allowed.HOLD)
    assert bench.run(1.0, lambda: bool(bench.drive(name).outputs & 0b01))


@pytest.mark.parametrize(("field", "kind"), [("drop", "timeouts"), ("corrupt", "crc_errors")])
def test_a_spoilt_reply_is_counted_in_its_kind_for_the_drive_that_gave_it(field: str, kind: str) -> None:
    bench = welding()
    bench.run(1.0)
    assert [d.errors for d in bench.state.drives] == [0] * len(bench.state.drives)
    bench.wire.next_reply.unit = bench.wire.drive("weld_y").unit
    setattr(bench.wire.next_reply, field, 1)
    bench.run(1.0)
    found = {d.drive: d for d in bench.state.drives}
    assert (found["weld_y"].errors, getattr(found["weld_y"], kind)) == (1, 1)
    assert sum(d.errors for d in found.values()) == 1


def test_a_late_reply_raises_the_longest_latency_and_not_the_usual_one() -> None:
    bench = welding()
    bench.run(2.0)
    before = bench.drive("weld_z")
    assert 0.001 < before.latency_p50_s <= before.latency_p99_s <= before.latency_max_s < 0.02
    late_s = 0.8 * bench.plan.profiles[bench.cell.drives["weld_z"].profile].timing.timeout_s
    bench.wire.next_reply.unit = bench.wire.drive("weld_z").unit
    bench.wire.next_reply.delay_s = late_s
    bench.run(1.5)
    after = bench.drive("weld_z")
    assert after.errors == 0
    assert after.latency_max_s > late_s
    assert after.latency_p50_s == pytest.approx(before.latency_p50_s, rel=0.2)
