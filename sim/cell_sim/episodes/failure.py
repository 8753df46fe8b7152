"""Failure files: all that is needed to see a violation again, and its schedule made as short as it gets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cell_controller.errors import CellError
from cell_sim.episodes.belongings import files_of, unpack, versions
from cell_sim.episodes.episode import Outcome, Task, run
from cell_sim.episodes.faults import Fault, from_json
from cell_sim.episodes.schedule import END_S
from cell_sim.host.assembled import Make

FORMAT = 1
SHRINKING_S = 120.0  # a person waits for the file


class FailureFileError(CellError):
    """A file that is to be replayed is not a failure file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: no failure file: {reason}")
        self.path = path


def shrink(
    task: Task,
    outcome: Outcome,
    make: Make,
    *,
    limit_s: float = SHRINKING_S,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Task, Outcome]:
    """Leave out every fault without which the same invariant breaks all the same."""
    wanted, end_s = outcome.invariants[0], clock() + limit_s
    best = replace(task, faults=outcome.faults, relay=outcome.relay)
    best_outcome = outcome
    size = max(1, len(outcome.faults) // 2)
    while size:
        faults, at = best.faults or (), 0
        while at < len(faults) and clock() < end_s:
            fewer = replace(best, faults=(*faults[:at], *faults[at + size :]))
            tried = run(fewer, make)
            if wanted in tried.invariants:
                best, best_outcome, faults = fewer, tried, fewer.faults or ()
            else:
                at += size
        size = size // 2 if clock() < end_s else 0
    return best, best_outcome


def save(directory: Path, task: Task, outcome: Outcome) -> Path:
    """Write the failure file of an episode; its name says which."""
    directory.mkdir(parents=True, exist_ok=True)
    numbers = "-".join(str(n) for n in outcome.invariants) or "none"
    path = directory / f"episode-{task.seed.replace(':', '-')}-invariant-{numbers}.json"
    name, files = files_of(task.cell)
    content = {
        "format": FORMAT,
        "seed": task.seed,
        "cell": name,
        "files": files,
        "relay": outcome.relay,
        "faults_s": task.faults_s,
        "faults": [fault.as_json() for fault in outcome.faults],
        "violations": [list(v) for v in outcome.violations],
        "last_events": list(outcome.last_events),
        "trace_hash": outcome.trace_hash,
        "versions": versions(),
    }
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def load(path: Path, cell: Path | None = None) -> Task:
    """The episode of a failure file, FailureFileError when it is none.

    It runs on the given cell file, else on the files that it holds itself: they are unpacked beside it, into
    a directory of its name.
    """
    try:
        content = json.loads(path.read_text())
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}, not {FORMAT}")
        if cell is None and "files" in content:
            unpack(content["files"], path.with_suffix(""))
            cell = path.with_suffix("") / content["cell"]
        faults: tuple[Fault, ...] = tuple(from_json(fault) for fault in content["faults"])
        return Task(
            cell or Path(content["cell"]),
            str(content["seed"]),
            faults,
            bool(content["relay"]),
            float(content.get("faults_s", END_S)),
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FailureFileError(path, str(error)) from error
