"""What is read now and then, of a drive that answers all else."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from cell_controller.commissioning.bench import bench_drive
from cell_controller.drives.device import Device
from cell_controller.drives.errors import DriveError
from cell_controller.drives.job import Job
from cell_controller.drives.line_setup import own_values
from cell_controller.drives.profile import load_profile
from cell_controller.drives.protocols.errors import DriveExceptionError
from cell_controller.drives.protocols.request import RegistersReply
from cell_controller.drives.report import drive_state
from cell_controller.drives.transaction import Ended, NoReplyError

PROFILE = load_profile(Path(__file__).parents[3] / "config" / "drives" / "ls_s100.yaml")
REFUSED = DriveExceptionError(1, 3, 2)
FAILED = [REFUSED, NoReplyError(1, 0.01), RegistersReply(1, (1, 2, 3))]


def answered(device: Device, job: Job, *words: int) -> None:
    device.ended(job, Ended(job.request, 1.0, 1.01, RegistersReply(1, words)), 1.02)


def turn(device: Device, slow: RegistersReply | DriveError) -> float:
    """Fast readings until the torque is due, and how that one ends; the torque that is then reported."""
    length = PROFILE.span(PROFILE.reads.fast.fields)[1]
    while (job := device.slow_job()) is None:
        answered(device, device.fast_job(), *[0] * length)
    is_reply = isinstance(slow, RegistersReply)
    reply, error = (slow, None) if is_reply else (None, slow)
    device.ended(job, Ended(job.request, 1.0, 1.01, reply, error), 1.02)
    answered(device, device.fast_job(), *[0] * length)
    assert not device.is_offline
    return drive_state(device).measured_torque_nm


@pytest.mark.parametrize("how", FAILED, ids=lambda how: type(how).__name__)
def test_a_torque_that_cannot_be_read_three_times_is_no_number(how: RegistersReply | DriveError) -> None:
    drive = bench_drive(PROFILE, 1)
    device = Device("wheel", drive, PROFILE, own_values(drive, 0.5))
    good = RegistersReply(1, (500,))
    known_nm = turn(device, good)
    assert known_nm > 0.0
    assert [turn(device, how) for _ in range(2)] == [known_nm, known_nm]
    assert turn(device, good) == known_nm, "counted anew"
    assert [turn(device, how) for _ in range(2)] == [known_nm, known_nm]
    assert isnan(turn(device, how))
    assert turn(device, good) == known_nm
