"""The fault table of docs/safety.md, written from the rows and from the file of the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path

from faults import injections
from faults.injections import Seen
from faults.rows import COMMAND, MEASURED, PROVED, Proved, Row

PAGE = Path(__file__).parents[2] / "docs" / "safety.md"
_MARK, _END = "<!-- table faults -->\n", "<!-- end of faults -->"
_HEAD = ("fault", "injected", "expected", "limit", "p50", "p99", "max", "standstill", "n", "verdict")
ENOUGH = 30  # injections: fewer say little about a p99


def write(path: Path) -> None:
    """Renew the table on the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_table(page, injections.read(path)), encoding="utf-8")


def with_table(page: str, seen: Sequence[Seen]) -> str:
    """The page with whatever stands between the marks replaced."""
    before, rest = page.split(_MARK)
    _, after = rest.split(_END, 1)
    return f"{before}{_MARK}{as_markdown(seen)}{_END}{after}"


def as_markdown(seen: Sequence[Seen]) -> str:
    """Table and origin."""
    by_key: dict[str, list[Seen]] = {}
    for one in seen:
        if not one.is_void:
            by_key.setdefault(one.key, []).append(one)
    classes = list(dict.fromkeys([*(r.fault_class for r in MEASURED), *(p.fault_class for p in PROVED)]))
    lines = [_HEAD, tuple("---" for _ in _HEAD)]
    for name in classes:
        lines += [_measured(row, by_key.get(row.key, [])) for row in MEASURED if row.fault_class == name]
        lines += [_proved(proof) for proof in PROVED if proof.fault_class == name]
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    void = sum(one.is_void for one in seen)
    return f"{table}\n{_origin([one for row in MEASURED for one in by_key.get(row.key, [])], void)}\n"


def _measured(row: Row, seen: Sequence[Seen]) -> tuple[str, ...]:
    times = sorted(one.reaction_s for one in seen if one.reaction_s is not None)
    stands = [
        (one.still_s, one.still_budget_s)
        for one in seen
        if one.still_s is not None and one.still_budget_s is not None
    ]
    worst = max(stands, key=lambda pair: pair[0] / pair[1], default=None)
    limit_s = max((one.limit_s for one in seen), default=0.0)
    return (
        row.fault_class,
        f"`{row.key}`" if row.fault != COMMAND else "illegal, stale, malformed",
        row.expected or "thrown away, asked anew, counted; production goes on",
        _ms(limit_s) if limit_s else "no effect" if row.goes_on else "",
        *(_ms(at(times, share)) if times else "" for share in (0.5, 0.99, 1.0)),
        f"{worst[0]:.2f} of {worst[1]:.2f} s" if worst else "",
        str(len(seen)),
        _verdict(seen),
    )


def _verdict(seen: Sequence[Seen]) -> str:
    good = sum(one.is_good for one in seen)
    if not seen:
        return "not measured"
    if good == len(seen):
        return "holds" if len(seen) >= ENOUGH else "holds so far"
    remarks = dict.fromkeys(one.remark for one in seen if not one.is_good)
    return f"{len(seen) - good} of {len(seen)} not: {'; '.join(remarks)}"


def _proved(proof: Proved) -> tuple[str, ...]:
    tests = ", ".join(f"`{test.rpartition('::')[2]}`" for test in proof.tests)
    return (proof.fault_class, "by test", proof.expected, "", "", "", "", "", "", tests)


def _origin(seen: Sequence[Seen], void: int) -> str:
    """Where and when; every line of the file says it of itself."""
    if not seen:
        return "Nothing has been measured.\n"
    dates = sorted({one.date for one in seen})
    days = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    where = f"{_joined({one.machine for one in seen})}, cell `{_joined({one.cell for one in seen})}`"
    loads = sorted(one.load for one in seen if one.load is not None)
    busy = f" at a load of {at(loads, 0.5):.0f}" if loads else ""
    return (
        f"{len(seen)} injections on {where}, {days}{busy}. Not counted: {void}, because the machine stalled "
        "later in the same part, so that the interlock tripped.\n"
    )


def at(times: Sequence[float], share: float) -> float:
    """Nearest rank of sorted times."""
    return times[max(ceil(share * len(times)) - 1, 0)]


def _ms(time_s: float) -> str:
    return f"{time_s * 1e3:.1f} ms" if time_s < 0.01 else f"{time_s * 1e3:.0f} ms"


def _joined(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
