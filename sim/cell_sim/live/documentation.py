"""The table of docs/faults.md, written from the catalogue."""

from __future__ import annotations

from cell_controller.config import CellFile
from cell_controller.plan import CellPlan
from cell_sim.live.catalog import CATALOG, LiveFault

_MARK, _END = "<!-- table live faults -->\n", "<!-- end -->"
_HEAD = ("name", "target", "what is done", "what has to follow", "within", "`--for` without it")


def with_table(page: str, cell: CellFile, plan: CellPlan) -> str:
    """The page with whatever stands between the marks replaced; times are those of this cell."""
    before, rest = page.split(_MARK)
    _, after = rest.split(_END, 1)
    return f"{before}{_MARK}{as_markdown(cell, plan)}{_END}{after}"


def as_markdown(cell: CellFile, plan: CellPlan) -> str:
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(fault, cell, plan) for fault in CATALOG)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(fault: LiveFault, cell: CellFile, plan: CellPlan) -> tuple[str, ...]:
    expected, within = fault.expected, _within(fault, cell, plan, lasts=False)
    if fault.lasting:
        expected = f"{expected}. For a time: {fault.lasting}"
        within = f"{within}; {_within(fault, cell, plan, lasts=True)}"
    lasts = f"{fault.for_s:g} s" if fault.for_s else ""
    return f"`{fault.name}`", fault.aim, fault.does, expected, within, lasts


def _within(fault: LiveFault, cell: CellFile, plan: CellPlan, *, lasts: bool) -> str:
    """The range over all targets of the cell."""
    targets = fault.targets(cell) or ("",)
    limits_s = sorted({fault.limit_of(cell, plan, target, lasts=lasts) for target in targets})
    if limits_s[-1] == 0.0:
        return "no effect"
    words = [f"{limit_s:.2g}" for limit_s in (limits_s[0], limits_s[-1])]
    return f"{' to '.join(dict.fromkeys(words))} s"
