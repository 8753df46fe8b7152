"""The latch: two states, starts tripped, to OK on a reset edge only; keeps first-out and order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cell_controller.messages import CellPermit, Trip
from cell_controller.safety.findings import Finding, RuleName


class Latch:
    """Tripped or not, and by what."""

    def __init__(self) -> None:
        self.is_tripped = True
        self.trips: tuple[Trip, ...] = ()
        self.newest_at_s = 0.0  # a reset must have seen everything up to here

    def start(self, now_s: float) -> None:
        """The interlock's own start is the first trip."""
        self._add(Finding(RuleName.STARTUP, "interlock", "started", is_event=True), now_s, True)

    def trip(self, finding: Finding, now_s: float, *, is_recoverable: bool) -> None:
        """Latch one finding; of one rule and subject the first of the present stop is kept."""
        if not self.is_tripped:
            self.is_tripped, self.trips = True, ()
        self._add(finding, now_s, is_recoverable)

    def _add(self, finding: Finding, now_s: float, is_recoverable: bool) -> None:
        self.newest_at_s = now_s
        if any((t.rule, t.subject) == finding.key for t in self.trips):
            return
        trip = Trip(
            rule=finding.rule.value,
            subject=finding.subject,
            text=finding.text,
            value=finding.value,
            limit=finding.limit,
            unit=finding.unit,
            at_s=now_s,
            is_present=not finding.is_event,
            is_recoverable=is_recoverable,
        )
        self.trips = (*self.trips, trip)

    def postpone(self, now_s: float) -> None:
        """Something happened that is not listed; a reset must have seen it all the same."""
        self.newest_at_s = now_s

    def refresh(self, present: Collection[tuple[RuleName, str]]) -> None:
        """Bring `is_present` of the trips up to date."""
        if any(t.is_present != ((t.rule, t.subject) in present) for t in self.trips):
            self.trips = tuple(replace(t, is_present=(t.rule, t.subject) in present) for t in self.trips)

    def reset(self) -> None:
        """To OK; whoever calls has checked that nothing is present and that an edge was seen."""
        self.is_tripped, self.trips = False, ()

    @property
    def first_out(self) -> str:
        """The first trip in words, "" when not tripped."""
        return f"{self.trips[0].rule} {self.trips[0].subject}: {self.trips[0].text}" if self.trips else ""


class ResetEdge:
    """Recognises a clear_id that was not there before; each is used up when it is seen."""

    def __init__(self) -> None:
        self._manager_session = 0
        self._used: set[int] = set()
        self.newest = 0

    def sees(self, permit: CellPermit, *, own_session: int, tripped_at_s: float) -> bool:
        """True for a new clear_id that was given in knowledge of everything that has tripped so far.

        The first permit of a manager's session is never an edge: its clear_id may be an old one that is
        being repeated to an interlock that has restarted.
        """
        if permit.guard.session != self._manager_session:
            self._manager_session, self._used = permit.guard.session, {0, permit.clear_id}
            return False
        if permit.clear_id in self._used:
            return False
        self._used.add(permit.clear_id)
        self.newest = permit.clear_id
        return permit.echo.session == own_session and permit.echo.stamp_s >= tripped_at_s
