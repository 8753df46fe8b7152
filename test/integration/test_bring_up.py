"""Bring-up alone, with stand-ins for the nodes: coming, going, dying, hanging, and who is refused."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cell_controller.bringup.errors import InUseError, StartError
from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from cell_controller.config import load_cell
from cell_controller.messages import CellCommand, ResultCode
from cell_controller.packml import Command, State
from support import fake_cell
from support.ros_units import wait_until

CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"
SUPPORT = Path(__file__).parents[1]
LINES = set(load_cell(CELL).cell.lines)
READY_S = 60.0
Make = Callable[..., CellUp]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes cells of stand-ins and stops what a test leaves up."""
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    made: list[CellUp] = []

    def one(namespace: str = "/up_test", run_dir: Path | None = tmp_path / "run") -> CellUp:
        up = CellUp(
            Arguments(CELL, namespace, run_dir),
            table=fake_cell.table,
            show=lambda n, text: said.append((n, text)),
        )
        made.append(up)
        return up

    said: list[tuple[str, str]] = []
    one.said = said  # type: ignore[attr-defined]
    yield one
    for up in made:
        up.stop()


def notes(directory: Path) -> list[tuple[str, str]]:
    lines = sorted((directory / "notes").read_text().splitlines(), key=lambda line: float(line.split()[0]))
    return [(line.split()[1], " ".join(line.split()[2:])) for line in lines]


def test_a_cell_comes_up_obeys_and_goes_in_order(make: Make, tmp_path: Path) -> None:
    up = make()
    up.start()
    up.wait_ready(READY_S)
    client = up.client
    assert client.wait_for_state(5.0).state == State.EXECUTE
    assert client.command(Command.CLEAR).code is ResultCode.ILLEGAL
    assert client.submit_order("bracket", 3).is_accepted
    assert client.submit_order("bracket", 3).reason == "for cell up"
    assert not any(s.is_stopped for s in client.drive_states.values())
    up.stop()
    left = [name for name, what in notes(tmp_path / "run") if what == "left"]
    assert left[0] == "cell_manager"
    assert set(left[1:4]) == {"robot", "spindle", "conveyor"}
    assert left[4] == "interlock"
    assert set(left[5:10]) == LINES
    assert left[10:] == ["recorder"]
    assert {n for n, what in notes(tmp_path / "run") if what == "has played"} == LINES
    assert set(up.exit_codes().values()) == {(0,)}
    said = make.said  # type: ignore[attr-defined]
    assert ("weld_line", "weld_line is here") in said
    assert ("simulator", "fake simulator ready") in said


def test_the_default_run_directory_is_gone_afterwards_and_a_given_one_stays(
    make: Make, tmp_path: Path
) -> None:
    up = make(run_dir=None)
    assert up.run_dir.is_relative_to(tmp_path)
    up.start()
    assert up.run_dir.is_dir()
    up.stop()
    assert not up.run_dir.exists()


def test_a_second_cell_is_refused_and_told_who_is_first(make: Make, tmp_path: Path) -> None:
    make().start()
    with pytest.raises(
        InUseError, match=rf"^namespace /up_test \(domain .*\) is in use by pid {os.getpid()}: "
    ):
        make().start()
    with pytest.raises(InUseError, match=r"^serial line weld_line \(.*/run/weld_line\) is in use by pid "):
        make(namespace="/another").start()
    assert (tmp_path / "run").is_dir(), "the refused ones have touched nothing"


def test_a_dead_or_hanging_node_is_replaced_three_times_and_then_lost(make: Make) -> None:
    up = make()
    up.start()
    up.wait_ready(READY_S)
    stopped = up.kill("robot", signal.SIGSTOP)
    wait_until(lambda: up.starts("robot") == 2, 10.0, "a new life of the hanging node")
    assert not Path(f"/proc/{stopped}").exists()
    for life in (3, 4):
        wait_until(lambda: not up.missing(), READY_S, "the node in its new life")
        up.kill("robot")
        wait_until(lambda life=life: up.starts("robot") == life, 10.0, "another life")
    assert not up.lost
    wait_until(lambda: not up.missing(), READY_S, "the node in its last life")
    up.kill("robot")
    wait_until(lambda: up.lost == ("robot",), 10.0, "the loss")
    assert up.exit_codes()["robot"] == (-9, -9, -9, -9)
    assert up.starts("weld_line") == 1, "the others live on"


def test_a_hurried_stop_still_lets_the_buses_play_their_programs(make: Make, tmp_path: Path) -> None:
    up = make()
    up.start()
    up.wait_ready(READY_S)
    up.kill("cell_manager", signal.SIGSTOP)
    up.hurry()
    began_s = time.monotonic()
    up.stop()
    assert time.monotonic() - began_s < 8.0
    assert {n for n, what in notes(tmp_path / "run") if what == "has played"} == LINES


def test_when_the_process_that_started_the_cell_is_killed_the_buses_stop(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from support import fake_cell;"
        "from cell_controller.bringup.up import CellUp; from cell_controller.bringup.table import Arguments;"
        f"up = CellUp(Arguments(Path({str(CELL)!r}), '/orphans', Path({str(tmp_path / 'run')!r})),"
        " table=fake_cell.table); up.start(); up.wait_ready(60); print('up', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "up\n"
        finally:
            process.kill()
    nodes = {s.name for s in fake_cell.table(Arguments(CELL, "/orphans", tmp_path / "run")) if s.is_node}
    wait_until(
        lambda: {n for n, what in notes(tmp_path / "run") if what == "left"} == nodes, 30.0, "all have left"
    )
    assert {n for n, what in notes(tmp_path / "run") if what == "has played"} == LINES
    (simulator,) = simulators_of(tmp_path)  # it outlives them, to see the drives stop
    os.kill(simulator, signal.SIGTERM)


def simulators_of(directory: Path) -> list[int]:
    """Process ids of the stand-in simulators whose run directory is in there."""
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
        and b"support.fake_simulator" in (words := _command_line(entry))
        and str(directory).encode() in words
    ]


def _command_line(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def test_a_start_that_is_given_up_ends_at_once(make: Make) -> None:
    up = make()
    up.specs = [s if s.is_node else replace(s, arguments=(*s.arguments, "--mute")) for s in up.specs]
    giving_up = threading.Timer(1.0, up.give_up)
    giving_up.start()
    began_s = time.monotonic()
    up.start()
    up.stop()
    giving_up.join()
    assert 1.0 <= time.monotonic() - began_s < 3.0, "its simulator never says that it is ready"
    assert up.starts("weld_line") == 0
    assert up.exit_codes()["simulator"] in ((0,), (-signal.SIGTERM,)), "told to end, however far it had come"


def test_a_simulator_that_does_not_start_is_named(make: Make) -> None:
    up = make()
    up.specs = [s if s.is_node else replace(s, module="no_such_module") for s in up.specs]
    with pytest.raises(StartError, match="simulator did not start: exit code 1"):
        up.start()


def test_a_command_is_sent_as_it_is_given(make: Make) -> None:
    up = make()
    up.start()
    up.wait_ready(READY_S)
    result = up.client.send(CellCommand("my-id", "me", int(Command.STOP)), 5.0)
    assert (result.id, result.operator, result.code) == ("my-id", "me", ResultCode.ACCEPTED)
