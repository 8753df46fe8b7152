"""Streams of guarded messages: sessions, sequence and age, by the receiver's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite

from cell_controller.messages import Guard
from cell_controller.runtime.unit import FaultKind

# How much two monotonic clocks may drift apart: many times what crystals do.
DRIFT = 1e-4


@dataclass(slots=True)
class Stream:
    """One source on one port. Starts empty: inf old, without a session.

    received_at_s: when the newest message would have arrived had it travelled as fast as the fastest of its
    session. What waits in a queue ages there, and no clock has to be compared with another host's.
    """

    session: int = 0
    seq: int = 0
    received_at_s: float = -inf
    _way_s: float = inf  # receiver's clock less sender's at the fastest message
    _arrived_at_s: float = -inf
    message: object | None = None
    is_expired: bool = False  # STALE has been reported for the present silence
    retired: set[int] = field(default_factory=set)
    discarded: int = 0

    def accept(self, guard: Guard, message: object, at_s: float) -> tuple[bool, FaultKind | None]:
        """Take a message or discard it; a discarded one never refreshes the age."""
        if guard.session == 0 or guard.seq < 1 or not isfinite(guard.stamp_s):
            self.discarded += 1
            return False, FaultKind.MALFORMED
        if guard.session in self.retired:
            self.discarded += 1
            return False, FaultKind.SECOND_SESSION
        fault = None
        if guard.session != self.session:
            if self.session:
                self.retired.add(self.session)
                fault = FaultKind.NEW_SESSION
            self.session, self.seq, self._way_s = guard.session, 0, inf
        if guard.seq <= self.seq:
            self.discarded += 1
            return False, FaultKind.REORDERED
        way_s = at_s - guard.stamp_s
        self._way_s = min(way_s, self._way_s + DRIFT * (at_s - self._arrived_at_s))
        self._arrived_at_s = at_s
        self.seq, self.message, self.received_at_s = guard.seq, message, at_s - (way_s - self._way_s)
        return True, fault

    def age_s(self, now_s: float) -> float:
        return now_s - self.received_at_s
