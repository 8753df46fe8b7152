"""Many episodes, on several processes, with results in the order of their seeds."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cell_controller.bringup.parent import follow_parent
from cell_controller.runtime import runner
from cell_sim.episodes.episode import Outcome, Task, run


def seed_of(seed: int, number: int) -> str:
    """The name of one episode."""
    return f"{seed}:{number}"


def run_episodes(cell: Path, seed: int, episodes: int, jobs: int) -> Iterator[Outcome]:
    """Outcomes one by one, in order, whatever the number of jobs."""
    tasks = [Task(cell, seed_of(seed, number)) for number in range(episodes)]
    if jobs == 1:
        yield from map(_run, tasks)
        return
    # Spawned, not forked: a worker must not inherit threads or open files of whoever calls this.
    with multiprocessing.get_context("spawn").Pool(jobs, follow_parent, (os.getpid(),)) as pool:
        yield from pool.imap(_run, tasks)


def _run(task: Task) -> Outcome:
    """One episode; its garbage is collected afterwards, which saves a tenth of the time."""
    gc.disable()
    try:
        return run(task)
    finally:
        gc.enable()
        gc.collect()


@dataclass(slots=True)
class Summary:
    """What many episodes add up to; `as_json` are the keys of the last line."""

    seed: int
    episodes: int = 0
    simulated_s: float = 0.0
    worker_s: float = 0.0  # of all jobs
    trips: int = 0
    with_trip: int = 0  # episodes
    good_after_trip: int = 0  # of these
    restarts: int = 0
    violations: int = 0
    faults: Counter[str] = field(default_factory=Counter)  # that met an active target
    injected: Counter[str] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)  # episodes, by invariant
    _hashes: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.episodes += 1
        self.simulated_s += outcome.simulated_s
        self.worker_s += outcome.wall_s
        self.trips += outcome.trips
        self.with_trip += outcome.trips > 0
        self.good_after_trip += outcome.trips > 0 and outcome.is_good
        self.restarts += outcome.restarts
        self.violations += len(outcome.violations)
        self.faults.update(outcome.hits)
        self.injected.update(outcome.injected)
        self.broken.update(outcome.invariants)
        self._hashes.append(outcome.trace_hash)

    @property
    def trace_hash(self) -> str:
        """Of all episodes in their order."""
        return hashlib.blake2b("".join(self._hashes).encode(), digest_size=16).hexdigest()

    @property
    def rate(self) -> float:
        """Simulated seconds per second of one job."""
        return self.simulated_s / self.worker_s if self.worker_s else 0.0

    def as_json(self, wall_s: float) -> dict[str, object]:
        return {
            "seed": self.seed,
            "episodes": self.episodes,
            "simulated_s": round(self.simulated_s, 3),
            "wall_s": round(wall_s, 3),
            "worker_s": round(self.worker_s, 3),
            "simulated_s_per_worker_s": round(self.rate, 2),
            "is_compiled": not runner.__file__.endswith(".py"),
            "faults": self.faults.total(),
            "faults_injected": self.injected.total(),
            "faults_by_class": dict(sorted(self.faults.items())),
            "trips": self.trips,
            "episodes_with_trip": self.with_trip,
            "good_after_trip": self.good_after_trip,
            "restarts": self.restarts,
            "violations": self.violations,
            "violations_by_invariant": {str(n): count for n, count in sorted(self.broken.items())},
            "trace_hash": self.trace_hash,
        }
