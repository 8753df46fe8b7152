"""The file of a measurement: one JSON object per injection, appended: it may take hours in pieces."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one injection."""

    key: str  # of its row
    date: str
    machine: str
    cell: str
    moment: str  # "station phase", or a state
    reaction_s: float | None  # None where nothing may happen, or nothing happened
    limit_s: float  # 0 where nothing may happen
    cause: str  # first_out or the answer
    still_s: float | None = None  # from fault or trip to standstill of the drive nearest to its budget
    still_budget_s: float | None = None
    is_good: bool = False
    remark: str = ""  # why not
    load: float | None = None  # average of the machine over a minute: processes that want to run
    is_void: bool = False  # the machine stalled later in the same part: it says nothing about the fault

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def read(path: Path) -> list[Seen]:
    """All of them; a line that a killed process has left half written is none."""
    found = []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            found.append(Seen(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def append(path: Path, seen: Iterable[Seen]) -> None:
    is_cut = path.is_file() and path.read_text()[-1:] not in ("", "\n")
    with path.open("a", encoding="utf-8") as file:
        if is_cut:
            file.write("\n")
        file.writelines(one.as_json() + "\n" for one in seen)


def counts(seen: Iterable[Seen]) -> Counter[str]:
    """By row, what is void aside."""
    return Counter(one.key for one in seen if not one.is_void)
