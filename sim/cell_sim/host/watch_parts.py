"""Invariant 6: every part has one record, none is lost or doubled, and an interrupted one is suspect."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from cell_controller.config import INTERLOCK, CellFile
from cell_controller.config.models import GrindingSpindle, WeldingRobot
from cell_controller.messages import (
    CellState,
    PartEvent,
    PartEventKind,
    SafetyPhase,
    SafetyState,
    Verdict,
)
from cell_sim.plant import CellPlant
from cell_sim.plant.record import PlantEvent

if TYPE_CHECKING:
    from cell_sim.plant.stations import GrindPlace, WeldPlace

Broken = Callable[[float, int, str], None]
UNKNOWN = "unknown-"  # begins the id of a part that was found without a record
ENDINGS = (PartEventKind.PROCESS_ENDED, PartEventKind.SUSPECT, PartEventKind.RECOVERED)
GONE = (PartEventKind.DELIVERED, PartEventKind.DISPOSED)
BELIEVED_S = (
    10.0  # what a lying sensor has said is believed, until the belt has been moved and looked at again
)


class PartsWatch:
    """Reads the part journal beside the parts themselves."""

    def __init__(self, cell: CellFile, plant: CellPlant, broken: Broken) -> None:
        self._plant, self._broken = plant, broken
        self._places: dict[str, WeldPlace | GrindPlace] = {}  # by the process that happens there
        for name, station in cell.stations.items():
            if isinstance(station, WeldingRobot):
                self._places["weld"] = plant.welds[name]
            elif isinstance(station, GrindingSpindle):
                self._places["grind"] = plant.grinds[name]
        self._sensors = frozenset(
            f"{cell.signals.inputs[name].module}.{cell.signals.inputs[name].channel}"
            for conveyor in cell.conveyors.values()
            for name in conveyor.part_present
        )
        self._verdicts: dict[str, Verdict] = {}  # of every part that has a record
        self._created: set[str] = set()
        self._gone: set[str] = set()
        self._in_process: dict[str, str] = {}  # process -> part that it works on
        self._interrupted: set[str] = set()  # a stop came while a tool was in them
        self._phase = SafetyPhase.TRIPPED
        self._lost = 0
        self._lying: set[str] = set()  # sensors that show what is not so
        self._believed_until_s = -inf
        self._phantoms = 0  # records of what a sensor has made up
        self._hidden = 0  # parts that left without a record, because a sensor has hidden them

    def hear_safety(self, now_s: float, source: str, message: SafetyState) -> None:
        if source != INTERLOCK:
            return
        if message.phase is SafetyPhase.TRIPPED and self._phase is not SafetyPhase.TRIPPED:
            for process, part_id in self._in_process.items():
                if self._places[process].tool_in_material:
                    self._interrupted.add(part_id)
        self._phase = message.phase

    def take_synced(self, now_s: float, events: tuple[PartEvent, ...]) -> None:
        """Events that have reached the disk: what is not there has not happened for the next manager."""
        for event in events:
            self._take(now_s, event)

    def _take(self, now_s: float, event: PartEvent) -> None:
        part_id, kind = event.part_id, event.kind
        if part_id in self._gone:
            self._broken(now_s, 6, f"{part_id} has left the cell, and now {kind.name}")
        if kind is PartEventKind.CREATED:
            if part_id in self._created:
                self._broken(now_s, 6, f"{part_id} was created twice")
            self._created.add(part_id)
        if part_id not in self._verdicts:
            self._verdicts[part_id] = Verdict.NONE
            self._count(now_s)
        if kind is PartEventKind.PROCESS_STARTED and event.process in self._places:
            self._start(now_s, event)
        elif kind in ENDINGS:
            self._end(now_s, event)
        elif kind in GONE:
            self._leave(now_s, event)

    def _is_lied_to(self, now_s: float) -> bool:
        return bool(self._lying) or now_s < self._believed_until_s

    def _count(self, now_s: float) -> None:
        made = sum(belt.loader.made for belt in self._plant.belts.values())
        if len(self._verdicts) <= made + self._phantoms:
            return
        self._phantoms = len(self._verdicts) - made
        if not self._is_lied_to(now_s):
            self._broken(now_s, 6, f"{len(self._verdicts)} records for {made} parts")

    def _start(self, now_s: float, event: PartEvent) -> None:
        if self._verdicts[event.part_id] is Verdict.SUSPECT:
            self._broken(now_s, 6, f"{event.process} begins on {event.part_id}, which is suspect")
        self._in_process[event.process] = event.part_id

    def _end(self, now_s: float, event: PartEvent) -> None:
        part_id = event.part_id
        for process in [p for p, worked_on in self._in_process.items() if worked_on == part_id]:
            del self._in_process[process]
        if part_id in self._interrupted:
            self._interrupted.discard(part_id)
            if event.verdict is not Verdict.SUSPECT:
                self._broken(now_s, 6, f"{part_id} was interrupted with a tool in it: {event.verdict.name}")
        if event.verdict is not Verdict.NONE:
            self._verdicts[part_id] = event.verdict

    def _leave(self, now_s: float, event: PartEvent) -> None:
        self._gone.add(event.part_id)
        is_bare = event.kind is PartEventKind.DELIVERED and self._verdicts[event.part_id] is Verdict.SUSPECT
        if is_bare or event.part_id in self._interrupted:
            self._broken(now_s, 6, f"{event.part_id} is suspect and was {event.kind.name.lower()}")

    def hear_state(self, now_s: float, source: str, message: CellState) -> None:
        self.check(now_s)

    def see_event(self, event: PlantEvent) -> None:
        """A sensor that lies, as the plant notes it: input module.channel value."""
        words = event.name.split()
        if len(words) != 3 or words[0] != "input" or words[1] not in self._sensors:
            return
        if words[2] == "None":
            self._lying.discard(words[1])
            self._believed_until_s = event.at_s + BELIEVED_S
        else:
            self._lying.add(words[1])

    def check(self, now_s: float) -> None:
        """No part has fallen off the belt, lies where another one does, or has left without a record."""
        belts = self._plant.belts.values()
        lost, left = sum(len(belt.lost) for belt in belts), sum(len(belt.delivered) for belt in belts)
        is_excused = self._is_lied_to(now_s)
        if lost > self._lost:
            self._lost = lost
            if not is_excused:
                self._broken(now_s, 6, f"{lost} parts have fallen off the belt")
        if left > len(self._verdicts) + self._hidden:
            self._hidden = left - len(self._verdicts)
            if not is_excused:
                self._broken(now_s, 6, f"{left} parts have left, and there are {len(self._verdicts)} records")
