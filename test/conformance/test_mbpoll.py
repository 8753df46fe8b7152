"""mbpoll, a master that is not ours, on a pseudo-terminal: it runs, reads and stops virtual inverters."""

from __future__ import annotations

import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cell_controller.drives.profile import Quantity
from cell_sim.drives import VirtualDrive, VirtualLine, build_line
from cell_sim.plant import build_plant
from cell_sim.ptys import Pty
from support.line_bench import loaded_cell
from support.profile_bench import PROFILES

pytestmark = pytest.mark.skipif(
    shutil.which("mbpoll") is None, reason="mbpoll is not installed: apt-get install mbpoll"
)

BAUD, LIMIT_S = 19200, 20.0
_VALUE = re.compile(r"^\[(\d+)\]:\s+(-?\d+)", re.MULTILINE)


class Bench:
    """One virtual inverter on a pseudo-terminal; what mbpoll asks is answered while it runs."""

    def __init__(self, profile: str, path: Path) -> None:
        loaded = loaded_cell("demo")
        wheel = loaded.cell.drives["grind_wheel"].model_copy(update={"profile": profile, "unit": 1})
        others = {n: d for n, d in loaded.cell.drives.items() if d.line != "grind_line"}
        wire = loaded.cell.lines["grind_line"].model_copy(update={"baud": BAUD})
        changed = {
            "drives": {**others, "grind_wheel": wheel},
            "lines": {**loaded.cell.lines, "grind_line": wire},
        }
        self.ahead_s = 0.0  # of the clock: nobody waits for a ramp
        self.plant = build_plant(loaded.cell, next(iter(loaded.recipes.values())), now_s=self.now_s)
        self.plant.set_outputs("safety_io", 1)
        cell = loaded.cell.model_copy(update=changed)
        self.line: VirtualLine = build_line(cell, "grind_line", {profile: PROFILES[profile]}, self.plant)
        self.pty = Pty(path)
        self.pty.open()

    @property
    def now_s(self) -> float:
        return time.monotonic() + self.ahead_s

    @property
    def inverter(self) -> VirtualDrive:
        return self.line.drives[0]

    def later(self, duration_s: float) -> None:
        """Let time pass on the line."""
        self.ahead_s += duration_s
        self.line.read(self.now_s)

    def rpm(self) -> float:
        self.plant.advance(self.now_s)
        return self.plant.spindles["grind_wheel"].speed_rpm

    def mbpoll(self, first: int, *values: int, count: int = 1) -> dict[int, int]:
        """Read `count` registers, or write the values; the registers that it printed."""
        code, said = self.told(first, *values, count=count)
        assert code == 0, said
        return {int(register): int(value) for register, value in _VALUE.findall(said)}

    def told(self, first: int, *values: int, count: int = 1) -> tuple[int, str]:
        """Its exit code and what it said."""
        ask = [] if values else ["-c", str(count), "-1"]
        command = ["mbpoll", "-m", "rtu", "-a", "1", "-b", str(BAUD), "-P", "none", "-s", "2"]
        command += ["-0", "-r", str(first), "-t", "4", "-o", "2.0", *ask, str(self.pty.path)]
        process = subprocess.Popen(
            [*command, *map(str, values)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        end_s = time.monotonic() + LIMIT_S
        while process.poll() is None and time.monotonic() < end_s:
            self._serve()
        if process.poll() is None:
            process.kill()
        said, _ = process.communicate(timeout=5.0)
        return process.returncode, said

    def _serve(self) -> None:
        due_s = min(max(self.line.next_event_s() - self.now_s, 0.0), 0.02)
        readable, _, _ = select.select([self.pty.fd], [], [], due_s)
        self.pty.write(self.line.read(self.now_s))
        if not readable:
            return
        data = self.pty.read()
        if data:
            self.line.master_baud = self.pty.baud
            self.line.write(data, self.now_s)
        else:  # nobody has opened the other end yet, and a hang-up is always readable
            select.select([], [], [], 0.005)


@pytest.fixture
def c2000(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench("delta_c2000", tmp_path / "delta")
    yield bench
    bench.pty.close()


@pytest.fixture
def s100(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench("ls_s100", tmp_path / "ls")
    yield bench
    bench.pty.close()


def test_it_runs_reads_and_stops_a_delta_c2000(c2000: Bench) -> None:
    assert c2000.mbpoll(0x2101, count=3) == {0x2101: 0x0500, 0x2102: 0, 0x2103: 0}
    c2000.mbpoll(0x2001, 3000)  # 30.00 Hz
    c2000.mbpoll(0x2000, 0x0012)  # forward
    c2000.later(12.0)  # the factory's ramp takes 10 s to 60 Hz
    assert c2000.mbpoll(0x2101, count=3) == {0x2101: 0x0503, 0x2102: 3000, 0x2103: 3000}
    assert c2000.rpm() == pytest.approx(1800.0)
    c2000.mbpoll(0x2000, 0x0001)  # stop
    c2000.later(12.0)
    assert c2000.mbpoll(0x2101, count=3) == {0x2101: 0x0500, 0x2102: 3000, 0x2103: 0}
    assert c2000.rpm() == 0.0


def test_it_runs_reads_and_stops_an_ls_s100(s100: Bench) -> None:
    assert s100.mbpoll(0x000D) == {0x000D: 0x0001}
    s100.mbpoll(0x0006, 10, 10)  # ramps of 1.0 s
    s100.mbpoll(0x0004, 2500, 0x0004)  # 25.00 Hz in reverse, in one request
    s100.later(3.0)
    seen = s100.mbpoll(0x0008, count=7)
    assert (seen[0x0009], seen[0x000D], seen[0x000E]) == (2500, 0x0044, 0)
    assert s100.rpm() == pytest.approx(-1500.0)
    s100.mbpoll(0x0005, 0x0001)  # stop
    s100.later(3.0)
    assert s100.mbpoll(0x000D) == {0x000D: 0x0001}
    assert s100.rpm() == 0.0


def test_it_is_refused_as_on_the_drive(c2000: Bench, s100: Bench) -> None:
    code, said = c2000.told(0x2001, 7000)  # above the highest frequency
    assert code != 0
    assert "Illegal data value" in said
    assert c2000.inverter.raw(Quantity.TARGET_SPEED) == 0
    _, said = s100.told(0x0008, count=9)  # more than 8 registers
    assert "Illegal data value" in said
    _, said = s100.told(0x0500)
    assert "Illegal data address" in said
