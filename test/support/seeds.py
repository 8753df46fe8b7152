"""A seed that no run has tried before, told at the end of the run whether it broke anything or not."""

import secrets
from collections.abc import Callable

FRESH_SEED = "fresh seed"  # name of the property that a test records


def fresh(record_property: Callable[[str, object], None]) -> str:
    """First episode of a seed drawn now."""
    seed = f"{secrets.randbelow(10**9)}:0"
    record_property(FRESH_SEED, seed)
    return seed
