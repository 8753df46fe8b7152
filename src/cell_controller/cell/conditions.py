"""What stands against a command, and which alarms hold: both from the same facts."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.cell.alarms import AlarmId, Condition
from cell_controller.cell.journal import JournalQueue
from cell_controller.cell.layout import CellLayout
from cell_controller.cell.parts import PartBook
from cell_controller.cell.places import PlaceBook
from cell_controller.cell.view import View
from cell_controller.packml import Command

NEEDS_JOURNAL = (Command.START, Command.UNHOLD, Command.UNSUSPEND)


@dataclass(frozen=True, slots=True)
class Conditions:
    """The books that say whether the cell may go on."""

    layout: CellLayout
    parts: PartBook
    places: PlaceBook
    journal: JournalQueue

    def hindrance(self, command: Command, view: View) -> str:
        """Why a legal start-type command is refused now, "" when nothing stands against it."""
        if command is Command.COMPLETE:
            return ""
        reasons = [self._not_heard(view), self._tools(view), self._parts_in_the_way()]
        if command is Command.CLEAR:
            reasons += [self._not_read(), _interlock(view)]
        if command in NEEDS_JOURNAL and not self.journal.is_healthy:
            reasons.append(f"the part journal cannot sync: {self.journal.failure}")
        return "; ".join(reason for reason in reasons if reason)

    def alarms(self, view: View) -> tuple[Condition, ...]:
        """Alarms that hold as long as what they speak of."""
        found = []
        if view.safety is None:
            found.append(Condition(AlarmId.SAFETY_LOST, "interlock"))
        else:
            # The first is why the cell stopped; of what followed only what is still there needs a person.
            for trip in (*view.safety.trips[:1], *(t for t in view.safety.trips[1:] if t.is_present)):
                source = f"{trip.rule} {trip.subject}".strip()
                found.append(Condition(AlarmId.SAFETY_TRIP, source, f"{source}: {trip.text}"))
            found += [
                Condition(AlarmId.SAFETY_WARNING, text, text) for text in dict.fromkeys(view.safety.warnings)
            ]
        for spec in self.layout.stations:
            if spec.name not in view.stations:
                found.append(Condition(AlarmId.STATION_LOST, spec.name, spec.label))
        found += [Condition(AlarmId.TOOL_IN_MATERIAL, name, name) for name in view.with_tool_in_material()]
        for part in self.parts.undisposed():
            detail = f"{part.part_id} at {part.place}: {part.detail}"
            found.append(Condition(AlarmId.PART_UNDISPOSED, part.part_id, detail))
        for place, part_id in self.places.to_remove.items():
            found.append(Condition(AlarmId.PART_NOT_REMOVED, place, f"{part_id} at {place}"))
        if not self.journal.is_healthy:
            found.append(Condition(AlarmId.JOURNAL_FAILED, "journal", self.journal.failure))
        return tuple(found)

    def _not_heard(self, view: View) -> str:
        missing = [spec.name for spec in self.layout.stations if spec.name not in view.stations]
        return f"not heard: {', '.join(missing)}" if missing else ""

    def _tools(self, view: View) -> str:
        tools = view.with_tool_in_material()
        return f"tool in the material: {', '.join(tools)}" if tools else ""

    def _parts_in_the_way(self) -> str:
        reasons = []
        undisposed = self.parts.undisposed()
        if undisposed:
            named = ", ".join(f"{part.part_id} at {part.place}" for part in undisposed)
            reasons.append(f"parts need a disposition: {named}")
        if self.places.to_remove:
            named = ", ".join(f"{part_id} at {place}" for place, part_id in self.places.to_remove.items())
            reasons.append(f"parts were disposed of but still lie in the cell: {named}")
        return "; ".join(reasons)

    def _not_read(self) -> str:
        return "" if self.journal.is_loaded else self.journal.failure


def _interlock(view: View) -> str:
    if view.safety is None:
        return "the interlock is not heard"
    if view.is_tripped and not view.safety.can_reset:
        return f"the interlock cannot reset: {view.safety.reset_hindrance or 'no reason given'}"
    return ""
