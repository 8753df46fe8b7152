"""The one suite: what every profile must pass, on the bus, with the virtual drive of its family behind it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cell_controller.config.values import DriveKind
from cell_controller.drives.motion import Motion
from cell_controller.drives.profile import (
    Exchange,
    Memory,
    ProfileField,
    Quantity,
    Source,
    StopCategory,
    needs_place,
)
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.requests import read_request, write_request
from cell_controller.messages import Allowed, DriveCondition, LinePhase
from cell_sim.drives.motor import ServoDrive
from cell_sim.plant.record import MOTION_KINDS
from support.profile_bench import COAST_S, PROFILES, ProfileBench, names

EVERY = names()
MOVERS = names(DriveKind.AXIS, DriveKind.SPINDLE)
SPINDLES = names(DriveKind.SPINDLE)
AXES = names(DriveKind.AXIS)
GUARDED = [name for name in MOVERS if PROFILES[name].watchdog.exists]
WIRED = [name for name in MOVERS if not PROFILES[name].watchdog.exists]


def bench_of(name: str) -> ProfileBench:
    return ProfileBench(PROFILES[name])


def setpoints(bench: ProfileBench, since_s: float = 0.0) -> list[str]:
    return [kind for _, kind, _ in bench.events_of(bench.name, since_s) if kind in MOTION_KINDS]


def fields_of(bench: ProfileBench, exchange: Exchange) -> list[ProfileField]:
    return [bench.profile.field(write.field) for write in exchange.write]


def place_to_stop(bench: ProfileBench) -> tuple[tuple[Source, float], ...]:
    """What a bus would say to a drive that is stopped by the place where its ramp ends."""
    device = bench.device
    assert isinstance(device, ServoDrive)
    device.advance(bench.now_s)
    found = Motion(device.position_rev, device.speed_rpm, ramp_rpm_s=600.0).stop(0.0)
    assert found is not None
    return found


# Arming


@pytest.mark.parametrize("name", EVERY)
def test_a_drive_is_armed_with_its_watchdog_and_without_moving(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    assert bench.seen.is_armed
    assert bench.seen.is_stopped
    assert bench.events_of(bench.name) == []
    assert bench.device.watchdog_s == pytest.approx(bench.plan.drives[bench.name].watchdog_s or 0.0)
    assert (bench.device.watchdog_s > 0.0) is PROFILES[name].watchdog.exists
    counters = bench.wire.counters
    assert counters.too_early == counters.broken == counters.collisions == 0


@pytest.mark.parametrize("name", [n for n in EVERY if PROFILES[n].identity])
def test_a_drive_that_is_set_otherwise_is_never_armed_and_says_which_setting(name: str) -> None:
    bench = bench_of(name)
    quantity = PROFILES[name].identity[0].field
    bench.device.store(quantity, 0x0A5A)
    assert not bench.run(COAST_S + 4.0, lambda: bool(bench.states) and bench.seen.is_armed)
    assert f"not armed: {quantity} is" in bench.seen.fault_text


@pytest.mark.parametrize("name", EVERY)
def test_a_drive_that_was_off_is_armed_again_before_it_may_move(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    bench.device.power_off(bench.now_s)
    bench.run(3.0)
    assert not bench.seen.is_armed
    bench.device.power_on(bench.now_s)
    assert bench.run(COAST_S + 6.0, lambda: bench.seen.is_armed)
    assert bench.device.watchdog_s == pytest.approx(bench.plan.drives[bench.name].watchdog_s or 0.0)


@pytest.mark.parametrize("name", EVERY)
def test_only_arming_wears_the_memory_and_only_once(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    writes = bench.device.eeprom_writes
    kept = [f for f in PROFILES[name].fields.values() if f.memory is Memory.EEPROM]
    assert writes <= len(kept)
    if PROFILES[name].kind is not DriveKind.IO:
        bench.moving()
        bench.permit(Allowed.STOP_PROGRAM)
        bench.reach(LinePhase.STOPPED, COAST_S + 6.0)
    bench.start(session=78)
    bench.states.clear()
    bench.arm()
    assert bench.device.eeprom_writes == writes


# Permits and motion


@pytest.mark.parametrize("name", MOVERS)
def test_a_hold_moves_nothing(name: str) -> None:
    bench = bench_of(name)
    bench.enable()
    bench.go()
    bench.run(1.0)
    assert setpoints(bench) == []
    assert bench.stands


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("name", SPINDLES)
def test_a_spindle_turns_as_it_is_told_and_says_so(name: str, back: bool) -> None:
    bench = bench_of(name)
    bench.moving(back=back)
    bench.run(0.5)
    wanted_rpm = -900.0 if back else 900.0
    assert bench.true_speed == pytest.approx(wanted_rpm, rel=0.01)
    assert bench.seen.measured_speed_rpm == pytest.approx(wanted_rpm, rel=0.01)
    assert bench.seen.condition is DriveCondition.OPERATION_ENABLED
    assert not bench.seen.is_stopped
    assert bench.seen.measured_current_a > 0.0


@pytest.mark.parametrize("name", SPINDLES)
def test_a_spindle_is_turned_round_through_zero(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.moving(back=True)
    bench.run(0.5)
    assert bench.seen.measured_speed_rpm == pytest.approx(-900.0, rel=0.01)


@pytest.mark.parametrize("name", SPINDLES)
def test_a_spindle_that_was_stopped_is_started_again_at_the_same_speed(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.turn(bench.name, 0.0)
    assert bench.run(COAST_S, lambda: bench.seen.is_stopped)
    bench.moving()
    bench.permit(Allowed.HOLD, new_epoch=False)
    assert bench.run(2.0 * COAST_S, lambda: bench.seen.is_stopped)
    bench.permit(Allowed.MOTION, new_epoch=False)
    bench.moving()


@pytest.mark.parametrize("name", AXES)
def test_an_axis_goes_where_it_is_told_and_says_when_it_is_there(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    for move_id, target_m in ((41, 0.30), (42, -0.05)):
        bench.move(bench.name, target_m, 0.2, move_id)
        assert bench.run(
            8.0, lambda move_id=move_id: bench.seen.move_id == move_id and bench.seen.at_target
        ), bench.seen
        assert bench.seen.measured_position_m == pytest.approx(target_m, abs=2e-4)
        assert bench.run(1.0, lambda: bench.seen.is_stopped)


@pytest.mark.parametrize("name", MOVERS)
def test_what_is_measured_follows_the_machine(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.run(0.5)
    seen, interval_s = bench.seen, bench.plan.drives[bench.name].read_interval_s
    if PROFILES[name].kind is DriveKind.SPINDLE:
        assert seen.measured_speed_rpm == pytest.approx(bench.true_speed, rel=0.02)
        return
    assert seen.measured_speed_m_s == pytest.approx(bench.true_speed, rel=0.05)
    behind_m = abs(bench.plant.axes[bench.name].position_m - seen.measured_position_m)
    assert behind_m <= abs(bench.true_speed) * (interval_s + 0.05)


# Stops


STOPS = {
    "trip": lambda bench: bench.permit(Allowed.STOP_PROGRAM),
    "silent interlock": lambda bench: setattr(bench, "is_commanding", False),
    "termination": lambda bench: bench.terminate(),
}


@pytest.mark.parametrize("cause", STOPS)
@pytest.mark.parametrize("name", MOVERS)
def test_every_stop_brings_it_to_standstill_by_its_ramp(name: str, cause: str) -> None:
    bench = bench_of(name)
    bench.moving()
    t0 = bench.now_s
    STOPS[cause](bench)
    latency_s = bench.plan.lines[bench.line_name].permit_stop_s
    assert bench.run(latency_s, lambda: bench.stands), bench.true_speed
    assert bench.run(COAST_S, lambda: bench.state.phase in (LinePhase.STOPPED, LinePhase.CLOSED))
    assert setpoints(bench, t0) == []
    if cause != "termination":
        bench.run(COAST_S)
        assert bench.seen.is_stopped
        assert bench.stands


@pytest.mark.parametrize("category", StopCategory)
@pytest.mark.parametrize("name", MOVERS)
def test_each_category_of_stop_is_what_its_number_says(name: str, category: StopCategory) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.unplug()  # nobody else speaks to it
    profile, device, codec = bench.profile, bench.device, CODECS[bench.profile.protocol]
    stop = profile.stops[category]

    def tell(exchanges: tuple[Exchange, ...]) -> None:
        for exchange in exchanges:
            bench.now_s += 0.02
            values = dict(place_to_stop(bench) if needs_place(exchange) else ())
            frame = codec.encode(write_request(profile, device.unit, exchange, values))
            assert device.hear(frame, bench.now_s) is not None

    tell(stop.ramp)
    assert bench.has_torque is (category is not StopCategory.REMOVE_POWER)
    for _ in range(400):  # heard now and then, so that no watchdog helps
        if bench.stands:
            break
        bench.now_s += 0.05
        ask = codec.encode(read_request(profile, device.unit, profile.reads.fast))
        assert device.hear(ask, bench.now_s) is not None
    assert bench.stands
    tell(stop.then)
    if category is StopCategory.CONTROLLED:
        assert bench.has_torque
    elif profile.kind is DriveKind.AXIS:
        assert not bench.has_torque


@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_that_hears_nothing_any_more_stops_by_itself(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.unplug()
    assert bench.run(bench.plan.drives[bench.name].coast_s + 0.05, lambda: bench.stands), bench.true_speed
    bench.run(2.0)
    t0 = bench.now_s
    bench.plug()
    bench.reach(LinePhase.STOPPED, COAST_S + 10.0)
    bench.permit(Allowed.HOLD)
    bench.setpoints.clear()
    bench.run(3.0)
    assert setpoints(bench, t0) == []
    assert bench.stands


@pytest.mark.parametrize("name", WIRED)
def test_a_drive_without_a_watchdog_stops_when_its_wired_enable_opens(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.unplug()
    bench.run(1.0)
    assert not bench.stands  # nobody tells it
    bench.plant.set_outputs("safety_io", 0)
    assert bench.run(bench.cell.safety.relay.delay_s + 1.0, lambda: bench.stands)


@pytest.mark.parametrize("name", MOVERS)
def test_a_drive_that_loses_its_supply_for_a_moment_does_not_go_on(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.device.power_off(bench.now_s)
    bench.device.power_on(bench.now_s)
    t0 = bench.now_s
    bench.run_with_interlock(COAST_S + 6.0)
    assert setpoints(bench, t0) == []
    lost = any(f.memory is Memory.VOLATILE for e in bench.profile.arming for f in fields_of(bench, e))
    if lost:  # found by looking at the settings in turn, else by the drive that went off
        assert bench.state.stop_cause or bench.default is Allowed.STOP_PROGRAM


# Faults


@pytest.mark.parametrize("name", MOVERS)
def test_a_fault_is_told_in_words_stays_until_it_is_cleared_and_moves_nothing(name: str) -> None:
    bench = bench_of(name)
    profile = PROFILES[name]
    code = next(iter(profile.faults))
    bench.moving()
    bench.device.trip(code)  # type: ignore[attr-defined]
    assert bench.run(2.0, lambda: bench.seen.condition is DriveCondition.FAULT)
    bench.run(0.5)
    assert bench.seen.fault_code == code
    assert profile.fault(code).text in bench.seen.fault_text
    t0 = bench.now_s
    bench.permit(Allowed.STOP_PROGRAM)
    assert bench.run(40.0, lambda: bench.seen.condition is not DriveCondition.FAULT), bench.seen
    bench.setpoints.clear()
    bench.permit(Allowed.HOLD)
    assert bench.run(4.0, lambda: bench.seen.condition in profile.enabled_in), bench.seen
    assert setpoints(bench, t0) == []


@pytest.mark.parametrize("name", MOVERS)
def test_without_torque_from_the_relay_it_does_not_come_on(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    bench.plant.set_outputs("safety_io", 0)
    bench.run(bench.cell.safety.relay.delay_s + 0.5)
    bench.permit(Allowed.MOTION)
    bench.go()
    bench.run(2.0)
    assert bench.stands
    assert bench.seen.condition is not DriveCondition.OPERATION_ENABLED


# The wire


@pytest.mark.parametrize(
    ("field", "value"), [("drop", 1), ("corrupt", 1), ("truncate_to", 4), ("delay_s", 0.055)]
)
@pytest.mark.parametrize("name", EVERY)
def test_one_spoilt_reply_changes_nothing(name: str, field: str, value: float) -> None:
    bench = bench_of(name)
    is_mover = PROFILES[name].kind is not DriveKind.IO
    if is_mover:
        bench.moving()
    else:
        bench.arm()
    phase = bench.state.phase
    bench.wire.next_reply.unit = bench.device.unit
    setattr(bench.wire.next_reply, field, value)
    bench.run(1.0)
    assert bench.state.phase is phase
    assert bench.seen.is_armed
    assert bench.stands is not is_mover if is_mover else True


@pytest.mark.parametrize("name", EVERY)
def test_a_drive_that_falls_silent_is_offline_and_comes_back(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    bench.device.is_mute = True
    assert bench.run(6.0, lambda: bench.seen.condition is DriveCondition.OFFLINE)
    bench.device.is_mute = False
    assert bench.run(COAST_S + 8.0, lambda: bench.seen.is_armed), bench.seen.fault_text


@pytest.mark.parametrize("name", EVERY)
def test_the_computed_reading_interval_holds(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    device = next(d for d in bench.bus._devices if d.name == bench.name)
    stamps, end_s = [device.image.measured_at_s], bench.now_s + 3.0
    while bench.now_s < end_s:
        bench.run(0.002)
        if device.image.measured_at_s != stamps[-1]:
            stamps.append(device.image.measured_at_s)
    longest_s = max(after - before for before, after in pairwise(stamps))
    assert longest_s <= bench.plan.drives[bench.name].read_interval_s + 1e-6


# Coasting


@pytest.mark.parametrize("name", [n for n in SPINDLES if not PROFILES[n].sees_coasting])
def test_a_spindle_that_may_coast_counts_as_turning_although_the_drive_shows_nothing(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.device.lose_torque()
    bench.run(0.5)
    assert bench.device.raw(Quantity.SPEED) == 0
    assert bench.true_speed > 100.0
    assert not bench.seen.is_stopped
    let_go_s = bench.now_s
    assert bench.run(COAST_S + 1.0, lambda: bench.seen.is_stopped)
    assert bench.now_s - let_go_s > COAST_S - 1.0


@pytest.mark.parametrize("name", [n for n in SPINDLES if not PROFILES[n].sees_coasting])
def test_a_bus_that_starts_waits_for_the_coast_that_it_has_not_seen(name: str) -> None:
    bench = bench_of(name)
    assert bench.run(COAST_S, lambda: bool(bench.states) and bench.state.phase is LinePhase.STOPPING)
    assert bench.state.stop_cause == "grind_wheel may have been coasting when the line came up"
    bench.arm()
    assert bench.now_s > COAST_S
    assert bench.seen.is_stopped


@pytest.mark.parametrize("name", EVERY)
def test_every_setting_is_looked_at_in_its_turn(name: str) -> None:
    bench = bench_of(name)
    bench.arm()
    profile, device = bench.profile, bench.device
    for exchange in (e for e in profile.arming if e.is_kept):
        quantity = exchange.write[-1].field
        device.store(quantity, device.raw(quantity) ^ 1)
        assert bench.run(8.0, lambda: not bench.seen.is_armed), quantity
        assert bench.run(COAST_S + 6.0, lambda: bench.seen.is_armed), quantity


@pytest.mark.parametrize("name", SPINDLES)
def test_a_spindle_that_was_braked_stands_as_soon_as_it_stands(name: str) -> None:
    bench = bench_of(name)
    bench.moving()
    bench.permit(Allowed.STOP_PROGRAM)
    assert bench.run(5.0, lambda: bench.stands)
    assert bench.run(0.6, lambda: bench.seen.is_stopped)
