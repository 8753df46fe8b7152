"""Processor and memory of those who guard, in the live demo cell while it makes parts.

The floor of memory is a process with one empty ROS node. Of the processor there is none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure, say
from bench.headline import INPUT
from bench.stage import Stage, bring_to_stopped, child_environment
from cell_controller.config import INTERLOCK
from cell_controller.packml import State
from support.live_cell import LiveCell

PARTS = 100  # more than there is time for
EMPTY = """
import sys, time
import rclpy
from rclpy.node import Node
from rclpy.experimental import EventsExecutor
rclpy.init()
node = Node("empty")
executor = EventsExecutor()
executor.add_node(node)
executor.spin_once(timeout_sec=1.0)
print("up", flush=True)
sys.stdin.read()
"""


def measure(stage: Stage) -> Iterator[Figure]:
    """By process: percent of a core, and resident memory, its share of common pages counted too."""
    cell = stage.cell
    cell.sim("input", signal=INPUT, value=None)
    bring_to_stopped(cell)
    cell.order(PARTS)
    cell.start()
    names = (INTERLOCK, *cell.up.cell.lines)
    pids = {name: _pid(cell, name) for name in names}
    say(f"resources: {stage.seconds:.0f} s")
    begin_s, before = time.monotonic(), {n: cpu_s(pid) for n, pid in pids.items()}
    time.sleep(stage.seconds)
    took_s = time.monotonic() - begin_s
    is_running = cell.state.state == State.EXECUTE
    for name, pid in pids.items():
        percent = 100.0 * (cpu_s(pid) - before[name]) / took_s
        yield Figure(f"cpu_{name}", percent, "% of a core", None, 1)
    floor_mb = empty_node_mb()
    for name, pid in pids.items():
        yield Figure(f"memory_{name}", resident_mb(pid), "MB", floor_mb, 1)
    if not is_running:
        say("resources: the cell did not run all the time")
    bring_to_stopped(cell)


def _pid(cell: LiveCell, name: str) -> int:
    pid = cell.up.supervisor.pids()[name]  # type: ignore[attr-defined]
    assert pid is not None
    return pid


def cpu_s(pid: int) -> float:
    """Of a process so far: user and system time; the command's name, in parentheses, may hold anything."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Its share of common pages counted too."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def empty_node_mb() -> float:
    """Resident memory of a process with one node that does nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", EMPTY],
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return resident_mb(process.pid)
