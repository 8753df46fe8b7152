"""Every rule trips on its condition, names it first, and raises the epoch."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import pytest

from cell_controller.messages import Allowed, DriveCondition, Echo, LinePhase, Permit, SafetyPhase
from cell_controller.safety import RULES, RuleName
from support.interlock_bench import Bench
from support.interlock_limits import LIMITS


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


def _age(drive: str) -> Callable[[Bench], None]:
    def make_old(bench: Bench) -> None:
        bench.buses[bench.cell.drives[drive].line].measured_late_s[drive] = 2.0

    return make_old


def _silence(source: str) -> Callable[[Bench], None]:
    return lambda bench: bench.silent.add(source)


def _edit(drive: str, **changes: object) -> Callable[[Bench], None]:
    return lambda bench: bench.edit(drive, **changes)


def _line(line: str, **changes: object) -> Callable[[Bench], None]:
    return lambda bench: bench.edit_line(line, **changes)


def _switch_off(name: str) -> Callable[[Bench], None]:
    return lambda bench: bench.switch(name, False)


CASES: dict[str, tuple[str, Callable[[Bench], None]]] = {
    "estop": ("estop estop_ok", _switch_off("estop_ok")),
    "relay": ("relay relay_closed", _switch_off("relay_closed")),
    "guard": ("guard guard_closed", _switch_off("guard_closed")),
    "guard lock": ("guard guard_locked", _switch_off("guard_locked")),
    "air": ("air air_ok", _switch_off("air_ok")),
    "manager silent": ("manager_lost cell_manager", _silence("cell_manager")),
    "manager deaf": (
        "manager_lost cell_manager",
        lambda b: setattr(b, "permit_echo", Echo("interlock", b.session, b.now_s)),
    ),
    "abort": ("abort cell_manager", lambda b: b.ask(Permit.NONE)),
    "station silent": ("station_lost robot", _silence("robot")),
    "line silent": ("line_lost weld_line", _silence("weld_line")),
    "port closed": ("line_down weld_line", _line("weld_line", phase=LinePhase.CLOSED, is_armed=False)),
    "arming": ("line_down grind_line", _line("grind_line", phase=LinePhase.ARMING)),
    "line not armed": ("line_down grind_line", _line("grind_line", is_armed=False)),
    "bus stopped": (
        "bus_stopped weld_line",
        _line("weld_line", phase=LinePhase.STOPPING, stop_cause="permit lost"),
    ),
    "bus stopped without a word": ("bus_stopped weld_line", _line("weld_line", phase=LinePhase.STOPPING)),
    "other files": ("config weld_line", _line("weld_line", config_hash="other")),
    "no drives": ("config weld_line", _line("weld_line", drives=())),
    "fault": ("drive_fault weld_z", _edit("weld_z", condition=DriveCondition.FAULT, fault_text="overload")),
    "offline": ("drive_offline weld_z", _edit("weld_z", condition=DriveCondition.OFFLINE)),
    "module offline": ("drive_offline safety_io", _edit("safety_io", condition=DriveCondition.OFFLINE)),
    "not armed": ("not_armed grind_wheel", _edit("grind_wheel", is_armed=False)),
    "old data": ("stale_data weld_x", _age("weld_x")),
    "old inputs": ("stale_data safety_io", _age("safety_io")),
    "data from the future": (
        "stale_data weld_x",
        lambda b: b.buses["weld_line"].measured_late_s.update(weld_x=-1.0),
    ),
    "data of no time": (
        "stale_data weld_x",
        lambda b: b.buses["weld_line"].measured_late_s.update(weld_x=nan),
    ),
    "below": ("limits grind_infeed", _edit("grind_infeed", measured_position_m=-0.00202)),
    "too deep": ("depth_floor weld_z", _edit("weld_z", measured_position_m=0.00008)),
    "above": ("limits weld_z", _edit("weld_z", measured_position_m=0.16)),
    "position unknown": ("not_a_number weld_z", _edit("weld_z", measured_position_m=nan)),
    "position infinite": ("not_a_number weld_z", _edit("weld_z", measured_position_m=inf)),
    "speed unknown": ("not_a_number weld_x", _edit("weld_x", measured_speed_m_s=nan)),
    "spindle unknown": ("not_a_number weld_spindle", _edit("weld_spindle", measured_speed_rpm=nan)),
    "axis too fast": ("overspeed weld_x", _edit("weld_x", measured_speed_m_s=-0.27)),
    "spindle too fast": ("overspeed weld_spindle", _edit("weld_spindle", measured_speed_rpm=1900.0)),
    "wheel too fast": ("overspeed grind_wheel", _edit("grind_wheel", measured_speed_rpm=-3046.0)),
    "force": ("force weld_z", _edit("weld_z", measured_force_n=13001.0)),
    "pulling force": ("force weld_z", _edit("weld_z", measured_force_n=-13001.0)),
    "force unknown": ("not_a_number weld_z", _edit("weld_z", measured_force_n=nan)),
    "zone": (
        "zone weld_place",
        lambda b: (b.edit("weld_z", measured_position_m=0.01), b.edit("belt", measured_position_m=0.25))[0],
    ),
    "bus restarted": ("session weld_line", lambda b: b.restart_bus("weld_line")),
    "station restarted": ("session spindle", lambda b: b.restart_station("spindle")),
    "manager restarted": ("session cell_manager", lambda b: b.restart_manager()),
}


@pytest.mark.parametrize("case", CASES)
def test_it_trips_and_names_the_cause_first(bench: Bench, case: str) -> None:
    first_out, happen = CASES[case]
    epoch = bench.safety.epoch
    happen(bench)
    bench.run(0.45)
    assert bench.safety.first_out.startswith(f"{first_out}:"), bench.safety
    tripped = next(s for s in bench.history if s.first_out == bench.safety.first_out)
    assert tripped.phase is SafetyPhase.TRIPPED
    assert tripped.epoch == epoch + 1
    assert bench.allowed("weld_x") is Allowed.STOP_PROGRAM


def test_rows_of_one_rule_agree_on_recovery() -> None:
    for name in RuleName:
        assert len({r.is_recoverable for r in RULES if r.name is name}) == 1


def test_every_rule_of_the_table_has_a_case() -> None:
    here = {first_out.split()[0] for first_out, _ in CASES.values()}
    elsewhere = {RuleName.STARTUP, RuleName.LATE, RuleName.SETPOINT, RuleName.STANDSTILL}
    elsewhere |= {RuleName(first_out.split()[0]) for _, _, _, _, first_out in LIMITS.values()}  # test_limits
    elsewhere |= {  # test_inputs, test_traces
        RuleName.ENABLING,
        RuleName.IMPLAUSIBLE,
        RuleName.CLAMP,
        RuleName.COOLANT,
        RuleName.VIBRATION,
        RuleName.FROZEN,
        RuleName.REDUCED_SPEED,
        RuleName.ACCELERATION,
    }
    assert {rule.name for rule in RULES} == {RuleName(name) for name in here} | elsewhere
    assert {rule.name for rule in RULES} == set(RuleName)


@pytest.mark.parametrize(
    ("drive", "changes", "words"),
    [
        ("weld_x", {"measured_speed_m_s": 0.2585}, "nearly too fast"),
        ("grind_wheel", {"measured_speed_rpm": 2990.0}, "nearly too fast"),
        ("weld_z", {"measured_force_n": 11500.0}, "nearly too high"),
    ],
)
def test_near_a_limit_it_warns_and_goes_on(
    bench: Bench, drive: str, changes: dict[str, float], words: str
) -> None:
    bench.edit(drive, **changes)
    bench.run(0.2)
    assert bench.safety.phase is SafetyPhase.MOTION
    assert any(w.startswith(drive) and words in w for w in bench.safety.warnings)


def test_a_trip_is_commanded_in_the_same_step(bench: Bench) -> None:
    bench.sent.clear()
    bench.switch("estop_ok", False)
    bench.run(0.02)
    stops = [c for c in bench.sent if c.epoch == bench.safety.epoch]
    assert {c.line for c in stops[:4]} == set(bench.cell.lines)
    assert bench.safety.trips[0].at_s == bench.safety.guard.stamp_s


def test_the_order_of_trips_is_kept_and_repeated_ones_are_not_added(bench: Bench) -> None:
    for _ in range(2):
        for name in ("air_ok", "guard_closed"):
            bench.switch(name, False)
            bench.run(0.1)
        for name in ("air_ok", "guard_closed"):
            bench.switch(name, True)
        bench.run(0.1)
    assert bench.rules == ("air", "guard")
    assert [t.is_present for t in bench.safety.trips] == [False, False]
    assert bench.safety.trips[0].at_s < bench.safety.trips[1].at_s


def test_a_violation_in_one_sample_among_many_is_not_lost(bench: Bench) -> None:
    bus = bench.buses["weld_line"]
    bench.edit("weld_z", measured_force_n=20000.0)
    bad = bus.message(bench.now_s)
    bench.edit("weld_z", measured_force_n=0.0)
    good = bus.message(bench.now_s)
    bench.runner.deliver("drive_states", bad, bench.now_s)
    bench.runner.deliver("drive_states", good, bench.now_s)
    bench.step(bench.now_s)
    assert bench.safety.first_out.startswith("force weld_z")
    assert not bench.safety.trips[0].is_present


def test_a_late_step_trips(bench: Bench) -> None:
    bench.now_s += 0.09
    bench.step(bench.now_s)
    assert bench.safety.first_out.startswith("late interlock")


def test_a_silence_that_ended_before_the_step_trips(bench: Bench) -> None:
    bus = bench.buses["weld_line"]
    late = bench.now_s + 0.12
    bench.runner.deliver("drive_states", bus.message(late), late)
    bench.now_s = bench.now_s + 0.005
    bench.step(late)
    assert "line_lost" in bench.rules


def test_a_malformed_message_is_counted_and_refreshes_nothing(bench: Bench) -> None:
    bench.silent.add("weld_line")
    for _ in range(12):
        bench.runner.deliver_malformed("drive_states", "not a number of drives", bench.now_s)
        bench.run(0.01)
    assert bench.safety.first_out.startswith("line_lost weld_line")
    assert any("messages discarded" in w for w in bench.safety.warnings)


def test_a_line_that_speaks_for_another_is_not_believed(bench: Bench) -> None:
    bench.buses["weld_line"].states = bench.buses["grind_line"].states
    bench.run(0.2)
    assert bench.safety.first_out.startswith("line_lost weld_line")


def test_a_bus_that_does_not_obey_after_a_reset_trips() -> None:
    bench = Bench()
    bench.to_hold()
    bench.buses["grind_line"].frozen = True
    bench.edit_line("grind_line", phase=LinePhase.STOPPED, epoch=bench.safety.epoch - 1)
    bench.run(0.7)
    assert bench.safety.first_out.startswith("bus_stopped grind_line: does not obey")


def test_a_stop_cause_from_before_the_reset_is_no_new_trip() -> None:
    bench = Bench()
    bench.run(0.3)
    bench.edit_line("weld_line", stop_cause="permit lost")
    bench.run(0.1)
    assert bench.safety.can_reset
    bench.clear()
    bench.buses["weld_line"].frozen = True
    bench.run(0.06)
    bench.edit_line("weld_line", epoch=bench.safety.epoch)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD
    bench.buses["weld_line"].frozen = False
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.HOLD
    bench.edit_line("weld_line", stop_cause="permit lost", phase=LinePhase.STOPPING)
    bench.run(0.05)
    assert bench.safety.first_out.startswith("bus_stopped weld_line: stopped by itself")


def runs_on(bench: Bench, *, is_moving: bool) -> None:
    """A spindle that does not obey its stop, or stands."""
    bench.edit("weld_spindle", is_stopped=not is_moving, measured_speed_rpm=900.0 * is_moving)
    bench.edit_line("weld_line", is_stopped=not is_moving)


def failed_stop(bench: Bench) -> None:
    """Something runs on until all enables open, and then stands."""
    runs_on(bench, is_moving=True)
    bench.switch("air_ok", False)
    bench.run(1.0)
    assert bench.outputs("safety_io") == (0b11, 0b11)
    bench.run(4.5)
    assert bench.outputs("safety_io") == (0b10, 0b11)
    assert "standstill" in bench.rules
    assert bench.safety.reset_hindrance != ""
    runs_on(bench, is_moving=False)
    bench.switch("air_ok", True)


def test_an_enable_that_a_failed_stop_has_opened_stays_open_until_a_person_clears(bench: Bench) -> None:
    failed_stop(bench)
    bench.run(10.0)
    assert bench.outputs("safety_io") == (0b00, 0b11)
    assert bench.safety.can_reset
    bench.clear()
    bench.run(0.5)
    assert bench.outputs("safety_io") == (0b11, 0b11), "closed, behind a locked guard"
    assert bench.safety.phase is SafetyPhase.TRIPPED
    bench.run(0.9)
    assert bench.safety.phase is SafetyPhase.HOLD, "the same Clear, when all has stood for a second"


def test_a_drive_that_starts_by_itself_as_its_enable_closes_is_no_reset(bench: Bench) -> None:
    failed_stop(bench)
    bench.run(0.1)
    bench.clear()
    bench.run(0.5)
    runs_on(bench, is_moving=True)
    bench.run(4.0)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.outputs("safety_io")[0] & 0b10, "the guard is locked"
    bench.run(1.3)
    assert bench.outputs("safety_io") == (0b10, 0b11), "another stop that failed"


def test_a_clear_closes_no_enable_behind_a_guard_that_does_not_lock(bench: Bench) -> None:
    failed_stop(bench)
    bench.switch("guard_locked", False)
    bench.run(0.5)
    bench.clear()
    bench.run(0.5)
    assert bench.outputs("safety_io") == (0b10, 0b11), "it is to lock"
    bench.run(5.0)
    assert bench.outputs("safety_io") == (0b00, 0b11)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_a_clear_that_something_hinders_before_the_guard_has_locked_is_used_up(bench: Bench) -> None:
    failed_stop(bench)
    bench.run(0.5)
    bench.clear()
    bench.run(0.1)
    bench.switch("air_ok", False)
    bench.run(0.1)
    bench.switch("air_ok", True)
    bench.run(3.0)
    assert bench.outputs("safety_io") == (0b00, 0b11)


def test_an_open_guard_keeps_an_enable_open_that_a_failed_stop_has_opened(bench: Bench) -> None:
    failed_stop(bench)
    bench.switch("guard_closed", False)
    bench.run(0.1)
    assert not bench.safety.can_reset
    bench.clear()
    bench.run(3.0)
    assert bench.outputs("safety_io") == (0b00, 0b11)
    assert bench.safety.phase is SafetyPhase.TRIPPED


def test_enable_opens_when_a_line_stays_silent_after_a_trip(bench: Bench) -> None:
    bench.silent.add("grind_line")
    bench.run(5.5)
    assert bench.outputs("safety_io")[0] & 0b01 == 0


def test_a_module_bus_that_stopped_by_itself_is_asked_again_in_a_new_epoch() -> None:
    bench = Bench()
    bench.run(0.3)
    epoch = bench.safety.epoch
    bus = bench.buses["safety_line"]
    bus.stopped_epoch = epoch
    bench.edit_line("safety_line", phase=LinePhase.STOPPED, stop_cause="permit lost")
    bench.run(0.7)
    assert bench.safety.epoch == epoch + 1
    assert bus.states.phase is LinePhase.PERMITTED


def test_hold_that_never_becomes_standstill_trips() -> None:
    bench = Bench()
    bench.to_hold()
    bench.edit("belt", is_stopped=False, measured_speed_m_s=0.05)
    bench.run(5.6)
    assert bench.safety.first_out.startswith("standstill belt")


@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize("name", ["measured_position_m", "measured_speed_m_s", "measured_force_n"])
@pytest.mark.parametrize("drive", ["weld_x", "weld_y", "weld_z", "grind_infeed", "grind_traverse", "belt"])
def test_no_measured_value_of_an_axis_may_be_something_else_than_a_number(
    bench: Bench, value: float, name: str, drive: str
) -> None:
    bench.edit(drive, **{name: value})
    bench.run(0.03)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.safety.first_out.startswith(f"not_a_number {drive}")


def test_an_abort_counts_even_if_a_later_permit_arrives_with_it(bench: Bench) -> None:
    for permit in (Permit.NONE, Permit.HOLD):
        bench.ask(permit)
        bench.send_permit()
    bench.run(0.05)
    assert bench.safety.phase is SafetyPhase.TRIPPED
    assert bench.rules == ("abort",)
