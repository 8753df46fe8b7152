"""Virtual drives off Modbus hear anything, and answer only whole frames that are for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.config.values import SerialFormat
from cell_controller.drives.protocols import CODECS, dynamixel, ezi_servo
from cell_sim.drives import VirtualLine
from cell_sim.emulate.bench import bench_line
from support.frames import is_whole
from support.profile_bench import PROFILES

NAMES = ("robotis_dynamixel_x", "fastech_ezi_servo")
FRAMES = {
    "robotis_dynamixel_x": lambda body: dynamixel.packet(1, body or b"\x01"),
    "fastech_ezi_servo": lambda body: ezi_servo.frame_of(b"\x01" + (body or b"\x40")),
}


def line_of(name: str) -> VirtualLine:
    return bench_line(PROFILES[name], 1, 115200, SerialFormat.N1)[0]


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
def test_noise_is_never_answered(name: str, noise: list[bytes]) -> None:
    line = line_of(name)
    for number, data in enumerate(noise, 1):
        line.write(data, 0.1 * number)
        assert line.read(0.1 * number + 0.09) == b""
    assert line.counters.broken == len(noise)


@pytest.mark.parametrize("name", NAMES)
@given(st.lists(st.binary(max_size=20), max_size=6))
def test_every_whole_frame_is_answered_whatever_it_says(name: str, bodies: list[bytes]) -> None:
    line = line_of(name)
    protocol = PROFILES[name].protocol
    for number, body in enumerate(bodies, 1):
        line.write(FRAMES[name](body), float(number))
        reply = line.read(number + 0.5)
        assert reply == b"" or is_whole(protocol, reply)
        assert CODECS[protocol].heard(FRAMES[name](body)).unit == 1
    assert line.counters.requests == len(bodies)
    assert line.counters.broken == 0
