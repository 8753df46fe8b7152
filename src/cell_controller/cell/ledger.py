"""Where part events go: records, journal, counters and everybody who listens."""

from __future__ import annotations

from cell_controller.cell.journal import JournalQueue
from cell_controller.cell.orders import OrderDesk
from cell_controller.cell.parts import PartBook
from cell_controller.cell.production import Production
from cell_controller.messages import PartEvent


class Ledger:
    """The one way by which a part's record changes."""

    def __init__(
        self, parts: PartBook, journal: JournalQueue, orders: OrderDesk, production: Production
    ) -> None:
        self._parts = parts
        self._journal = journal
        self._orders = orders
        self._production = production
        self._published: list[PartEvent] = []

    def record(self, events: tuple[PartEvent, ...], now_s: float) -> None:
        """Facts: into the records at once, into the journal as soon as it can."""
        self._journal.record(events)
        self.confirm(events, now_s)

    def confirm(self, events: tuple[PartEvent, ...], now_s: float) -> None:
        """Events that are in the journal already: into the records."""
        for event in events:
            self._parts.apply(event)
            self._production.note_event(event, self._orders.present, now_s)
            self._published.append(event)

    def take_published(self) -> tuple[PartEvent, ...]:
        """Events since the last call, for the topic."""
        published = tuple(self._published)
        self._published.clear()
        return published
