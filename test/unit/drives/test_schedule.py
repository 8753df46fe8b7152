"""Schedules of lines: intervals, watchdogs and stop times follow from registers, gaps and baud."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.config.values import SerialFormat
from cell_controller.drives.line_time import LineSpeed, exchange_s
from cell_controller.drives.profile import DriveProfile, Verb
from cell_controller.drives.requests import read_shape
from cell_controller.drives.schedule import (
    LEAST_CYCLE_S,
    LineMember,
    LineSchedule,
    Purpose,
    ScheduleError,
    round_up,
    schedule_line,
    watchdog_min_s,
)

LINE = LineSpeed(115200, SerialFormat.N2)


def member(name: str, profile: DriveProfile, *verbs: Verb) -> LineMember:
    return LineMember(name, profile, verbs or tuple(profile.setpoints))


@pytest.fixture
def weld(profiles: dict[str, DriveProfile]) -> LineSchedule:
    return schedule_line(
        LINE,
        (
            member("x", profiles["delta_asda_a3"]),
            member("y", profiles["delta_asda_a3"]),
            member("z", profiles["fast_modbus_servo"], Verb.VELOCITY),
            member("spindle", profiles["delta_c2000"]),
        ),
    )


def test_a_fast_servo_on_a_line_with_slow_drives_carries_a_force_loop(weld: LineSchedule) -> None:
    z = weld.drive("z")
    assert z.is_fast
    assert max(z.read_interval_s, z.write_interval_s) <= 0.050  # 20 Hz for a loop of 1 Hz
    assert z.read_interval_s == weld.longest_cycle_s


def test_a_fast_servo_could_make_eighty_exchanges_a_second_and_alone_is_held_back(
    servo: DriveProfile,
) -> None:
    line = schedule_line(LINE, (member("z", servo, Verb.VELOCITY),))
    assert line.cycle_s == LEAST_CYCLE_S
    busy = schedule_line(LINE, tuple(member(f"z{n}", servo, Verb.VELOCITY) for n in range(8)))
    assert 8 / busy.cycle_s > 80


def test_slow_drives_share_the_round(weld: LineSchedule) -> None:
    assert weld.drive("x").read_interval_s == weld.round_s
    purposes = [s.purpose for s in weld.slots if s.purpose is not Purpose.CYCLIC]
    assert purposes == [Purpose.READ, Purpose.WRITE] * 3 + [Purpose.AUDIT]
    assert [s.drive for s in weld.slots if s.purpose is Purpose.READ] == ["x", "y", "spindle"]
    assert [s.cycle for s in weld.slots if s.purpose is Purpose.CYCLIC] == list(range(7))
    assert weld.round_s <= 7 * weld.longest_cycle_s
    assert weld.cycle_s < weld.longest_cycle_s


def test_the_round_is_the_sum_of_its_cycles_worked_out_by_hand(asda: DriveProfile) -> None:
    line = schedule_line(LINE, (LineMember("x", asda),))  # nothing written: a read, then an audit
    char_s, gap_s, delay_s = 11 / 115200, 0.010, 0.005
    read_s = (8 + 25) * char_s + delay_s + gap_s  # 10 words
    audit_s = (8 + 25) * char_s + delay_s + gap_s  # the five monitor selections
    assert line.round_s == pytest.approx(read_s + audit_s)
    assert line.drive("x").read_interval_s == pytest.approx(read_s + audit_s)


@pytest.mark.parametrize(
    ("interval_s", "recovery_s", "expected_s"),
    [(0.030, 0.060, 0.150), (0.300, 0.060, 0.900), (0.1, 0.1, 0.3)],
)
def test_a_watchdog_survives_two_lost_exchanges(
    interval_s: float, recovery_s: float, expected_s: float
) -> None:
    assert watchdog_min_s(interval_s, recovery_s) == pytest.approx(expected_s)


@pytest.mark.parametrize(
    ("value", "resolution", "expected"),
    [(0.151, 0.01, 0.16), (0.15, 0.01, 0.15), (0.3, 0.1, 0.3), (0.31, 0.1, 0.4), (0.2, 1.0, 1.0)],
)
def test_a_watchdog_is_rounded_up_to_the_resolution_of_its_drive(
    value: float, resolution: float, expected: float
) -> None:
    assert round_up(value, resolution) == expected


def test_watchdogs_follow_from_the_intervals_of_the_line(weld: LineSchedule) -> None:
    for drive in weld.drives:
        assert drive.watchdog_s is not None
        assert drive.watchdog_fits
        assert drive.watchdog_s >= drive.watchdog_min_s >= 3 * drive.read_interval_s
    recovery_s = 0.060  # timeout + drain of the Delta drives
    z = weld.drive("z")
    assert z.watchdog_min_s == pytest.approx(z.read_interval_s + 2 * recovery_s)
    assert weld.drive("x").watchdog_s == 1.0


def test_a_watchdog_that_a_drive_cannot_set_is_reported(asda: DriveProfile) -> None:
    short = asda.model_copy(update={"watchdog": asda.watchdog.model_copy(update={"max_s": 1.0})})
    crowd = tuple(LineMember(f"x{n}", short, (Verb.PROFILE_MOVE,)) for n in range(8))
    drive = schedule_line(LineSpeed(9600, SerialFormat.N2), crowd).drives[0]
    assert drive.watchdog_min_s > 1.0
    assert not drive.watchdog_fits


def test_a_stop_waits_for_the_longest_exchange_and_the_stops_before_it(weld: LineSchedule) -> None:
    shapes = 0.005 + (8 + 25) * LINE.char_s + 0.010  # an ASDA read with its longest delay, and the gap
    for name in ("x", "y", "z", "spindle"):
        assert shapes < weld.drive(name).stop_latency_s < 0.100


def test_an_io_module_is_read_at_fifty_hertz_or_more(module: DriveProfile) -> None:
    line = schedule_line(LINE, (member("safety_io", module),))
    assert line.drive("safety_io").read_interval_s <= 0.020
    assert line.drive("safety_io").stop_latency_s == 0.0


def test_setpoint_costs_are_given_per_kind(weld: LineSchedule, asda: DriveProfile) -> None:
    (move,) = weld.drive("x").verbs
    assert move.exchanges == 4
    assert move.line_s > 4 * 0.010
    assert move.complete_s > move.line_s
    (speed,) = weld.drive("z").verbs
    assert speed.exchanges == 1
    assert speed.complete_s <= 2 * weld.longest_cycle_s


def test_a_line_that_a_drive_does_not_speak_is_refused(module: DriveProfile, asda: DriveProfile) -> None:
    with pytest.raises(ScheduleError, match=r"x \(delta_asda_a3\): baud 230400 is not among 9600"):
        schedule_line(LineSpeed(230400, SerialFormat.N2), (member("x", asda),))
    with pytest.raises(ScheduleError, match="setpoint kind velocity is not among outputs"):
        schedule_line(LINE, (member("io", module, Verb.VELOCITY),))


def test_a_line_without_drives_has_nothing_to_do() -> None:
    line = schedule_line(LINE, ())
    assert (line.cycle_s, line.drives, line.slots) == (0.0, (), ())


@given(st.integers(1, 6), st.sampled_from([9600, 19200, 38400, 115200]), st.booleans())
def test_more_drives_never_make_a_line_faster(
    profiles: dict[str, DriveProfile], count: int, baud: int, has_servo: bool
) -> None:
    speed = LineSpeed(baud, SerialFormat.N2)
    asda, inverter = profiles["delta_asda_a3"], profiles["delta_c2000"]
    drives = [member(f"d{n}", asda if n % 2 else inverter) for n in range(count)]
    if has_servo and baud >= 19200:
        drives.append(member("fast", profiles["fast_modbus_servo"]))
    fewer = schedule_line(speed, tuple(drives))
    more = schedule_line(speed, (*drives, member("another", asda)))
    assert more.round_s > fewer.round_s
    for drive in fewer.drives:
        grown = more.drive(drive.name)
        assert grown.read_interval_s >= drive.read_interval_s
        assert grown.stop_latency_s > drive.stop_latency_s
        alone = exchange_s(speed, read_shape(asda, asda.reads.fast.fields, is_worst=True))
        assert more.round_s > alone - 0.010
