"""What the wire does: pace, silence, collisions, faults."""

from __future__ import annotations

from math import inf

import pytest

from cell_sim.drives.modbus import with_crc

READ_Z = bytes((3, 3, 0x40, 0x00, 0, 7))
READ_X = bytes((1, 3, 0x00, 0x12, 0, 10))
CHAR_S = 11 / 115200


def test_a_transaction_takes_the_time_of_its_characters(rig):
    master = rig.master("weld_line")
    start_s = master.now_s
    reply = master.send(READ_Z)
    assert len(reply) == 5 + 14
    took_s = master.now_s - master.gap_s - start_s
    delay_s = rig.profiles["fast_modbus_servo"].timing.reply_delay_s
    assert took_s == pytest.approx((8 + 19) * CHAR_S + delay_s, abs=1e-9)


def test_nothing_arrives_before_the_reply_is_over(rig):
    line = rig.line("weld_line")
    line.write(with_crc(READ_Z), 1.0)
    end_s = 1.0 + 27 * CHAR_S + rig.profiles["fast_modbus_servo"].timing.reply_delay_s
    assert line.read(end_s - 1e-6) == b""
    assert len(line.read(end_s + 1e-6)) == 19


def test_a_request_with_a_wrong_crc_is_not_answered(rig):
    master = rig.master("weld_line")
    assert master.send_frame(READ_Z + b"\x00\x00") == b""
    assert master.line.counters.broken == 1
    assert master.send(READ_Z) != b""


def test_a_request_for_nobody_is_not_answered(rig):
    assert rig.master("weld_line").send(bytes((9,)) + READ_Z[1:]) == b""


def test_an_asda_ignores_a_frame_with_less_than_its_silence_before_it(rig):
    master = rig.master("weld_line")
    master.gap_s = 0.005
    assert master.send(READ_X) != b""
    assert master.send(READ_X, timeout_s=0.03) == b""
    assert master.line.counters.too_early == 1
    assert master.send(READ_X) != b""  # the timeout was silence enough


def test_the_fast_servo_is_content_with_the_gap_of_the_standard(rig):
    master = rig.master("weld_line")
    master.gap_s = 0.00176
    for _ in range(20):
        assert master.send(READ_Z) != b""


def test_two_requests_without_silence_are_one_broken_frame(rig):
    line = rig.line("weld_line")
    line.write(with_crc(READ_Z), 1.0)
    line.write(with_crc(READ_Z), 1.0)
    assert line.read(1.1) == b""
    assert line.counters.broken == 1


def test_a_frame_may_come_in_pieces(rig):
    line = rig.line("weld_line")
    frame = with_crc(READ_Z)
    line.write(frame[:3], 1.0)
    line.write(frame[3:], 1.0 + 3 * CHAR_S)
    assert len(line.read(1.1)) == 19


def test_talking_into_a_reply_spoils_both(rig):
    line = rig.line("weld_line")
    line.write(with_crc(READ_Z), 1.0)
    line.write(with_crc(READ_X), 1.0 + 8 * CHAR_S + 0.001)
    reply = line.read(1.1)
    assert line.counters.collisions == 1
    assert line.counters.broken == 1  # the second request
    assert reply[-2:] != with_crc(reply[:-2])[-2:]


def test_a_late_reply_arrives_when_the_master_has_given_up(rig):
    master = rig.master("weld_line")
    master.line.next_reply.delay_s = 0.2
    assert master.send(READ_Z, timeout_s=0.03) == b""
    assert len(master.line.read(master.now_s + 0.3)) == 19


def test_the_next_replies_can_be_lost_spoilt_and_cut(rig):
    master = rig.master("weld_line")
    faults = master.line.next_reply
    faults.drop = 1
    assert master.send(READ_Z) == b""
    faults.corrupt = 1
    reply = master.send(READ_Z)
    assert len(reply) == 19
    assert with_crc(reply[:-2]) != reply
    faults.truncate_to = 5
    assert len(master.send(READ_Z)) == 5
    assert with_crc(master.send(READ_Z)[:-2])[:3] == bytes((3, 3, 14))


def test_faults_can_be_meant_for_one_drive(rig):
    master = rig.master("weld_line")
    master.line.next_reply.drop = 1
    master.line.next_reply.unit = 3
    assert master.send(READ_X) != b""
    assert master.send(READ_Z) == b""


def test_an_unplugged_line_says_nothing_and_comes_back(rig):
    master = rig.master("weld_line")
    master.line.write(with_crc(READ_Z), master.now_s)
    master.line.plug(False)
    master.now_s += 1.0
    assert master.send(READ_Z) == b""
    master.line.plug(True)
    assert master.send(READ_Z) != b""


def test_a_master_at_the_wrong_speed_is_not_understood(rig):
    master = rig.master("weld_line")
    master.line.master_baud = 9600
    assert master.send(READ_Z) == b""


def test_a_mute_drive_hears_nothing_either(rig):
    master = rig.master("weld_line")
    master.line.drive("weld_z").is_mute = True
    assert master.send(READ_Z) == b""
    assert master.send(READ_X) != b""


def test_a_quiet_line_with_watchdogs_off_wants_nothing(rig):
    assert rig.line("weld_line").next_event_s() == inf


@pytest.mark.parametrize("line", ["weld_line", "grind_line", "conveyor_line", "safety_line"])
def test_every_line_of_the_demo_cell_answers_for_every_drive(rig, line):
    master = rig.master(line)
    for drive in master.line.drives:
        field = drive.profile.fields[drive.profile.reads.fast.fields[0]]
        assert len(master.read(drive.unit, field.address, 1)) == 1


def test_a_broadcast_stop_reaches_the_inverter_and_is_not_answered(rig):
    master = rig.master("weld_line")
    master.write(4, 0x2001, 3000)
    master.write(4, 0x2000, 0x12)
    assert master.send(bytes((0, 6, 0x20, 0x00, 0, 1))) == b""
    assert not master.line.drive("weld_spindle").is_run
