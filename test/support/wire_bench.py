"""Commissioning on simulated time: a Wire with one virtual drive of a profile at its other end."""

from __future__ import annotations

from math import inf

from cell_controller.commissioning.master import Master
from cell_controller.config import SerialFormat
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile
from cell_controller.drives.protocols import CODECS
from cell_sim.drives import VirtualDrive, VirtualLine
from cell_sim.emulate.bench import NAME, bench_line

UNIT = 5


class SimWire:
    """Wire over a virtual line; nothing takes time but what is on the line."""

    def __init__(self, line: VirtualLine) -> None:
        self.line = line
        self.now_s = 0.0
        self.sent: list[tuple[float, bytes]] = []

    def wait(self, until_s: float) -> bytes:
        assert until_s < inf, "nobody may wait for ever"
        while True:
            data = self.line.read(self.now_s)
            if data or self.now_s >= until_s:
                return data
            self.now_s = max(self.now_s, min(until_s, self.line.next_event_s()))

    def write(self, data: bytes) -> None:
        self.sent.append((self.now_s, data))
        self.line.write(data, self.now_s)

    def drain(self) -> None:
        self.line.read(self.now_s)

    def configure(self, baud: int, form: SerialFormat) -> None:
        self.line.master_baud = baud
        self.line.master_parity, self.line.master_stop_bits = form.parity, form.stop_bits


class WireBench:
    """One drive, its line, and a wire to it."""

    def __init__(
        self, profile: DriveProfile, *, baud: int | None = None, form: SerialFormat | None = None
    ) -> None:
        self.profile = profile
        self.baud = baud or max(b for b in profile.serial.bauds if b <= 115200)
        self.form = form or profile.serial.usual_format
        self.line, self.plant = bench_line(profile, UNIT, self.baud, self.form)
        self.wire = SimWire(self.line)
        self.wire.configure(self.baud, self.form)

    @property
    def speed(self) -> LineSpeed:
        return LineSpeed(self.baud, self.form)

    @property
    def master(self) -> Master:
        return Master(self.wire, self.speed, CODECS[self.profile.protocol])

    @property
    def device(self) -> VirtualDrive:
        return self.line.drive(NAME)
