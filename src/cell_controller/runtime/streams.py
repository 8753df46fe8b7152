"""Streams of guarded messages: sessions, sequence and age, by the receiver's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite

from cell_controller.messages import Guard
from cell_controller.runtime.unit import FaultKind


@dataclass(slots=True)
class Stream:
    """One source on one port. Starts empty: inf old, without a session."""

    session: int = 0
    seq: int = 0
    received_at_s: float = -inf
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
            self.session, self.seq = guard.session, 0
        if guard.seq <= self.seq:
            self.discarded += 1
            return False, FaultKind.REORDERED
        self.seq, self.message, self.received_at_s, self.is_expired = guard.seq, message, at_s, False
        return True, fault

    def age_s(self, now_s: float) -> float:
        return now_s - self.received_at_s
