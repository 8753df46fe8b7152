"""One record per part, folded from its events: the same function live and after a restart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cell_controller.messages import (
    Disposition,
    Parameter,
    PartEvent,
    PartEventKind,
    PartState,
    Verdict,
)

DELIVERED = "out"
REMOVED = "removed"
UNKNOWN = "unknown"
INDEX_PROCESS = "index"

VERDICT_OF_DISPOSITION = {
    Disposition.SCRAP: Verdict.SCRAPPED,
    Disposition.REWORK: Verdict.REWORK,
    Disposition.RETURN: Verdict.RETURNED,
}

_UNKNOWN = "unknown-"  # begins the id of a part that nobody announced
_KEPT_CLOSED = 1000
"""Closed records kept for get_parts, a day's work; the journal keeps all of them."""


@dataclass(frozen=True, slots=True)
class PartRecord:
    """All that is known about one part."""

    part_id: str
    order_id: str = ""
    recipe: str = ""
    recipe_hash: str = ""
    place: str = UNKNOWN
    process: str = ""
    verdict: Verdict = Verdict.NONE
    needs_disposition: bool = False
    is_open: bool = True  # in the cell: neither delivered nor removed
    done: tuple[str, ...] = ()  # places whose process has ended with GOOD or BAD
    results: tuple[Parameter, ...] = ()
    detail: str = ""

    @property
    def is_untouched(self) -> bool:
        """No process has ended on it or was interrupted in it, and nothing about it is in doubt."""
        return self.verdict is Verdict.NONE and not self.done and not self.process

    def state(self) -> PartState:
        """The record as operators see it."""
        return PartState(
            part_id=self.part_id,
            order_id=self.order_id,
            recipe=self.recipe,
            recipe_hash=self.recipe_hash,
            place=self.place,
            process=self.process,
            verdict=self.verdict,
            needs_disposition=self.needs_disposition,
            results=self.results,
            detail=self.detail,
        )


def applied(record: PartRecord | None, event: PartEvent) -> PartRecord:
    """The record after an event; an event of a part never heard of begins a record."""
    now = record or PartRecord(
        event.part_id, event.order_id, event.recipe, event.recipe_hash, event.place or UNKNOWN
    )
    kind = event.kind
    if kind is PartEventKind.MOVED:
        return replace(now, place=event.place, process="")
    if kind is PartEventKind.PROCESS_STARTED:
        return replace(now, process=event.process)
    if kind is PartEventKind.PROCESS_ENDED:
        is_done = event.verdict in (Verdict.GOOD, Verdict.BAD)
        return replace(
            now,
            process="",
            verdict=event.verdict if event.verdict is not Verdict.NONE else now.verdict,
            done=(*now.done, event.place) if is_done and event.place not in now.done else now.done,
            results=_merged(now.results, event.results),
            detail=event.detail,
        )
    if kind in (PartEventKind.SUSPECT, PartEventKind.RECOVERED):
        return replace(
            now,
            place=event.place or now.place,
            process="",
            verdict=event.verdict,
            needs_disposition=True,
            detail=event.detail,
        )
    if kind is PartEventKind.DISPOSED:
        return replace(
            now,
            place=REMOVED,
            process="",
            verdict=event.verdict,
            needs_disposition=False,
            is_open=False,
            detail=event.detail,
        )
    if kind is PartEventKind.DELIVERED:
        return replace(now, place=DELIVERED, process="", is_open=False)
    return replace(now, verdict=event.verdict, detail=event.detail)  # CREATED


def _merged(old: tuple[Parameter, ...], new: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    names = {parameter.name for parameter in new}
    return (*(p for p in old if p.name not in names), *new)


class PartBook:
    """Every part the cell knows: open ones, and the newest that have left."""

    def __init__(self) -> None:
        self._records: dict[str, PartRecord] = {}
        self._highest_unknown = 0  # of all times: an id is never given to a second part
        self._order_ids: dict[str, None] = {}

    def apply(self, event: PartEvent) -> PartRecord:
        """Take one event into its record."""
        record = applied(self._records.get(event.part_id), event)
        self._records[event.part_id] = record
        number = event.part_id.removeprefix(_UNKNOWN)
        if number != event.part_id and number.isdecimal():
            self._highest_unknown = max(self._highest_unknown, int(number))
        if event.order_id:
            self._order_ids[event.order_id] = None
        if not record.is_open:
            self._forget()
        return record

    def load(self, events: Iterable[PartEvent]) -> tuple[PartEvent, ...]:
        """Fold the journal; returns the RECOVERED events that are to be journalled for parts in the cell."""
        for event in events:
            self.apply(event)
        return tuple(_recovered(r) for r in self.open() if not r.needs_disposition)

    def get(self, part_id: str) -> PartRecord | None:
        return self._records.get(part_id)

    def all(self) -> tuple[PartRecord, ...]:
        """Every record kept, oldest first."""
        return tuple(self._records.values())

    def open(self) -> tuple[PartRecord, ...]:
        """The parts in the cell."""
        return tuple(r for r in self._records.values() if r.is_open)

    def at(self, place: str) -> PartRecord | None:
        """The part that the records have at a place."""
        return next((r for r in self._records.values() if r.is_open and r.place == place), None)

    def of_order(self, order_id: str) -> tuple[PartRecord, ...]:
        return tuple(r for r in self._records.values() if r.order_id == order_id)

    def undisposed(self) -> tuple[PartRecord, ...]:
        """Parts that wait for an operator's decision."""
        return tuple(r for r in self._records.values() if r.is_open and r.needs_disposition)

    def has_order(self, order_id: str) -> bool:
        """Whether any part, ever, belonged to this order."""
        return order_id in self._order_ids

    def new_unknown_id(self) -> str:
        """An id for a part that nobody announced."""
        return f"{_UNKNOWN}{self._highest_unknown + 1}"

    def _forget(self) -> None:
        closed = [r.part_id for r in self._records.values() if not r.is_open]
        for part_id in closed[: max(0, len(closed) - _KEPT_CLOSED)]:
            del self._records[part_id]


def _recovered(record: PartRecord) -> PartEvent:
    """A part that was in the cell when the manager ended: its order is gone, so an operator decides."""
    is_interrupted = record.process not in ("", INDEX_PROCESS)
    if is_interrupted:
        detail = f"{record.process} was interrupted by a restart"
    elif record.process == INDEX_PROCESS:
        detail = "the belt was moving at a restart: its place is not known"
    else:
        detail = "found in the journal after a restart"
    return PartEvent(
        record.part_id,
        PartEventKind.RECOVERED,
        order_id=record.order_id,
        recipe=record.recipe,
        recipe_hash=record.recipe_hash,
        place=UNKNOWN if record.process == INDEX_PROCESS else record.place,
        verdict=Verdict.SUSPECT if is_interrupted else record.verdict,
        detail=detail,
    )
