"""What has been found out already: one JSON object per line, so that a run may end at any time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path


class Verdict(Enum):
    KILLED = "killed"  # a test failed
    TIMEOUT = "timeout"  # a test did not end: noticed as well
    SURVIVED = "survived"
    UNREACHED = "unreached"  # no test runs the function


@dataclass(frozen=True, slots=True)
class Entry:
    """The verdict on one mutant; of a survivor it holds for the tests of `tests` only."""

    name: str
    digest: str
    verdict: Verdict
    tests: str
    by: str = ""
    cpu_s: float = 0.0


def read(path: Path) -> dict[tuple[str, str], Entry]:
    """The newest entry of every mutant, by name and digest."""
    entries: dict[tuple[str, str], Entry] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            data = json.loads(line)
            entry = Entry(**{**data, "verdict": Verdict(data["verdict"])})
            entries[entry.name, entry.digest] = entry
    return entries


def add(path: Path, entries: Iterable[Entry]) -> None:
    with path.open("a") as file:
        for entry in entries:
            file.write(json.dumps({**asdict(entry), "verdict": entry.verdict.value}) + "\n")
