"""Frames of the manuals, byte for byte, against the virtual drives, with the unit ids of the manuals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cell_controller.config.loader import load_cell
from cell_sim.drives import VirtualDrive, VirtualLine, load_profiles
from cell_sim.drives.asda_a3 import VirtualAsdaA3
from cell_sim.drives.c2000 import VirtualC2000
from cell_sim.drives.motor import ShaftSpec
from cell_sim.plant import build_plant

ROOT = Path(__file__).parents[2]
Ask = Callable[[str], str]


def speaks(drive: VirtualDrive) -> Ask:
    """Frame in, frame out, as hexadecimal text; far enough apart for any gap."""
    drive.power_on(drive.plant.now_s)
    line = VirtualLine("line", 115200, 11, [drive])
    times = iter(range(1, 1000))

    def ask(frame: str) -> str:
        now_s = float(next(times))
        line.write(bytes.fromhex(frame), now_s)
        return line.read(now_s + 0.5).hex(" ").upper()

    return ask


@pytest.fixture
def parts():
    loaded = load_cell(ROOT / "config/cells/demo.yaml")
    plant = build_plant(loaded.cell, next(iter(loaded.recipes.values())))
    plant.set_outputs("safety_io", 1)
    return plant, load_profiles(loaded.cell, ROOT / "config/drives")


@pytest.fixture
def inverter(parts) -> Ask:
    plant, profiles = parts
    return speaks(VirtualC2000("weld_spindle", 1, profiles["delta_c2000"], plant, 30.0))


def asda(parts, unit: int) -> tuple[VirtualAsdaA3, Ask]:
    plant, profiles = parts
    drive = VirtualAsdaA3("weld_x", unit, profiles["delta_asda_a3"], plant, ShaftSpec(0.010, True))
    return drive, speaks(drive)


def test_the_inverter_shows_sixty_hertz_as_in_the_manual(inverter):
    inverter("01 06 20 01 17 70 DD DE")
    inverter("01 06 20 00 00 12 02 07")
    for _ in range(12):  # factory ramp of 10 s
        reply = inverter("01 03 21 02 00 02 6F F7")
    assert reply.startswith("01 03 04 17 70 17 70")


def test_the_inverter_at_rest_shows_what_it_was_set_to(inverter):
    inverter("01 06 20 01 17 70 DD DE")
    assert inverter("01 03 21 02 00 02 6F F7") == "01 03 04 17 70 00 00 FE 5C"


@pytest.mark.parametrize(
    "frame",
    ["01 06 20 00 00 12 02 07", "01 06 20 00 00 01 43 CA", "01 06 20 02 00 02 A2 0B"],
    ids=["forward", "stop", "reset"],
)
def test_the_inverter_echoes_its_commands(inverter, frame):
    assert inverter(frame) == frame


def test_the_inverter_answers_five_status_words(inverter):
    reply = inverter("01 03 21 00 00 05 8F F5")
    assert reply.startswith("01 03 0A 00 00 05 00")
    assert len(bytes.fromhex(reply)) == 15


def test_the_inverter_refuses_an_address_as_in_the_manual(inverter):
    assert inverter("01 06 30 00 00 01 47 0A") == "01 86 02 C3 A1"


def test_the_servo_takes_the_write_of_the_manual(parts):
    _, ask = asda(parts, 1)
    assert ask("01 10 01 12 00 02 04 0B B8 00 00 FC EB") == "01 10 01 12 00 02 E0 31"


def test_the_servo_shows_minus_one_as_in_the_manual(parts):
    drive, ask = asda(parts, 0x7F)
    drive.axis.position_m = -1e-7  # one PUU of 100000 per 10 mm
    drive.axis.ramp.reset(-1e-7)
    assert ask("7F 03 05 20 00 02 CF 13") == "7F 03 04 FF FF FF FF 65 A0"


@pytest.mark.parametrize(
    "frame",
    ["7F 10 05 0E 00 02 04 00 01 00 00 82 9A", "7F 10 05 0E 00 02 04 03 E8 00 00 53 2A"],
    ids=["start path 1", "stop"],
)
def test_the_servo_acknowledges_its_triggers(parts, frame):
    reply = asda(parts, 0x7F)[1](frame)
    assert reply.startswith("7F 10 05 0E 00 02")


def test_the_servo_shows_its_alarm_as_in_the_manual(parts):
    drive, ask = asda(parts, 0x7F)
    drive.trip(0x009)
    assert ask("7F 03 00 02 00 02 6F D5").startswith("7F 03 04 00 09 00 00")
