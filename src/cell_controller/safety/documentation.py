"""The table of docs/safety.md, written from the rules that the interlock runs."""

from __future__ import annotations

from cell_controller.safety.rule import During, Rule
from cell_controller.safety.table import RULES

_MARK, _END = "<!-- table rules -->\n", "<!-- end -->"
_HEAD = (
    "rule",
    "reads",
    "trips when any",
    "warns at",
    "while",
    "category",
    "recovery",
    "remedy before the reset",
)


def with_table(page: str) -> str:
    """The page with whatever stands between the marks replaced by the table of the code."""
    before, rest = page.split(_MARK)
    _, after = rest.split(_END, 1)
    return f"{before}{_MARK}{as_markdown()}{_END}{after}"


def as_markdown() -> str:
    """All rules, in the order in which causes are named before their effects."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(rule) for rule in RULES)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cells(rule: Rule) -> tuple[str, ...]:
    during = "" if rule.during is During.ALWAYS else rule.during.value
    return (
        f"`{rule.name.value}`",
        rule.inputs,
        rule.trips,
        rule.warns,
        during,
        str(rule.category.value),
        "yes" if rule.is_recoverable else "no",
        rule.remedy,
    )
