"""The families by hand: what each does with the same intentions."""

from __future__ import annotations

import pytest

X, Y, Z, SPINDLE = 1, 2, 3, 4  # units on the weld line
SERVO_ON = 0x040E


def arm_asda(master, unit: int = X, watchdog_s: int = 0) -> None:
    master.write_long(unit, 0x023C, 5)
    master.write(unit, 0x0022, 0, 0, 7, 0, 11, 0, 41, 0, 111, 0)
    master.write(unit, 0x0306, 1, 0, watchdog_s, 0)
    master.write_long(unit, 0x0604, 0x12)
    master.write_long(unit, 0x030C, 1)
    master.write_long(unit, SERVO_ON, 1)


def asda_state(master, unit: int = X) -> tuple[int, int, int]:
    """Position in PUU, status bits, alarm."""
    words = master.read(unit, 0x0012, 10)
    position = words[1] << 16 | words[0]
    return position - (1 << 32 if position >> 31 else 0), words[6], words[8]


def move_asda(master, puu: int, rpm: int = 600) -> None:
    master.write_long(X, 0x0606, puu)
    master.write_long(X, 0x0528, 100)
    master.write_long(X, 0x0578, rpm * 10)
    master.write_long(X, 0x050E, 1)


def test_an_asda_moves_only_at_the_trigger(rig):
    master = rig.master("weld_line")
    arm_asda(master)
    master.write_long(X, 0x0606, 500_000)
    master.write_long(X, 0x0578, 6000)
    master.wait(1.0)
    assert asda_state(master)[0] == 0
    master.write_long(X, 0x050E, 1)
    assert master.read(X, 0x050E, 2) == [1, 0]
    master.wait(2.0)
    position, status, alarm = asda_state(master)
    assert (position, alarm) == (500_000, 0)
    assert status & 0x10
    assert master.read(X, 0x050E, 2) == [20001, 0]
    assert rig.plant.axes["weld_x"].position_m == pytest.approx(0.05)


def test_an_asda_without_servo_on_ignores_the_trigger(rig):
    master = rig.master("weld_line")
    arm_asda(master)
    master.write_long(X, SERVO_ON, 0)
    move_asda(master, 500_000)
    master.wait(1.0)
    assert asda_state(master)[0] == 0


def test_an_asda_stops_with_its_ramp(rig):
    master = rig.master("weld_line")
    arm_asda(master)
    move_asda(master, 1_000_000)
    master.wait(0.3)
    master.write_long(X, 0x050E, 1000)
    master.wait(0.5)
    stood, status, _ = asda_state(master)
    assert 0 < stood < 1_000_000
    assert status & 0x06 == 0x06  # servo on, zero speed
    master.wait(1.0)
    assert asda_state(master)[0] == stood


def test_an_asda_with_its_watchdog_armed_stops_in_silence_and_stays_stopped(rig):
    master = rig.master("weld_line")
    arm_asda(master, watchdog_s=1)
    move_asda(master, 3_000_000, rpm=300)
    fed_s = rig.plant.now_s
    master.wait(5.0)
    last_s = rig.plant.record.last_motion_s("weld_x", 0.0005)
    assert last_s is not None
    assert 0.99 < last_s - fed_s < 1.3
    assert asda_state(master)[2] == 0x020
    before = asda_state(master)[0]
    master.write_long(X, 0x050E, 1)  # refused while the alarm stands
    master.wait(0.5)
    assert asda_state(master)[0] == before
    master.write_long(X, SERVO_ON, 0)
    master.write_long(X, 0x0002, 0)
    assert asda_state(master)[2] == 0


def test_an_asda_as_from_the_factory_runs_on_in_silence(rig):
    master = rig.master("weld_line")
    arm_asda(master, watchdog_s=0)
    move_asda(master, 3_000_000, rpm=300)
    master.wait(8.0)
    assert asda_state(master)[0] == 3_000_000


def test_an_asda_forgets_what_was_written_to_ram_only(rig):
    master = rig.master("weld_line")
    arm_asda(master, watchdog_s=2)
    drive = master.line.drive("weld_x")
    assert drive.eeprom_writes == 0
    drive.power_off(master.now_s)
    master.wait(1.0)
    drive.power_on(master.now_s)
    assert master.read(X, 0x023C, 2) == [0, 0]
    assert master.read(X, 0x0308, 2) == [0, 0]
    assert asda_state(master)[1] & 2 == 0


