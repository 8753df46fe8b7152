"""The processes of the chain: interlock and drive bus as in any cell, and two relays for the floor."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.surroundings import LINE
from cell_controller.bringup.table import MODULE, PRIORITIES, Role
from support.interlock_bench import CELL_PATH

SAYS_IT = "safety_line"


def quieter_cell(run_dir: Path) -> Path:
    """The demo cell with one drive alone on the line: the polls of two would leave no quiet moment."""
    source = CELL_PATH.read_text().replace("../", f"{CELL_PATH.parents[1]}/")
    text = source.replace(f"{{line: {LINE}, unit: 2,", "{line: grind_line, unit: 9,")
    assert text != source, "the demo cell has changed"
    path = run_dir / "bench.yaml"
    path.write_text(text)
    return path


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
