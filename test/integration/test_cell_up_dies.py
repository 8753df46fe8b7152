"""`cell up` itself is killed during a weld: its buses stop the drives, and nothing stays."""

import os
import subprocess
import sys
import time
from pathlib import Path

from cell_controller.bringup.locks import Locks
from cell_controller.bringup.table import Arguments, build
from cell_controller.config import load_cell
from cell_controller.plan import load_plan
from support.motion_file import last_motion_s
from support.ros_units import wait_until

from .cases import JITTER_S
from .conftest import TEST_CELL

LINGER_S = 5.0  # of the simulator, after its last port was closed


def processes_of(run_dir: Path) -> list[str]:
    """Command lines that name a run directory, this test's own aside."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if str(run_dir).encode() in words and b"welding_cell" not in words:
            found.append(words.replace(b"\0", b" ").decode())
    return found


def test_killing_the_process_that_started_the_cell_stops_its_motion(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "ROS_PYTHON_CHECK_FIELDS": "0"}
    words = [sys.executable, "-m", "support.welding_cell", str(TEST_CELL), "/dying", str(tmp_path)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "welding\n"
            assert len(processes_of(tmp_path)) == len(build(Arguments(TEST_CELL, "/dying", tmp_path)))
        finally:
            killed_at_s = time.monotonic()
            process.kill()
    plan, cell = load_plan(TEST_CELL)[1], load_cell(TEST_CELL).cell
    longest_s = max(line.stop_time_s for line in plan.lines.values())
    wait_until(
        lambda: not processes_of(tmp_path),
        longest_s + LINGER_S + 10.0,
        f"the end of {processes_of(tmp_path)}",
    )
    spindles = {name for name, drive in cell.drives.items() if drive.kind == "spindle"}
    moved_for_s = {
        name: last_motion_s(tmp_path / "motion.jsonl", spindles, [name]) - killed_at_s
        for name, drive in cell.drives.items()
        if drive.kind != "io"
    }
    budgets_s = {name: plan.lines[cell.drives[name].line].stop_time_s + JITTER_S for name in moved_for_s}
    assert all(moved_for_s[name] <= budgets_s[name] for name in moved_for_s), moved_for_s
    assert moved_for_s["weld_z"] > 0.0, "the pin was retracted after it"
    locks = Locks()
    locks.take(f"namespace {os.environ['ROS_DOMAIN_ID']} /dying", "namespace /dying")
    locks.release()
