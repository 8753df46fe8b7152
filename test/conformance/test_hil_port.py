"""The suite of one drive through a serial port, as somebody with a drive runs it, on an emulated one."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from support.one_drive import hardware_of

ROOT = Path(__file__).parents[2]
SUITE = "test/conformance/test_one_drive.py"
UNIT = 4
READY_S, LONGEST_S = 30.0, 240.0
MOVES = 4  # tests that need --hil-moves


@contextmanager
def emulated(profile: str, link: Path, *options: str) -> Iterator[None]:
    argv = ["drives", "emulate", profile, "--link", str(link), "--unit", str(UNIT), "--baud", "115200"]
    argv += options
    emulator = subprocess.Popen(
        [sys.executable, "-m", "cell_controller.cli.main", *argv],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert emulator.stdout is not None
        assert "ready at" in emulator.stdout.readline()
        yield
        assert emulator.poll() is None, emulator.stdout.read()
    finally:
        emulator.send_signal(signal.SIGINT)
        try:
            emulator.communicate(timeout=READY_S)
        finally:
            if emulator.poll() is None:
                emulator.kill()
                emulator.wait()


def suite(*options: str) -> tuple[int, str, dict[str, int]]:
    """Exit code, output, and how many passed, failed, were skipped."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", SUITE, *options],
        cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    counts = {what: int(count) for count, what in re.findall(r"(\d+) (passed|failed|skipped|error)", said)}
    return done.returncode, said, counts


def on(link: Path, profile: str) -> list[str]:
    return [
        "--hil-port",
        str(link),
        "--hil-profile",
        profile,
        "--hil-unit",
        str(UNIT),
        "--hil-baud",
        "115200",
    ]


@pytest.mark.parametrize(
    ("profile", "unsuited"), [("delta_c2000", 1), ("robotis_dynamixel_x", 1), ("remote_io", 3)]
)
def test_a_drive_passes_the_suite_through_a_serial_port(profile: str, unsuited: int, tmp_path: Path) -> None:
    link = tmp_path / "drive"
    with emulated(profile, link):
        code, said, counts = suite(*on(link, profile), "--hil-moves")
    assert code == 0, said
    assert counts["skipped"] == unsuited, said
    assert counts["passed"] >= 7, said


def test_behind_an_echo_nothing_moves_either_unless_it_is_allowed(tmp_path: Path) -> None:
    link = tmp_path / "drive"
    with emulated("delta_c2000", link, "--echo"):
        code, said, counts = suite(*on(link, "delta_c2000"), "--hil-echo")
    assert code == 0, said
    assert counts == {"passed": 7, "skipped": MOVES}
    assert "which --hil-moves allows" in said


def test_a_drive_of_another_profile_fails_the_suite(tmp_path: Path) -> None:
    link = tmp_path / "drive"
    with emulated("ls_s100", link):
        code, said, counts = suite(*on(link, "delta_c2000"), "-k", "profile_says or field_answers")
    assert (code, counts) == (1, {"failed": 2}), said


class Told:
    """A pytest.Config with these options."""

    def __init__(self, **options: object) -> None:
        self._options = options

    def getoption(self, name: str) -> object:
        return self._options.get(name.removeprefix("--hil-"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": "/dev/null"}, "--hil-port needs --hil-profile; cell drives identify finds it"),
        ({"moves": True}, "--hil-profile and --hil-moves need --hil-port"),
        ({"profile": "delta_c2000"}, "--hil-profile and --hil-moves need --hil-port"),
    ],
)
def test_options_that_say_too_little_are_refused_in_words(options: dict[str, object], words: str) -> None:
    with pytest.raises(pytest.UsageError, match=words):
        hardware_of(cast("pytest.Config", Told(**options)))


def test_without_a_port_the_suite_is_run_against_the_virtual_drives() -> None:
    assert hardware_of(cast("pytest.Config", Told())) is None
