"""Which version of each function is at work: stands in the mutated sources, so it is short and quick."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

MutantDict = dict[str, Callable[..., Any]]
TABLES: dict[str, MutantDict] = {}  # by module and name of the original
reached: set[str] = set()


def wrap_in_trampoline(table: MutantDict, is_classmethod: bool = False) -> Callable[..., Any]:
    """The decorator that mutmut writes before each function that it has copied and changed."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        key = f"{function.__module__}.{function.__qualname__}"
        TABLES[key] = table

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            reached.add(key)
            chosen = table.get("chosen") or table["_mutmut_orig"]
            return chosen(*args[is_classmethod:], **kwargs)

        return call

    return decorate


def choose(key: str, mutant: str) -> None:
    """From now on the fault is at work in this process."""
    table = TABLES[key]
    table["chosen"] = table[mutant]
