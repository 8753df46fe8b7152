"""The survivors, and the score of each room."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutants.ledger import Entry, Verdict
from mutants.rooms import Mutant

_MARK, _END = "<!-- table equivalent faults -->\n", "<!-- end -->"
EQUIVALENT = Path(__file__).parent / "equivalent.toml"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A fault that is none, and why."""

    fault: str
    reason: str


def equivalents() -> tuple[Equivalent, ...]:
    entries = tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])
    return tuple(Equivalent(**entry) for entry in entries)


def as_table() -> str:
    """What docs/testing.md shows."""
    rows = [("fault", "why nobody can notice"), ("---", "---")]
    rows += [(f"`{e.fault}`".replace("|", "\\|"), e.reason) for e in equivalents()]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(page: str) -> str:
    """The page with the faults of equivalent.toml between its marks."""
    before, rest = page.split(_MARK)
    return f"{before}{_MARK}{as_table()}{_END}{rest.split(_END, 1)[1]}"


def unknown(mutants: Iterable[Mutant]) -> tuple[str, ...]:
    """Excuses for faults that do not exist, in files that were written: the code has changed since."""
    names = {m.name for m in mutants}
    files = {name.partition(" ")[0] for name in names}
    return tuple(
        e.fault for e in equivalents() if e.fault.partition(" ")[0] in files and e.fault not in names
    )


def print_survivors(mutants: Sequence[Mutant], known: Mapping[tuple[str, str], Entry]) -> int:
    """1 when a fault survives that is not known to be none."""
    excused = {e.fault for e in equivalents()}
    counts: dict[str, Counter[str]] = {}
    code = 0
    for mutant in mutants:
        entry = known.get((mutant.name, mutant.digest))
        word = entry.verdict.value if entry else "untried"
        if entry and entry.verdict in (Verdict.SURVIVED, Verdict.UNREACHED):
            if mutant.name in excused:
                word = "equivalent"
            else:
                code = 1
                print(f"{word}: {mutant.name}")  # noqa: T201
        counts.setdefault(mutant.room, Counter())[word] += 1
    for room, count in counts.items():
        print(f"{room}: {_score(count):.1%} of {_tried(count)} killed; {dict(count)}")  # noqa: T201
    return code


def _tried(count: Counter[str]) -> int:
    return count.total() - count["equivalent"] - count["untried"]


def _score(count: Counter[str]) -> float:
    return (count["killed"] + count["timeout"]) / (_tried(count) or 1)