def test_an_asda_wears_its_eeprom_without_p2_30(rig):
    master = rig.master("weld_line")
    master.write_long(X, 0x0308, 3)
    drive = master.line.drive("weld_x")
    assert drive.eeprom_writes == 1
    drive.power_off(master.now_s)
    drive.power_on(master.now_s)
    assert master.read(X, 0x0308, 2) == [3, 0]


def test_an_asda_keeps_its_absolute_position_over_a_power_cycle(rig):
    master = rig.master("weld_line")
    arm_asda(master)
    move_asda(master, 250_000)
    master.wait(2.0)
    drive = master.line.drive("weld_x")
    drive.power_off(master.now_s)
    drive.power_on(master.now_s)
    master.write(X, 0x0022, 0, 0, 7, 0, 11, 0, 41, 0, 111, 0)
    position, status, _ = asda_state(master)
    assert position == 250_000
    assert status & 0x100


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (bytes((1, 4, 0, 0x12, 0, 2)), 1),
        (bytes((1, 3, 0x70, 0, 0, 2)), 2),
        (bytes((1, 3, 0, 0x12, 0, 11)), 3),
        (bytes((1, 16, 5, 0x0E, 0, 2, 4, 0x03, 0xE9, 0, 0)), 3),  # trigger 1001
        (bytes((1, 6, 0, 0x12, 0, 1)), 2),  # a monitor cannot be written
        (bytes((3, 16, 0x50, 0x04, 0, 1, 2, 0xFF, 0xFF)), 3),  # torque limit
        (bytes((4, 6, 0x21, 0x03, 0, 1)), 2),
        (bytes((4, 3, 0x20, 0x00, 0, 1)), 2),  # the command word cannot be read
        (bytes((4, 6, 0x20, 0x01, 0xFF, 0xFF)), 3),
        (bytes((4, 3, 0x21, 0x00, 0, 17)), 3),
        (bytes((4, 16, 0x20, 0x00, 0, 2, 2, 0, 1)), 3),  # byte count
    ],
)
def test_a_request_that_cannot_be_is_refused_with_its_code(rig, request_, code):
    reply = rig.master("weld_line").send(request_)
    assert reply[:3] == bytes((request_[0], request_[1] | 0x80, code))


# -- the CiA 402 servo -----------------------------------------------------------------------------


def control(master, word: int, unit: int = Z) -> None:
    master.write(unit, 0x5000, word)


def enable_servo(master, unit: int = Z) -> None:
    for word in (0x06, 0x07, 0x10F):
        control(master, word, unit)


def status(master, unit: int = Z) -> int:
    return master.read(unit, 0x4000, 1)[0]


def set_speed(master, counts: int, unit: int = Z, limit: int = 3000) -> None:
    master.write(unit, 0x5000, 0x0F, 3, counts & 0xFFFF, counts >> 16 & 0xFFFF, limit, 2000, 0)


def test_a_servo_climbs_one_state_per_request(rig):
    master = rig.master("weld_line")
    seen = [status(master) & 0x6F]
    for word in (0x06, 0x07, 0x10F):
        control(master, word)
        seen.append(status(master) & 0x6F)
    assert seen == [0x60, 0x21, 0x23, 0x27]


def test_a_servo_does_not_jump_from_disabled_to_enabled(rig):
    master = rig.master("weld_line")
    control(master, 0x0F)
    assert status(master) & 0x4F == 0x40


def test_enabling_with_halt_moves_nothing(rig):
    master = rig.master("weld_line")
    master.write(Z, 0x5002, 0x1000, 0)
    enable_servo(master)
    master.wait(1.0)
    assert rig.plant.axes["weld_z"].speed_m_s == 0.0
    control(master, 0x0F)  # the old target is still there
    master.wait(0.5)
    assert rig.plant.axes["weld_z"].speed_m_s > 0.0


