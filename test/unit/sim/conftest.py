"""A machine and its lines in simulated time, and a master that speaks to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from cell_controller.config import CellFile, Recipe
from cell_controller.config.loader import LoadedCell, load_cell
from cell_controller.drives.profile import DriveProfile
from cell_sim.drives import VirtualLine, build_line, load_profiles
from cell_sim.drives.modbus import with_crc
from cell_sim.plant import CellPlant, build_plant
from support.modbus_conveyor import with_modbus_conveyor

ROOT = Path(__file__).parents[3]
ENABLE_AND_LOCK = 0b11  # outputs of the safety module


class Master:
    """Asks one line, waits for the reply or the timeout, keeps the gaps."""

    def __init__(self, line: VirtualLine, now_s: float = 0.0, gap_s: float = 0.0101) -> None:
        self.line = line
        self.now_s = now_s + gap_s
        self.gap_s = gap_s

    def send(self, body: bytes, timeout_s: float = 0.1) -> bytes:
        """The reply to a request without its CRC, b"" when there is none."""
        return self.send_frame(with_crc(body), timeout_s)

    def send_frame(self, frame: bytes, timeout_s: float = 0.1) -> bytes:
        self.line.write(frame, self.now_s)
        received, end_s = b"", self.now_s + timeout_s
        while not received and self.line.next_event_s() <= end_s:
            self.now_s = max(self.now_s, self.line.next_event_s())
            received = self.line.read(self.now_s)
        if not received:
            self.now_s = end_s
        self.now_s += self.gap_s
        return received

    def read(self, unit: int, address: int, count: int) -> list[int]:
        reply = self.send(bytes((unit, 3)) + address.to_bytes(2, "big") + count.to_bytes(2, "big"))
        assert reply[:2] == bytes((unit, 3)), reply.hex(" ")
        return [int.from_bytes(reply[3 + 2 * i : 5 + 2 * i], "big") for i in range(count)]

    def write(self, unit: int, address: int, *words: int) -> bytes:
        head = bytes((unit, 16)) + address.to_bytes(2, "big") + len(words).to_bytes(2, "big")
        return self.send(
            head + bytes((2 * len(words),)) + b"".join((w & 0xFFFF).to_bytes(2, "big") for w in words)
        )

    def write_long(self, unit: int, address: int, value: int) -> bytes:
        return self.write(unit, address, value & 0xFFFF, value >> 16 & 0xFFFF)

    def wait(self, time_s: float) -> None:
        """Silence; the line is read whenever it asks for it."""
        end_s = self.now_s + time_s
        while self.line.next_event_s() <= end_s:
            self.line.read(self.line.next_event_s())
        self.now_s = end_s
        self.line.read(end_s)
        for drive in self.line.drives:
            drive.advance(end_s)


@cache
def demo() -> LoadedCell:
    return with_modbus_conveyor(load_cell(ROOT / "config/cells/demo.yaml"))


@cache
def demo_profiles() -> dict[str, DriveProfile]:
    return load_profiles(demo().cell, ROOT / "config/drives")


class Rig:
    """The demo cell: plant with the relay closed, lines on demand."""

    def __init__(self) -> None:
        loaded = demo()
        self.cell: CellFile = loaded.cell
        self.recipe: Recipe = loaded.recipes["bracket"]
        self.profiles: dict[str, DriveProfile] = demo_profiles()
        self.plant: CellPlant = build_plant(self.cell, self.recipe)
        self.plant.set_outputs("safety_io", ENABLE_AND_LOCK)
        self.plant.advance(0.1)

    def line(self, name: str) -> VirtualLine:
        return build_line(self.cell, name, self.profiles, self.plant)

    def master(self, name: str) -> Master:
        return Master(self.line(name), self.plant.now_s)

    def run(self, time_s: float, step_s: float = 0.02, each: Callable[[], None] | None = None) -> None:
        """Advance the plant alone."""
        end_s = self.plant.now_s + time_s
        while self.plant.now_s < end_s - 1e-9:
            self.plant.advance(min(self.plant.now_s + step_s, end_s))
            if each is not None:
                each()


@pytest.fixture
def rig() -> Rig:
    return Rig()
