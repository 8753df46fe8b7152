"""The belt as a shift register, reconciled with what the sensors at its places see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from cell_controller.cell.layout import CellLayout
from cell_controller.cell.parts import DELIVERED, UNKNOWN, PartBook, PartRecord
from cell_controller.messages import PartEvent, PartEventKind, StationState, Verdict

SETTLE_S = 0.5
"""A disagreement between record and sensor counts after this long: ten StationStates, far above the
20-50 ms debounce of a sensor."""

LOAD_ANSWER_S = 1.0
"""A part that appears on the first place this long after the request was withdrawn was still asked for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the sensors say; events are facts for the journal."""

    events: tuple[PartEvent, ...] = ()
    arrived: bool = False  # a part that was asked for stands on the first place
    missing: tuple[str, ...] = ()  # part ids
    unexpected: tuple[str, ...] = ()  # part ids


class PlaceBook:
    """Compares records and sensors while the belt stands."""

    def __init__(self, layout: CellLayout, parts: PartBook) -> None:
        self._layout = layout
        self._parts = parts
        self._differs_since_s: dict[str, float] = {}
        self._asked_until_s = -inf
        self._seen_out = False
        self._load_was_free = False
        self.to_remove: dict[str, str] = {}  # place -> part id disposed of, until the sensor is free
        self._lies_somewhere = ""  # part id disposed of when nobody knew its place, before this process began

    @property
    def is_agreed(self) -> bool:
        """Records and sensors say the same, everywhere: only then may a process begin."""
        return not self._differs_since_s

    def ask_for_load(self, now_s: float) -> None:
        """The load request is on in this moment."""
        self._asked_until_s = now_s + LOAD_ANSWER_S

    def belt_moved(self) -> None:
        """Forget what was seen before an index."""
        self._differs_since_s.clear()
        self._seen_out = self._load_was_free = False

    def load(self, events: Iterable[PartEvent]) -> None:
        """What the operator disposed of last may still lie there: the journal does not know when it went."""
        place_of: dict[str, str] = {}
        for event in events:
            if event.kind is not PartEventKind.DISPOSED:
                place_of[event.part_id] = event.place
                self.to_remove.pop(event.place, None)
                self._lies_somewhere = ""
                continue
            place = place_of.get(event.part_id, UNKNOWN)
            if place in self._layout.places:
                self.to_remove[place] = event.part_id
            elif place == UNKNOWN:
                self._lies_somewhere = event.part_id

    def disposed(self, part: PartRecord, seen: StationState | None) -> None:
        """The operator takes the part away: its place must read empty before the cell goes on."""
        if part.place in self._layout.places:
            self.to_remove[part.place] = part.part_id
        elif not any(p.place == UNKNOWN for p in self._parts.open()) and seen is not None:
            self._mark_strays(part.part_id, seen)

    def _mark_strays(self, part_id: str, seen: StationState) -> None:
        """What lies without a record is what was taken out of the books when its place was not known."""
        for place, is_seen in zip(self._layout.places, seen.places, strict=False):
            if is_seen and self._parts.at(place) is None:
                self.to_remove.setdefault(place, part_id)

    def reconcile(self, conveyor: StationState, wants_part: bool, now_s: float) -> Finding:
        """Compare, while no index runs. Finds arrivals, deliveries, missing and unexpected parts."""
        events: list[PartEvent] = []
        missing: list[str] = []
        unexpected: list[str] = []
        arrived = False
        if len(conveyor.places) != len(self._layout.places):  # nothing is seen: a difference has to last anew
            self._differs_since_s = dict.fromkeys(self._differs_since_s, now_s)
            return Finding()
        if self._lies_somewhere:
            self._mark_strays(self._lies_somewhere, conveyor)
            self._lies_somewhere = ""
        for place, is_seen in zip(self._layout.places, conveyor.places, strict=True):
            part = self._parts.at(place)
            if place in self.to_remove and not is_seen:
                del self.to_remove[place]
            self._seen_out |= part is not None and is_seen and place == self._layout.out
            self._load_was_free |= not is_seen and place == self._layout.load
            if (part is not None) == is_seen or place in self.to_remove:
                self._differs_since_s.pop(place, None)
                continue
            if part is None and self._is_arrival(place, wants_part, now_s):
                arrived = True
                continue
            since_s = self._differs_since_s.setdefault(place, now_s)
            if now_s - since_s < SETTLE_S:
                continue
            del self._differs_since_s[place]
            if part is not None and place == self._layout.out and self._may_have_left(part):
                events.append(_event(part, PartEventKind.DELIVERED, DELIVERED, part.verdict, ""))
            elif part is not None:
                detail = f"not seen at {place} any more"
                events.append(_event(part, PartEventKind.SUSPECT, UNKNOWN, Verdict.SUSPECT, detail))
                missing.append(part.part_id)
            elif not any(p.place == UNKNOWN for p in self._parts.open()):
                found = self._found(place)
                events.append(found)
                unexpected.append(found.part_id)
                break  # its id counts the records; the next place follows in the next step
        return Finding(tuple(events), arrived, tuple(missing), tuple(unexpected))

    def _is_arrival(self, place: str, wants_part: bool, now_s: float) -> bool:
        is_asked = wants_part and now_s <= self._asked_until_s
        return place == self._layout.load and is_asked and self._load_was_free

    def _may_have_left(self, part: PartRecord) -> bool:
        return not part.needs_disposition and self._seen_out

    def _found(self, place: str) -> PartEvent:
        return PartEvent(
            self._parts.new_unknown_id(),
            PartEventKind.SUSPECT,
            place=place,
            verdict=Verdict.SUSPECT,
            detail=f"seen at {place} without a record",
        )


def _event(part: PartRecord, kind: PartEventKind, place: str, verdict: Verdict, detail: str) -> PartEvent:
    return PartEvent(
        part.part_id, kind, part.order_id, part.recipe, part.recipe_hash, place, "", verdict, detail
    )