def test_a_servo_follows_a_speed_with_its_ramp(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    set_speed(master, -12_000)  # -120 rpm of 5 mm: -10 mm/s
    master.wait(0.5)
    assert rig.plant.axes["weld_z"].speed_m_s == pytest.approx(-0.01)
    words = master.read(Z, 0x4000, 6)
    assert (words[5] << 16 | words[4]) - (1 << 32) == -12_000
    assert words[0] & 0x0400
    control(master, 0x10F)
    master.wait(0.5)
    assert rig.plant.axes["weld_z"].speed_m_s == 0.0


def test_a_move_starts_with_the_edge_and_only_with_it(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    target = round(0.040 / 0.005 * 131072)
    setup = (0x0F, 1, 0, 0, 3000, 2000, 0, target & 0xFFFF, target >> 16, 60_000, 0)
    master.write(Z, 0x5000, *setup)
    master.wait(0.5)
    z = rig.plant.axes["weld_z"]
    assert z.position_m == pytest.approx(0.060)
    assert not status(master) & 0x0400
    control(master, 0x3F)
    master.wait(2.0)
    assert z.position_m == pytest.approx(0.040, abs=1e-7)
    assert status(master) & 0x0400
    master.write(Z, 0x5007, 0, 0)  # another target without a new edge
    control(master, 0x3F)
    master.wait(1.0)
    assert z.position_m == pytest.approx(0.040, abs=1e-7)


def test_function_23_writes_before_it_reads(rig):
    master = rig.master("weld_line")
    head = bytes((Z, 23, 0x40, 0, 0, 7, 0x50, 0, 0, 1, 2))
    reply = master.send(head + bytes((0, 6)))
    assert int.from_bytes(reply[3:5], "big") & 0x6F == 0x21


def test_the_torque_limit_saturates_and_does_not_fault(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    set_speed(master, 120_000, limit=2)  # 0.2 %: about 40 N, less than friction
    master.wait(0.05)
    z = rig.plant.axes["weld_z"]
    assert 0.0 < z.force_n <= 40.3
    assert z.speed_m_s == 0.0
    assert status(master) & 0x0800
    assert status(master) & 0x6F == 0x27


def test_a_quick_stop_ends_in_switch_on_disabled(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    set_speed(master, 60_000)
    master.wait(0.3)
    control(master, 0x02)
    assert status(master) & 0x6F == 0x07
    master.wait(1.0)
    assert status(master) & 0x4F == 0x40
    assert rig.plant.axes["weld_z"].speed_m_s == 0.0


def arm_servo(master, hundredths: int, action: int = 1, unit: int = Z) -> None:
    master.write(unit, 0x5100, hundredths, action)


def test_a_servo_in_silence_ramps_down_and_faults(rig):
    master = rig.master("weld_line")
    arm_servo(master, 20)
    assert status(master) & 0x8000
    enable_servo(master)
    set_speed(master, 60_000)
    fed_s = rig.plant.now_s
    master.wait(2.0)
    words = master.read(Z, 0x4000, 2)
    assert words[0] & 0x4F == 0x08
    assert words[1] == 0x8130
    last_s = rig.plant.record.last_motion_s("weld_z", 0.0005)
    assert last_s is not None
    assert 0.2 < last_s - fed_s < 0.6


def test_a_fault_is_reset_by_the_edge_alone(rig):
    master = rig.master("weld_line")
    arm_servo(master, 20)
    master.wait(1.0)
    assert status(master) & 0x4F == 0x08
    for word in (0x0F, 0x07):
        control(master, word)
        assert status(master) & 0x4F == 0x08
    control(master, 0x00)
    control(master, 0x80)
    assert status(master) & 0x4F == 0x40


def test_frames_for_others_do_not_feed_a_watchdog(rig):
    master = rig.master("weld_line")
    arm_servo(master, 20)
    for _ in range(20):
        master.read(X, 0x0012, 10)
    assert status(master) & 0x4F == 0x08


def test_a_servo_watchdog_is_off_after_a_power_cycle(rig):
    master = rig.master("weld_line")
    arm_servo(master, 20)
    drive = master.line.drive("weld_z")
    drive.power_off(master.now_s)
    assert master.send(bytes((Z, 3, 0x40, 0, 0, 1))) == b""
    drive.power_on(master.now_s)
    assert master.read(Z, 0x5100, 2) == [0, 0]
    assert not status(master) & 0x8000


def test_sto_switches_a_servo_off_and_it_stays_off(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    set_speed(master, 6_000)
    rig.plant.press_estop()
    master.wait(7.0)
    assert status(master) & 0x5F == 0x40  # voltage not enabled
    control(master, 0x06)
    assert status(master) & 0x4F == 0x40  # refused while the relay is open
    rig.plant.release_estop()
    master.wait(0.5)
    assert status(master) & 0x5F == 0x50
    assert rig.plant.axes["weld_z"].speed_m_s == 0.0
    enable_servo(master)
    assert status(master) & 0x6F == 0x27


BELT = 1  # unit on the conveyor line
HOMED = 0x4000
TURN_M = 0.1  # of the belt per revolution


def stand_between_marks(rig, belt_m: float) -> None:
    rig.plant.belts["conveyor"].axis.move_to(belt_m, 0.3, 1.0, 1.0)
    rig.run(belt_m / 0.3 + 1.0)


def home_servo(master, method: int, rpm: float = 30.0) -> None:
    enable_servo(master, BELT)
    master.write(BELT, 0x500B, method, round(rpm * 100), 0)
    master.write(BELT, 0x5000, 0x0F, 6, 0, 0, 3000, 600, 0)
    control(master, 0x1F, BELT)


def shown_m(master) -> float:
    words = master.read(BELT, 0x4002, 2)
    count = words[1] << 16 | words[0]
    return (count - (1 << 32 if count >> 31 else 0)) / 131072 * TURN_M


def test_a_belt_does_not_know_its_zero_after_power_on_even_on_a_mark(rig):
    master = rig.master("conveyor_line")
    assert not status(master, BELT) & HOMED


@pytest.mark.parametrize(("method", "mark_m"), [(24, 0.5), (28, 0.0)])
def test_homing_takes_a_belt_to_the_next_mark_on_its_side(rig, method, mark_m):
    stand_between_marks(rig, 0.2)
    master = rig.master("conveyor_line")
    home_servo(master, method)
    master.wait(1.0)
    assert not status(master, BELT) & HOMED
    master.wait(10.0)
    assert status(master, BELT) & HOMED
    assert rig.plant.axes["belt"].position_m == pytest.approx(mark_m, abs=1e-5)
    assert shown_m(master) == pytest.approx(0.0, abs=1e-5)


def test_homing_where_it_stands_moves_nothing(rig):
    stand_between_marks(rig, 0.2)
    master = rig.master("conveyor_line")
    home_servo(master, 37)
    assert status(master, BELT) & HOMED
    assert rig.plant.axes["belt"].position_m == pytest.approx(0.2, abs=1e-5)
    assert shown_m(master) == pytest.approx(0.0, abs=1e-5)


def test_the_reply_that_starts_homing_still_shows_the_old_zero(rig):
    stand_between_marks(rig, 0.2)
    master = rig.master("conveyor_line")
    home_servo(master, 37)
    control(master, 0x0F, BELT)
    master.write(BELT, 0x500B, 28)
    head = bytes((BELT, 23, 0x40, 0, 0, 1, 0x50, 0, 0, 1, 2))
    reply = master.send(head + (0x1F).to_bytes(2, "big"))
    assert int.from_bytes(reply[3:5], "big") & HOMED
    assert not status(master, BELT) & HOMED


def test_a_belt_on_its_switch_does_not_run_to_the_next(rig):
    stand_between_marks(rig, 0.502)
    master = rig.master("conveyor_line")
    home_servo(master, 24)
    master.wait(3.0)
    assert rig.plant.axes["belt"].position_m == pytest.approx(0.5, abs=1e-5)


def test_homing_that_is_halted_leaves_a_belt_without_its_zero(rig):
    stand_between_marks(rig, 0.4)
    master = rig.master("conveyor_line")
    home_servo(master, 37)
    assert status(master, BELT) & HOMED
    home_servo(master, 28)
    master.wait(1.0)
    control(master, 0x10F, BELT)
    master.wait(10.0)
    assert not status(master, BELT) & HOMED
    assert 0.05 < rig.plant.axes["belt"].position_m < 0.39


def test_a_method_that_the_servo_does_not_know_is_refused(rig):
    master = rig.master("conveyor_line")
    assert master.write(BELT, 0x500B, 1)[:3] == bytes((BELT, 0x90, 3))


def asda_belt(rig):
    """The belt behind an ASDA without battery."""
    cell = rig.cell
    belt = cell.drives["belt"].model_copy(update={"profile": "delta_asda_a3"})
    rig.cell = cell.model_copy(update={"drives": {**cell.drives, "belt": belt}})
    return rig.master("conveyor_line")


def home_asda(master, method: int) -> None:
    arm_asda(master, BELT)
    master.write_long(BELT, 0x0528, 1000)
    master.write(BELT, 0x0508, method, 0, 300, 0)  # P5-04, P5-05: 30 rpm
    master.write_long(BELT, 0x050E, 0)


@pytest.mark.parametrize(("method", "mark_m"), [(0x22, 0.5), (0x23, 0.0), (0x08, 0.2)])
def test_an_asda_homes_as_p5_04_says(rig, method, mark_m):
    stand_between_marks(rig, 0.2)
    master = asda_belt(rig)
    assert not asda_state(master, BELT)[1] & 0x100
    home_asda(master, method)
    master.wait(11.0)
    position, word, alarm = asda_state(master, BELT)
    assert word & 0x100
    assert (position, alarm) == (pytest.approx(0, abs=10), 0)
    assert rig.plant.axes["belt"].position_m == pytest.approx(mark_m, abs=1e-5)


@pytest.mark.parametrize("register_and_value", [(0x050E, 1000), (SERVO_ON, 0)])
def test_an_asda_that_is_stopped_on_its_way_home_is_not_homed(rig, register_and_value):
    stand_between_marks(rig, 0.4)
    master = asda_belt(rig)
    home_asda(master, 0x23)
    master.wait(1.0)
    master.write_long(BELT, *register_and_value)
    master.wait(10.0)
    assert not asda_state(master, BELT)[1] & 0x100


def test_an_asda_without_servo_on_does_not_home(rig):
    master = asda_belt(rig)
    master.write(BELT, 0x0508, 8, 0)
    master.write_long(BELT, 0x050E, 0)
    assert not asda_state(master, BELT)[1] & 0x100


def test_an_axis_that_cannot_follow_trips(rig):
    master = rig.master("conveyor_line")
    enable_servo(master, 1)
    rig.plant.jam("conveyor")
    target = 10 * 131072
    setup = (0x0F, 1, 0, 0, 3000, 2000, 0, target & 0xFFFF, target >> 16, 24_000, 0)
    master.write(1, 0x5000, *setup)
    control(master, 0x3F, 1)
    for _ in range(100):
        status(master, 1)
    master.wait(3.0)
    words = master.read(1, 0x4000, 2)
    assert (words[0] & 0x4F, words[1]) == (0x08, 0x8611)


# -- the inverter ----------------------------------------------------------------------------------


def run_spindle(master, hz: float = 20.0) -> None:
    master.write(SPINDLE, 0x010C, 60, 60)  # 0.60 s to 60 Hz
    master.write(SPINDLE, 0x2001, round(hz * 100))
    master.write(SPINDLE, 0x2000, 0x12)


def inverter(master) -> list[int]:
    """Fault, status, set frequency, output frequency, current."""
    return master.read(SPINDLE, 0x2100, 5)


def test_an_inverter_runs_with_frequency_and_run_command(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    master.wait(1.0)
    fault, word, commanded, output, current = inverter(master)
    assert (fault, word & 3, commanded, output) == (0, 3, 2000, 2000)
    assert current > 0
    assert rig.plant.spindles["weld_spindle"].speed_rpm == pytest.approx(600.0)
    assert master.read(SPINDLE, 0x210C, 1) == [600]
    assert word & 0x0500 == 0x0500


def test_a_frequency_alone_starts_nothing(rig):
    master = rig.master("weld_line")
    master.write(SPINDLE, 0x2001, 2000)
    master.wait(1.0)
    assert inverter(master)[1] & 3 == 0
    assert rig.plant.spindles["weld_spindle"].speed_rpm == 0.0


def test_reverse_shows_in_the_direction_bits(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    master.write(SPINDLE, 0x2000, 0x22)
    master.wait(2.0)
    assert inverter(master)[1] & 0x18 == 0x18
    assert rig.plant.spindles["weld_spindle"].speed_rpm == pytest.approx(-600.0)


def test_stop_ramps_and_switches_the_output_off(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    master.wait(1.0)
    master.write(SPINDLE, 0x2000, 0x01)
    assert inverter(master)[1] & 3 == 1
    master.wait(1.0)
    assert inverter(master)[1] & 3 == 0
    assert rig.plant.spindles["weld_spindle"].speed_rpm == 0.0


@pytest.mark.parametrize(("action", "fault", "stands"), [(1, 58, True), (2, 58, False), (3, 0, False)])
def test_the_inverter_does_in_silence_what_09_02_says(rig, action, fault, stands):
    master = rig.master("weld_line")
    master.write(SPINDLE, 0x0902, action, 5)  # 0.5 s
    run_spindle(master)
    master.wait(0.4)
    inverter(master)
    master.wait(2.0)
    assert inverter(master)[0] & 0xFF == fault
    assert (rig.plant.spindles["weld_spindle"].speed_rpm == 0.0) is stands


def test_a_tripped_inverter_runs_again_only_after_reset_and_a_new_command(rig):
    master = rig.master("weld_line")
    master.write(SPINDLE, 0x0902, 1, 5)
    run_spindle(master)
    master.wait(2.0)
    master.write(SPINDLE, 0x2000, 0x12)
    assert inverter(master)[0] == 58
    master.write(SPINDLE, 0x2000, 0x01)
    master.write(SPINDLE, 0x2002, 0x02)
    assert inverter(master)[0] == 0
    assert inverter(master)[1] & 3 == 0
    master.write(SPINDLE, 0x2000, 0x12)
    assert inverter(master)[1] & 3 != 0


def test_clearing_a_base_block_resumes_the_run(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    master.wait(1.0)
    master.write(SPINDLE, 0x2002, 0x04)
    assert inverter(master)[3] == 0
    assert rig.plant.spindles["weld_spindle"].speed_rpm > 500.0  # it coasts
    master.write(SPINDLE, 0x2002, 0x00)
    master.wait(1.0)
    assert inverter(master)[3] == 2000


def test_an_external_fault_coasts_and_latches(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    master.wait(1.0)
    master.write(SPINDLE, 0x2002, 0x01)
    assert inverter(master)[0] == 49
    assert inverter(master)[3] == 0
    assert rig.plant.spindles["weld_spindle"].speed_rpm > 500.0


def test_sto_shows_as_a_fault_while_it_lasts_and_nothing_restarts(rig):
    master = rig.master("weld_line")
    run_spindle(master)
    rig.plant.press_estop()
    master.wait(7.0)
    assert inverter(master)[0] == 76
    rig.plant.release_estop()
    master.wait(1.0)
    assert inverter(master)[:2] == [0, 0x0500]
    assert master.read(SPINDLE, 0x210C, 1)[0] > 0  # still coasting, and the encoder shows it


def test_the_inverter_keeps_its_parameters_over_a_power_cycle(rig):
    master = rig.master("weld_line")
    master.write(SPINDLE, 0x0902, 1, 5)
    drive = master.line.drive("weld_spindle")
    drive.power_off(master.now_s)
    drive.power_on(master.now_s)
    assert master.read(SPINDLE, 0x0902, 2) == [1, 5]


# -- the I/O module --------------------------------------------------------------------------------


def test_outputs_fall_back_as_declared_when_the_master_is_silent(rig):
    master = rig.master("conveyor_line")
    master.write(2, 0x0100, 20, 1, 0b0011)
    master.write(2, 0x0002, 0b0101)
    master.wait(0.3)
    words = master.read(2, 0x0000, 3)
    assert words[0] == 0b11
    assert words[2] == 0b0001  # the clamp holds, the load request opens
    assert master.write(2, 0x0002, 0b0101)[:3] == bytes((2, 0x90, 4))
    master.write(2, 0x0100, 20)
    assert master.read(2, 0x0000, 1) == [0b01]
    assert master.write(2, 0x0002, 0b0101)[:2] == bytes((2, 16))


def test_inputs_and_gauges_are_what_is_wired(rig):
    master = rig.master("conveyor_line")
    belt = rig.plant.belts["conveyor"]
    belt.parts.append(belt.loader.make(2 * belt.pitch_m))
    words = master.read(2, 0x0000, 7)
    assert words[1] == 0b0100
    assert words[3] == 200  # 20.0 C
    assert words[4] == pytest.approx(30_000, abs=20)  # the nominal surface


def test_outputs_open_at_power_on_and_without_supply(rig):
    master = rig.master("safety_line")
    master.write(1, 0x0002, 0b11)
    assert not rig.plant.is_sto
    drive = master.line.drive("safety_io")
    drive.power_off(master.now_s)
    assert not rig.plant.relay.is_closed
    drive.power_on(master.now_s)
    assert master.read(1, 0x0002, 1) == [0]


def test_frozen_registers_keep_their_values(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    before = master.read(Z, 0x4002, 2)
    master.line.drive("weld_z").is_frozen = True
    set_speed(master, 6000)
    master.wait(1.0)
    assert master.read(Z, 0x4002, 2) == before
    assert rig.plant.axes["weld_z"].position_m > 0.061


def test_setpoints_that_reach_a_drive_are_recorded(rig):
    master = rig.master("weld_line")
    enable_servo(master)
    set_speed(master, 6000)
    control(master, 0x10F)
    kinds = [w.kind for w in rig.plant.record.setpoints("weld_z")]
    assert kinds == ["enable", "stop", "velocity", "stop"]
