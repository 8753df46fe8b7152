"""Numbers that no other session of the manager has used: task ids, clear ids and the base of state_seq."""

from __future__ import annotations

_SESSION_BITS = 0x7FFF_FFFF
"""Bits of the session that go into a number: 31 leave 2^32 numbers per session in a signed 64-bit field."""


def base_of(session: int) -> int:
    """The first number of a session; never 0, which means "none" in every message."""
    return ((session & _SESSION_BITS) << 32) + 1


class Numbers:
    """Counts upwards from the base of a session."""

    def __init__(self, session: int) -> None:
        self._next = base_of(session)

    def next(self) -> int:
        """A number that has not been used before."""
        number, self._next = self._next, self._next + 1
        return number
