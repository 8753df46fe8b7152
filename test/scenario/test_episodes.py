"""Episodes: stored and fresh seeds, one trace in any process, and failure files that shrink and replay."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cell_controller.bringup.units import unit_names
from cell_controller.config import INTERLOCK
from cell_controller.plan import load_plan
from cell_sim.episodes.command import app
from cell_sim.episodes.episode import Task, run
from cell_sim.episodes.failure import FailureFileError, load, save, shrink
from cell_sim.episodes.faults import LIVE_ONLY, Fault, FaultKind, from_json
from cell_sim.episodes.schedule import make_schedule, moments_of
from cell_sim.episodes.soak import Summary
from support import broken
from support.leaks import children
from support.moments import TEST_CELL
from support.seeds import fresh

REGRESSIONS = Path(__file__).parent / "regressions"
STORED = ("1:0",)


@pytest.mark.parametrize("seed", STORED)
def test_a_stored_seed_breaks_no_invariant_and_ends_with_a_good_part(seed: str) -> None:
    outcome = run(Task(TEST_CELL, seed))
    assert not outcome.violations, outcome.violations
    assert outcome.trips > 0
    assert outcome.is_good, outcome.end
    assert sum(outcome.hits.values()) >= 5


def test_a_fresh_seed_breaks_no_invariant(record_property: Callable[[str, object], None]) -> None:
    seed = fresh(record_property)
    outcome = run(Task(TEST_CELL, seed))
    assert not outcome.violations, f"cell simulate --replay {seed}: {outcome.violations}"


@pytest.mark.parametrize("path", sorted(REGRESSIONS.glob("*.json")), ids=lambda p: p.stem)
def test_a_bug_that_was_mended_stays_mended(path: Path) -> None:
    outcome = run(load(path, TEST_CELL))
    assert not outcome.violations, outcome.violations


SHORT = """
import sys
from pathlib import Path
from cell_sim.episodes.episode import Task, run
from cell_sim.episodes import episode
episode.AFTERWARDS_S = 0.0
print(run(Task(Path(sys.argv[1]), "5:0", faults_s=5.0)).trace_hash)
"""


def test_a_seed_gives_the_same_trace_in_any_process_and_with_any_hash_seed() -> None:
    def trace(hash_seed: str) -> str:
        command = [sys.executable, "-c", SHORT, str(TEST_CELL)]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    first = trace("0")
    assert len(first.strip()) == 32
    assert trace("4711") == first


def test_a_component_keeps_its_faults_when_another_one_changes() -> None:
    loaded, _ = load_plan(TEST_CELL)
    cell = loaded.cell
    without = cell.model_copy(update={"lines": {k: v for k, v in cell.lines.items() if k != "grind_line"}})
    of_line = [f for f in make_schedule(cell, "9:1") if f.target == "weld_line"]
    assert [f for f in make_schedule(without, "9:1") if f.target == "weld_line"] == of_line


def test_every_kind_of_fault_is_drawn_and_aims_at_something_that_exists() -> None:
    loaded, _ = load_plan(TEST_CELL)
    cell = loaded.cell
    faults = [fault for n in range(400) for fault in make_schedule(cell, f"3:{n}")]
    assert {fault.kind for fault in faults} == set(FaultKind) - LIVE_ONLY
    assert len(faults) >= 10 * 400
    for fault in faults:
        assert not fault.after or fault.after in moments_of(cell)
        if fault.kind in (FaultKind.KILL, FaultKind.HANG):
            assert fault.target in unit_names(cell)
        assert from_json(json.loads(json.dumps(fault.as_json()))) == fault


def test_a_failure_file_of_an_earlier_version_keeps_its_meaning() -> None:
    kinds = ("node.hang_for_good", "serial.bits", "cable", "drive.frozen", "disk.full", "estop")
    read = [from_json({"kind": kind, "target": "robot", "at_s": 1}).kind.value for kind in kinds]
    assert read == ["hang", "serial.crc", "unplug", "freeze", "disk-full", "estop"]


PRESSED = Fault(FaultKind.ESTOP, "", 0.1, "robot traverse", 0.5)
DELAYED = Fault(FaultKind.MESSAGE_LATE, "line_command", 0.1, "robot traverse", 1.0, 0.15)
SHORT_S = 14.0  # the first weld is under way
HARMLESS = Fault(FaultKind.STALE_COMMAND, "START", 2.0)


def test_a_violation_is_shrunk_saved_and_seen_again_by_a_replay(tmp_path: Path) -> None:
    make = broken.bus(broken.bus_that_retracts_elsewhere)
    task = Task(TEST_CELL, "1:0", (HARMLESS, PRESSED), True, SHORT_S)
    outcome = run(task, make)
    assert outcome.invariants == (2,)
    smallest, again = shrink(task, outcome, make)
    assert smallest.faults == (PRESSED,)
    path = save(tmp_path, smallest, again)
    assert load(path, TEST_CELL) == smallest
    own = load(path)
    assert own.cell.read_text() == TEST_CELL.read_text()
    assert own.cell.is_relative_to(tmp_path), "not the file of this machine"
    kept = json.loads(path.read_text())
    assert {"recipes/coupon.yaml", "drives/delta_c2000.yaml"} < kept["files"].keys()
    assert {"commit", "python", "numpy", "pydantic"} < kept["versions"].keys()
    assert run(own, make).trace_hash == again.trace_hash
    assert not run(load(path)).violations, "a sound controller"
    with pytest.raises(FailureFileError, match="no failure file"):
        load(TEST_CELL)
    path.write_text(json.dumps({**kept, "files": {"../outside.yaml": ""}}))
    with pytest.raises(FailureFileError, match=r"outside\.yaml leads out of"):
        load(path)
    assert not (tmp_path.parent / "outside.yaml").exists()


def test_an_episode_finds_a_bus_with_eternal_permits() -> None:
    make = broken.bus(broken.bus_with_eternal_permits)
    assert 1 in run(Task(TEST_CELL, "1:0", (DELAYED,), True, SHORT_S), make).invariants


def test_the_command_tells_the_summary_on_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "episode.json"
    outcome = run(Task(TEST_CELL, "1:0", (PRESSED,), True, SHORT_S))
    save(tmp_path, Task(TEST_CELL, "1:0", faults_s=SHORT_S), outcome).rename(path)
    result = CliRunner().invoke(app, ["--replay", str(path), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    keys = ("episodes", "simulated_s", "wall_s", "faults", "trips", "good_after_trip", "violations")
    assert all(isinstance(told[key], int | float) for key in keys)
    assert told["trace_hash"] == outcome.trace_hash
    assert (told["episodes"], told["trips"], told["good_after_trip"]) == (1, 1, 1)


def test_a_summary_counts_only_faults_that_met_an_active_target() -> None:
    off = (Fault(FaultKind.KILL, INTERLOCK, 5.0), Fault(FaultKind.KILL, INTERLOCK, 5.01))
    outcome = run(Task(TEST_CELL, "1:0", off, True, SHORT_S))
    summary = Summary(1)
    summary.add(outcome)
    assert summary.injected["kill"] == 2
    assert summary.faults["kill"] == 1


def test_the_workers_of_a_killed_command_end_with_it() -> None:
    before = {child.identity for child in children()}
    argv = [sys.executable, "-m", "cell_controller.cli.main", "simulate"]
    with subprocess.Popen([*argv, "--episodes", "99", "--jobs", "2"], stderr=subprocess.PIPE) as command:
        own = Path(f"/proc/{command.pid}/task/{command.pid}/children")
        try:
            _until(
                lambda: sum(_cpu_s(pid) > 1.5 for pid in own.read_text().split()) == 2
            )  # in their episodes
        finally:
            command.kill()
    orphans = [child for child in children() if child.identity not in before]
    _until(lambda: all(os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for p in orphans))
    ends = [os.waitstatus_to_exitcode(os.waitpid(orphan.pid, 0)[1]) for orphan in orphans]
    assert ends.count(-signal.SIGTERM) == 2, "told to end, not at the end of their episode"


def _cpu_s(pid: str) -> float:
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(times[11]) / os.sysconf("SC_CLK_TCK")


def _until(is_so: Callable[[], bool], limit_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline_s, "still not so"
        time.sleep(0.05)
