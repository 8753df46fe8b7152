"""Noise on a line, and the supervisor of simulated processes."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from cell_sim.drives import modbus
from cell_sim.host.node import Life
from cell_sim.host.noise import NoisyWire, Spoil, Spoiler
from cell_sim.host.simcell import SimCell
from cell_sim.host.supervisor import HANG_S, MOST_STARTS, START_S, Supervisor
from support.moments import TEST_CELL


@given(
    data=st.binary(min_size=2, max_size=250),
    how=st.sampled_from([Spoil.BITS, Spoil.BURST, Spoil.LOSE]),
    seed=st.integers(0, 10**6),
)
def test_no_spoilt_frame_is_taken_for_an_intact_one(data: bytes, how: Spoil, seed: int) -> None:
    frame = modbus.with_crc(data)
    assert modbus.is_intact(frame)
    spoilt = Spoiler(random.Random(seed)).spoil(frame, how)
    assert spoilt != frame
    assert not modbus.is_intact(spoilt)


class Echo:
    """A wire that gives back what was written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes, now_s: float) -> None:
        self.data = data

    def next_event_s(self) -> float:
        return 0.0

    def read(self, now_s: float) -> bytes:
        return self.data


def test_noise_meets_as_many_frames_as_are_planned_in_their_direction() -> None:
    wire = NoisyWire(Echo(), random.Random(1))
    wire.replies.append(Spoil.BITS)
    wire.write(b"abcd", 0.0)
    assert wire.read(0.0) != b"abcd"
    assert wire.read(0.0) == b"abcd"
    wire.requests.append(Spoil.LOSE)
    wire.write(b"efgh", 0.0)
    assert wire.read(0.0) == b"abcd", "the request was lost"
    assert wire.spoilt == 2


def test_the_supervisor_ends_what_hangs_and_starts_what_died_three_times() -> None:
    cell = SimCell(TEST_CELL)
    cell.start()
    supervisor = Supervisor(cell, ("robot",))
    node = cell.host.nodes["robot"]
    cell.host.hang("robot")
    cell.run_for(HANG_S - 0.2)
    assert node.life is Life.HUNG
    cell.run_for(START_S + 0.5)
    assert (node.life, node.starts) == (Life.RUNNING, 2)
    for starts in (3, 4):
        cell.host.kill("robot")
        cell.run_for(START_S + 0.3)
        assert (node.life, node.starts) == (Life.RUNNING, starts)
    assert supervisor.lost == ()
    cell.host.kill("robot")
    cell.run_for(START_S + 0.3)
    assert node.starts == MOST_STARTS
    assert supervisor.lost == ("robot",)
    supervisor.begin_anew()
    cell.run_for(START_S + 0.3)
    assert node.life is Life.RUNNING
