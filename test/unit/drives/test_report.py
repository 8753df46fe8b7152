"""What a bus says of a drive in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.commissioning.bench import bench_drive, bench_watchdog_s
from cell_controller.drives.device import Device
from cell_controller.drives.line_setup import own_values
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, Quantity, load_profile, to_words
from cell_controller.drives.protocols.request import RegistersReply
from cell_controller.drives.report import drive_state
from cell_controller.drives.transaction import Ended
from cell_controller.messages import DriveCondition, DriveState

DRIVES = Path(__file__).parents[3] / "config" / "drives"


def shown(name: str, raws: dict[Quantity, int]) -> DriveState:
    """After one reading of the fast block with these contents, and 0 elsewhere."""
    profile = load_profile(DRIVES / f"{name}.yaml")
    drive = bench_drive(profile, 1)
    speed = LineSpeed(profile.serial.bauds[-1], profile.serial.usual_format)
    device = Device(name, drive, profile, own_values(drive, bench_watchdog_s(profile, speed)))
    job = device.fast_job()
    reply = RegistersReply(1, _words(profile, raws))
    device.ended(job, Ended(job.request, 1.0, 1.01, reply), 1.02)
    return drive_state(device)


def _words(profile: DriveProfile, raws: dict[Quantity, int]) -> tuple[int, ...]:
    block = profile.reads.fast.fields
    first, length = profile.span(block)
    words = [0] * length
    for quantity, raw in raws.items():
        field = profile.field(quantity)
        words[field.address - first : field.end - first] = to_words(profile, field, raw)
    return tuple(words)


@pytest.mark.parametrize(
    ("name", "raws", "words"),
    [
        ("robotis_dynamixel_x", {Quantity.WATCHDOG_TIMEOUT: 255}, "bus watchdog"),
        ("remote_io", {Quantity.STATUS_WORD: 3}, "in fallback"),
        ("remote_io_coils", {Quantity.STATUS_WORD: 3}, "in fallback"),
    ],
)
def test_a_fault_without_a_code_is_told_in_words(name: str, raws: dict[Quantity, int], words: str) -> None:
    state = shown(name, raws)
    assert (state.condition, state.fault_code) == (DriveCondition.FAULT, 0)
    assert state.fault_text.startswith(words)


def test_a_code_comes_before_what_has_none() -> None:
    state = shown("robotis_dynamixel_x", {Quantity.FAULT_CODE: 0x20, Quantity.WATCHDOG_TIMEOUT: 255})
    assert (state.fault_code, state.fault_text) == (0x20, "overload")


def test_who_is_well_has_no_words() -> None:
    assert shown("remote_io", {Quantity.STATUS_WORD: 1}).fault_text == ""


def test_a_fault_that_no_table_knows_sends_to_the_manual() -> None:
    profile = load_profile(DRIVES / "delta_c2000.yaml")
    assert profile.fault(0).text == "a fault without a code"
    assert profile.manual in profile.fault(0).remedy
