"""Every `cell` line of docs/commissioning.md, in its order, as a process, with a virtual drive on a pty."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ModbusIOException

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "commissioning.md").read_text()
PORT = "/dev/serial/by-id/usb-FTDI_USB-RS485_A10K3F2Q-if00-port0"
LINK = "/tmp/drive"  # as the page names it; here it is another path
KEPT = "weld_spindle.yaml"
LONGEST_S = 120.0
READY_S = 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """A command of the page and the exit code that it promises."""

    text: str
    exit_code: int

    def argv(self, folder: Path) -> list[str]:
        words = shlex.split(
            self.text.replace(PORT, str(folder / "drive")).replace(LINK, str(folder / "drive"))
        )
        words = [str(folder / KEPT) if word == KEPT else word for word in words]
        assert words[0] == "cell", self.text
        return [sys.executable, "-m", "cell_controller.cli.main", *words[1:]]


def lines() -> list[Line]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    found = []
    for line in "".join(blocks).splitlines():
        text, _, comment = line.partition("  # exit code ")
        found.append(Line(text, int(comment or 0)))
    return found


EMULATE, *COMMANDS = lines()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """With the emulated drive of the page in it."""
    emulator = subprocess.Popen(
        EMULATE.argv(tmp_path), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert emulator.stdout is not None
        assert "ready at" in emulator.stdout.readline()
        yield tmp_path
        assert emulator.poll() is None, emulator.stdout.read()
        emulator.send_signal(signal.SIGINT)
        assert emulator.wait(READY_S) == 0
        assert not (tmp_path / "drive").is_symlink(), "the link goes with the drive"
    finally:
        if emulator.poll() is None:
            emulator.kill()
        emulator.communicate()


def run(line: Line, folder: Path) -> str:
    done = subprocess.run(
        line.argv(folder), cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False
    )
    assert done.returncode == line.exit_code, f"{line.text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_page_names_the_commands_in_the_order_of_the_work() -> None:
    assert EMULATE.text.startswith("cell drives emulate ")
    words = [" ".join(line.text.split()[1:3]) for line in COMMANDS if line.text.startswith("cell drives")]
    order = ["scan", "identify", "read", "watch", "export", "compare", "jog", "prove"]
    assert list(dict.fromkeys(words)) == [f"drives {word}" for word in order]


def test_every_command_of_the_page_does_what_the_page_says(folder: Path) -> None:
    said = {line: run(line, folder) for line in COMMANDS}
    by_word = {
        word: [said[x] for x in COMMANDS if f"drives {word} " in x.text]
        for word in ("scan", "identify", "watch")
    }
    assert re.search(r"│ 4 +│ 115200 +│ 8N2 ", by_word["scan"][0])
    assert re.search(r"│ delta_c2000 +│ (\d+) of \1 ", by_word["identify"][0])
    assert len(by_word["watch"][0].splitlines()) >= 3
    assert "watchdog_timeout: {address: 2307, raw: 0," in (folder / KEPT).read_text()
    jogs = [said[x] for x in COMMANDS if "drives jog" in x.text]
    speeds = [int(re.findall(r"let go at (-?\d+) rpm", text)[0]) for text in jogs]
    assert [round(speed / 120, 1) for speed in speeds] == [1.0, -1.0, 1.0]
    bench, cell = (said[x] for x in COMMANDS if "drives prove" in x.text)
    assert "stopped by its watchdog" in bench
    assert re.search(r"weld_spindle: stopped by its watchdog after", cell)
    drift = next(said[x] for x in COMMANDS if x.exit_code == 1)
    assert "watchdog_timeout" in drift


def test_a_jog_that_is_killed_leaves_a_drive_that_its_watchdog_stops(folder: Path) -> None:
    jog = next(line for line in COMMANDS if "drives jog" in line.text)
    watch = next(line for line in COMMANDS if "drives read" in line.text)
    argv = [word for word in jog.argv(folder) if word not in ("--for", "2")]
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert "arming" in child.stdout.readline()
    time.sleep(3.0)  # it turns by then
    child.kill()
    child.communicate()
    time.sleep(2.0)  # watchdog and ramp
    said = run(watch, folder)
    assert re.search(r"│ fault_code +│ 58 ", said), said
    assert re.search(r"│ shaft_speed +│ -?0 rpm ", said), said


def test_letting_go_by_a_signal_stops_the_drive_before_the_command_ends(folder: Path) -> None:
    jog = next(line for line in COMMANDS if "drives jog" in line.text)
    argv = [word for word in jog.argv(folder) if word not in ("--for", "2")]
    child = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert "arming" in child.stdout.readline()
    time.sleep(3.0)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=READY_S)
    assert child.returncode == 0
    assert "let go at 120 rpm" in said


def test_a_master_that_is_not_ours_reads_and_runs_the_emulated_drive(folder: Path) -> None:
    port = str(folder / "drive")
    with ModbusSerialClient(port, baudrate=115200, parity="N", stopbits=2, timeout=0.3, retries=1) as master:
        source = master.read_holding_registers(0x0014, count=2, device_id=4)
        assert source.registers == [1, 2]
        assert not master.write_register(0x2001, 1000, device_id=4).isError()
        assert not master.write_register(0x2000, 0x0012, device_id=4).isError()
        time.sleep(3.0)
        assert master.read_holding_registers(0x2103, count=1, device_id=4).registers == [1000]
        assert not master.write_register(0x2000, 0x0001, device_id=4).isError()


@pytest.mark.parametrize(("baud", "stop_bits"), [(57600, 2), (115200, 1)])
def test_at_another_speed_or_with_another_stop_bit_nobody_understands(
    folder: Path, baud: int, stop_bits: int
) -> None:
    port = str(folder / "drive")
    master = ModbusSerialClient(port, baudrate=baud, parity="N", stopbits=stop_bits, timeout=0.3, retries=0)
    with master, pytest.raises(ModbusIOException):
        master.read_holding_registers(0x0014, count=2, device_id=4)
