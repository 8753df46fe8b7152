"""An Ezi-SERVO's own: it refuses to run while it runs, ramps are times, and nothing watches the line."""

from __future__ import annotations

import pytest

from cell_controller.config.values import SerialFormat
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.ezi_servo import frame_of
from cell_controller.drives.protocols.request import Request, WriteRegisters
from cell_controller.messages import DriveCondition
from cell_sim.drives.ezi_servo import Flag, VirtualEziServo
from cell_sim.emulate.bench import bench_line
from support.profile_bench import PROFILES, ProfileBench

PROFILE = PROFILES["fastech_ezi_servo"]
CODEC = CODECS[PROFILE.protocol]
OK, BAD_DATA, RUN_REFUSED, UNKNOWN_TYPE = 0x00, 0x81, 0x85, 0x80
SERVO_ON, HALT, HOME = WriteRegisters(1, 0x2A00, (1,)), WriteRegisters(1, 0x3100, ()), 0x3300
MOVE = WriteRegisters(1, 0x3400, (0x10, 0x27, 0, 0, 0x88, 0x13, 0, 0))  # a turn, at half a turn a second


@pytest.fixture
def drive() -> VirtualEziServo:
    found = bench_line(PROFILE, 1, 115200, SerialFormat.N1)[0].drives[0]
    assert isinstance(found, VirtualEziServo)
    return found


def told(drive: VirtualEziServo, request: Request | bytes, now_s: float) -> int:
    """The status of the reply."""
    reply = drive.hear(request if isinstance(request, bytes) else CODEC.encode(request), now_s)
    assert reply is not None
    return reply[4]


def test_it_runs_only_with_the_servo_on_and_not_while_it_runs(drive: VirtualEziServo) -> None:
    assert told(drive, MOVE, 0.0) == RUN_REFUSED
    assert told(drive, SERVO_ON, 0.0) == OK
    assert told(drive, MOVE, 0.1) == OK
    assert told(drive, MOVE, 0.5) == RUN_REFUSED
    assert told(drive, WriteRegisters(1, HOME, ()), 0.5) == RUN_REFUSED
    assert told(drive, HALT, 0.6) == OK
    assert told(drive, MOVE, 1.0) == OK
    drive.advance(5.0)
    assert drive.position_rev == pytest.approx(1.0, abs=1e-4)


def test_the_ramp_of_a_halt_is_the_time_that_was_set(drive: VirtualEziServo) -> None:
    assert told(drive, WriteRegisters(1, 0xF000 + 4 * 4, (0xF4, 0x01, 0, 0)), 0.0) == OK  # 500 ms
    assert told(drive, SERVO_ON, 0.0) == OK
    assert told(drive, MOVE, 0.0) == OK
    assert told(drive, HALT, 1.0) == OK
    drive.advance(1.45)
    assert drive.speed_rpm > 1.0
    drive.advance(1.55)
    assert drive.speed_rpm == pytest.approx(0.0, abs=0.01)


def test_silence_stops_nothing(drive: VirtualEziServo) -> None:
    assert told(drive, SERVO_ON, 0.0) == OK
    far = WriteRegisters(1, 0x3400, (0x40, 0x42, 0x0F, 0, 0x88, 0x13, 0, 0))  # 100 turns
    assert told(drive, far, 0.0) == OK
    drive.advance(20.0)
    assert drive.speed_rpm == pytest.approx(30.0)


def test_an_alarm_takes_the_torque_and_the_servo_stays_off_until_it_is_reset(drive: VirtualEziServo) -> None:
    assert told(drive, SERVO_ON, 0.0) == OK
    drive.trip(Flag.OVERLOAD)
    assert not drive.axis.is_servo_on
    assert told(drive, SERVO_ON, 0.1) == RUN_REFUSED
    assert told(drive, WriteRegisters(1, 0x2B00, ()), 0.2) == OK
    assert told(drive, SERVO_ON, 0.3) == OK


def test_unknown_types_and_short_data_are_told_apart(drive: VirtualEziServo) -> None:
    assert told(drive, frame_of(b"\x01\x99"), 0.0) == UNKNOWN_TYPE
    assert told(drive, frame_of(b"\x01\x34\x00"), 0.0) == BAD_DATA
    assert told(drive, frame_of(b"\x01\x2a\x02"), 0.0) == BAD_DATA


def test_the_bus_overtakes_a_move_by_a_halt_and_the_next_one() -> None:
    bench = ProfileBench(PROFILE)
    bench.moving()
    bench.move(bench.name, 0.02, 0.05, 77)
    assert bench.run(8.0, lambda: bench.seen.move_id == 77 and bench.seen.at_target)
    assert bench.seen.measured_position_m == pytest.approx(0.02, abs=2e-4)
    assert bench.seen.condition is DriveCondition.OPERATION_ENABLED
