"""From the bytes on a line to the joint of a Gazebo server and back: drive, plant and bridge as they run."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import pytest

from cell_sim.drives import VirtualLine, load_profiles
from cell_sim.drives.build import build_line
from cell_sim.drives.modbus import with_crc
from cell_sim.gazebo.ros import RosJoints
from support.gazebo_stand_in import DEMO, ROOT, StandIn, made

UNIT = DEMO.cell.drives["weld_x"].unit
PUU_PER_M = 100_000 / 0.010  # by the screw of 10 mm
IN_POSITION = 0x0010  # of P0-46
NEAR_M = 2e-5

# P0-17 to P0-21, P6-02, P3-06 and P4-07: what the monitors show, absolute moves, servo on by the line
SERVO_ON = (
    "10 0022 000A 14 0000 0000 0007 0000 000B 0000 0029 0000 006F 0000",
    "10 0604 0002 04 0012 0000",
    "10 030C 0002 04 0001 0000",
    "10 040E 0002 04 0001 0000",
)
RAMP_AND_SPEED = ("10 0528 0002 04 00C8 0000", "10 0578 0002 04 1770 0000")  # P5-20, P5-60: 0.1 m/s
GO = "10 050E 0002 04 0001 0000"  # P5-07


class Master:
    """Says requests on the line of the drive, in its own time, and waits for each answer."""

    def __init__(self, line: VirtualLine) -> None:
        self._line = line

    def say(self, *bodies: str) -> bytes:
        """Data of the last answer."""
        reply = b""
        for body in bodies:
            time.sleep(0.011)  # the silence that an ASDA needs
            self._line.write(with_crc(bytes((UNIT,)) + bytes.fromhex(body)), time.monotonic())
            reply, given_up_s = b"", time.monotonic() + 1.0
            while not reply and time.monotonic() < given_up_s:
                time.sleep(0.002)
                reply = self._line.read(time.monotonic())
            assert reply[1:2] == bytes.fromhex(body)[:1], f"{body}: {reply.hex(' ')}"
        return reply[3:-2]

    def target(self, puu: int) -> None:
        low, high = puu & 0xFFFF, puu >> 16 & 0xFFFF
        self.say(f"10 0606 0002 04 {low:04X} {high:04X}")

    def state(self) -> tuple[float, int]:
        """Place in metres and P0-46, as the drive tells them."""
        data = self.say("03 0012 000A")
        words = [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]
        puu = int.from_bytes(bytes.fromhex(f"{words[1]:04X}{words[0]:04X}"), signed=True)
        return puu / PUU_PER_M, words[6]

    def until(self, is_so: Callable[[float, int], bool], timeout_s: float = 8.0) -> list[float]:
        """The places on the way."""
        deadline_s, places = time.monotonic() + timeout_s, list[float]()
        while time.monotonic() < deadline_s:
            place_m, status = self.state()
            places.append(place_m)
            if is_so(place_m, status):
                return places
        raise AssertionError(f"still at {places[-1]:g} m after {timeout_s:g} s")


@pytest.fixture
def master(joints: RosJoints) -> Master:
    plant = made(joints)
    profiles = load_profiles(DEMO.cell, ROOT / "config/drives")
    return Master(build_line(DEMO.cell, DEMO.cell.drives["weld_x"].line, profiles, plant))


def test_requests_on_the_line_move_the_joint_and_the_drive_tells_where_it_is(
    master: Master, stand_in: list[StandIn]
) -> None:
    master.say(*SERVO_ON, *RAMP_AND_SPEED)
    begin_m, _ = master.state()
    assert begin_m == pytest.approx(stand_in[0].shown["weld_x"], abs=NEAR_M)
    master.target(200_000)
    master.say(GO)
    places_m = master.until(lambda at_m, status: abs(at_m - 0.02) < NEAR_M and bool(status & IN_POSITION))
    assert any(begin_m + 0.002 < at_m < 0.018 for at_m in places_m), places_m
    master.until(lambda _at, _status: abs(stand_in[0].shown["weld_x"] - 0.02) < NEAR_M)  # it is told late


def test_a_joint_that_does_not_move_is_told_by_the_drive_as_it_stands(
    master: Master, stand_in: list[StandIn]
) -> None:
    """What the drive shows is the joint, not its own reference, but for the first moments of a move."""
    master.say(*SERVO_ON, *RAMP_AND_SPEED)
    begin_m, _ = master.state()
    stand_in[0].is_stuck = True
    master.target(200_000)
    master.say(GO)
    ends_s, newest_m = time.monotonic() + 1.0, deque[float](maxlen=10)

    def is_shown(at_m: float, _status: int) -> bool:
        newest_m.append(at_m)
        return time.monotonic() > ends_s and list(newest_m) == pytest.approx([begin_m] * 10, abs=NEAR_M)

    master.until(is_shown)
    assert not master.state()[1] & IN_POSITION
