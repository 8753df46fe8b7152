"""What a simulated second costs, by part of the step: python -m cell_sim.episodes.cost [SEED]."""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cell_controller.cli.demo import demo_cell
from cell_sim.episodes.episode import Task, run

# In this order: the first that a file's path contains is the part.
PARTS = (
    ("cell_controller/drives", "drive buses"),
    ("cell_controller/safety", "interlock"),
    ("cell_controller/stations", "stations"),
    ("cell_controller/cell", "manager"),
    ("cell_controller/packml", "manager"),
    ("cell_controller/runtime", "runtime"),
    ("cell_controller", "other rooms of the controller"),
    ("cell_sim/drives", "virtual drives and lines"),
    ("cell_sim/plant", "plant"),
    ("cell_sim/host/watch", "invariants"),
    ("cell_sim/host/invariants", "invariants"),
    ("cell_sim/host", "host and network"),
    ("cell_sim", "episode"),
)


def part_of(file: str) -> str:
    """The part of the step that a source file belongs to."""
    return next((part for pattern, part in PARTS if pattern in file), "python")


def main(seed: str) -> None:
    task = Task(demo_cell().with_name("test.yaml"), seed)
    run(task)  # profiles, tables and caches are there afterwards
    began_s = time.process_time()
    plain = run(task)
    plain_s = time.process_time() - began_s
    profile = cProfile.Profile(time.process_time)
    profile.runcall(run, task)
    own_s: dict[str, float] = {}
    calls: dict[str, int] = {}
    for (file, _, _), (_, count, tottime, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        part = part_of(Path(file).as_posix())
        own_s[part] = own_s.get(part, 0.0) + tottime
        calls[part] = calls.get(part, 0) + count
    total_s = sum(own_s.values())
    table = Table("part of the step", "share", "ms per simulated second", "calls per simulated second")
    for part, seconds in sorted(own_s.items(), key=lambda item: -item[1]):
        share = seconds / total_s
        cost_ms = 1e3 * share * plain_s / plain.simulated_s
        table.add_row(part, f"{share:.0%}", f"{cost_ms:.1f}", f"{calls[part] / plain.simulated_s:.0f}")
    console = Console()
    console.print(table)
    rate = plain.simulated_s / plain_s
    console.print(f"{plain.simulated_s:.0f} s simulated in {plain_s:.1f} s of CPU: {rate:.1f} per second")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "1:0")
