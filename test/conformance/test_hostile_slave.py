"""A short run of `make fuzz`, and proof that it would notice: bus or codec, made worse on purpose."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cell_controller.drives.bus import DriveBus
from cell_controller.drives.protocols import modbus
from cell_controller.drives.transaction import HalfDuplex
from fuzz.hostile import HONEST, Trick
from fuzz.oracle import closed, fault_of
from fuzz.trial import Counts, FuzzError, Trial

SEED = 9
TRIAL_S = 8.0
MOST_TRIALS = 8

READ = bytes.fromhex("0103210200026FF7")  # with its answer, as printed in the C2000 manual
READ_ANSWER = bytes.fromhex("010304177000 00FE5C".replace(" ", ""))


def hunt() -> str:
    """What the first trial that finds something says."""
    for number in range(MOST_TRIALS):
        try:
            Trial(f"{SEED}:{number}").run(TRIAL_S)
        except FuzzError as error:
            return str(error)
    return ""


def test_a_bus_withstands_a_slave_that_answers_everything_but_right() -> None:
    total = Counts()
    for number in range(6):
        total.add(Trial(f"{SEED}:{number}").run(TRIAL_S))
    assert total.exchanges > 1000
    assert set(total.tricks) >= set(HONEST) - {Trick.NONE}
    assert total.believed["own"] > total.exchanges / 4
    assert total.refused > 0
    assert total.moves > 0  # drives that were permitted to move did
    assert total.stops > 6


def test_the_command_counts_trials_of_several_processes() -> None:
    command = [sys.executable, "-m", "fuzz", "--exchanges", "2000", "--seed", "3", "--jobs", "2"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert summary["exchanges"] >= 2000
    assert summary["stops_watched"] > 0


def no_crc(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(modbus, "has_good_crc", lambda frame: True)


def any_unit(patch: pytest.MonkeyPatch) -> None:
    parse = modbus.parse_reply

    def parse_as_ours(request: modbus.Request, frame: bytes) -> modbus.Reply:
        is_whole = len(frame) > 3 and modbus.has_good_crc(frame)
        return parse(request, modbus.with_crc(bytes((request.unit,)) + frame[1:-2]) if is_whole else frame)

    patch.setattr(modbus, "parse_reply", parse_as_ours)


def no_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DriveBus, "_watch_permit", lambda *_: None)


def patience(patch: pytest.MonkeyPatch) -> None:
    start = HalfDuplex.start

    def wait_longer(line: HalfDuplex, request: modbus.Request, *args: object) -> bytes:
        timing, now_s, within_s = args
        return start(line, request, timing, now_s, 5.0 * within_s)  # type: ignore[arg-type, operator]

    patch.setattr(HalfDuplex, "start", wait_longer)


@pytest.mark.parametrize(
    ("worse", "words"),
    [
        (no_crc, "wrong CRC"),
        (any_unit, "from unit"),
        (no_stop, "still moves"),
        (patience, "believed an answer that began at"),
    ],
)
def test_a_bus_made_worse_is_found(
    worse: Callable[[pytest.MonkeyPatch], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse(monkeypatch)
    assert words in hunt()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (READ_ANSWER, ""),
        (closed(b"\x01\x83\x02"), ""),
        (READ_ANSWER[:-1] + b"\x00", "wrong CRC"),
        (closed(b"\x02" + READ_ANSWER[1:-2]), "from unit 2"),
        (closed(b"\x01\x04" + READ_ANSWER[2:-2]), "function 4"),
        (closed(b"\x01\x03\x02\x17\x70"), "2 bytes of data"),
        (closed(b"\x01\x83\x02\x00"), "an exception has 5 bytes"),
        (READ_ANSWER + b"\x00", "4 bytes of data in 10"),
    ],
)
def test_the_oracle_knows_an_answer(frame: bytes, words: str) -> None:
    assert words in fault_of(READ, frame) if words else fault_of(READ, frame) == ""
