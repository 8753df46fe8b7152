"""The processes of the chain: interlock and drive bus as in any cell, and two relays for the floor."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.surroundings import LINE
from cell_controller.bringup.table import MODULE, PRIORITIES, Role

SAYS_IT = "safety_line"


def commands(cell_file: Path, run_dir: Path) -> Sequence[Sequence[str]]:
    cell = ["--cell", str(cell_file), "--run-dir", str(run_dir)]
    interlock, bus = str(PRIORITIES[Role.INTERLOCK]), str(PRIORITIES[Role.BUS])
    ros = ["--ros-args", "-r", "__ns:=/cell"]
    stamps = str(run_dir / "stamps")
    return (
        [MODULE, "--unit", "interlock", *cell, "--priority", interlock, *ros],
        ["bench.stamped_bus", stamps, "--unit", LINE, *cell, "--priority", bus, *ros],
        ["bench.relay", "relay_a", interlock, "states", "command"],
        ["bench.relay", "relay_b", bus, "command", "", stamps],
    )


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
