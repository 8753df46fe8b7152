"""`cell prove-stop` with the simulator as a process and real ports, in real time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cell_controller.bringup.errors import InUseError
from cell_controller.bringup.locks import Locks
from cell_controller.bringup.proof_file import read_proofs, unproved
from cell_controller.bringup.prove import StopProof
from cell_controller.bringup.table import Arguments
from cell_controller.proving.proof import StoppedBy

from .conftest import TEST_CELL

LATE_S = 0.03  # of this process: it sees the end of a frame that much later than the drive
SUPPORT = Path(__file__).parents[1]


@pytest.fixture
def cell_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test cell with a journal that stays, as on a machine."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SUPPORT), os.environ.get("PYTHONPATH", "")]))
    text = TEST_CELL.read_text()
    for old, new in (
        ('"{run_dir}/parts.sqlite"', str(tmp_path / "parts.sqlite")),
        ("../recipes", str(TEST_CELL.parents[1] / "recipes")),
        ("../drives", str(TEST_CELL.parents[1] / "drives")),
        ("namespace: /cell", "namespace: /proving"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "cell.yaml"
    path.write_text(text)
    return path


def arguments(cell_file: Path) -> Arguments:
    return Arguments(cell_file, None, cell_file.parent / "run")


def test_the_command_proves_a_belt_and_keeps_it(cell_file: Path) -> None:
    words = ["prove-stop", str(cell_file), "--line", "conveyor_line", "--yes", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "cell_controller.cli.main", *words],
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["is_good"]
    (proof,) = result["proofs"]
    loaded = StopProof(arguments(cell_file), None, lambda *_: None)
    watchdog_s = loaded.plan.drives["safety_io"].watchdog_s  # opens the enable of the belt
    assert proof["drive"] == "belt"
    assert proof["stop_time_s"] == pytest.approx(watchdog_s, abs=proof["resolution_s"] + LATE_S)
    kept = read_proofs(loaded.cell)
    assert kept["belt"].is_proved
    assert kept["belt"].stopped_by is StoppedBy.ENABLE
    reason = unproved(loaded.cell, loaded.plan)
    assert "grind_wheel: its watchdog was never proved" in reason
    assert "belt" not in reason


def test_a_fallback_that_does_nothing_is_found_and_named(cell_file: Path) -> None:
    cell_file.write_text(cell_file.read_text().replace("cell_sim.server", "support.deaf_simulator"))
    said: list[str] = []
    proof = StopProof(arguments(cell_file), "conveyor_line", lambda name, line: said.append(line))
    proof.run()
    assert not proof.is_good
    assert proof.problem == ""
    assert any(line.startswith("belt: NOT PROVED: it did not stop") for line in said), said
    assert "belt: it did not stop" in unproved(proof.cell, proof.plan)


def test_a_line_in_use_is_refused_and_its_user_named(cell_file: Path) -> None:
    run_dir = cell_file.parent / "run"
    locks = Locks()
    locks.take(f"line {os.path.realpath(run_dir / 'weld_line')}", "line")
    try:
        proof = StopProof(arguments(cell_file), "conveyor_line", lambda *_: None)
        with pytest.raises(InUseError, match=rf"weld_line.*in use by pid {os.getpid()}"):
            proof.run()
    finally:
        locks.release()
    assert not run_dir.exists()
