"""An answer, apart from what its protocol wraps around it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """What an answer says; `status` is 0 where the protocol has none."""

    unit: int
    function: int
    status: int
    content: bytes
