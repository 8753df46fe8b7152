"""Which task goes to which station next: weld and grind at once, index when both are done and clear."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.cell.layout import CellLayout, StationSpec
from cell_controller.cell.parts import PartBook, PartRecord
from cell_controller.cell.tasks import TaskBoard
from cell_controller.cell.view import View
from cell_controller.cell.zones import ZoneBook
from cell_controller.messages import TaskKind, Verdict

LOAD_WAIT_S = 10.0
"""The belt waits this long for a next part before it indexes without one: a place left empty costs one
whole cycle, a loader that is merely slow costs less."""

WITHDRAWN_S = 0.3
"""The load request has been off this long before the belt moves: six StationStates, so the loader knows."""

IDLE_S = 3.0
"""Nothing to do for this long is starved or blocked; shorter gaps are the loader's ordinary time."""

STUCK_S = 15.0
"""Something to do and nobody able to do it for this long: far above a station's way to its safe position."""


@dataclass(frozen=True, slots=True)
class Start:
    """A task to be started; INDEX and HOME have no part."""

    station: str
    kind: TaskKind
    part: PartRecord | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What one step of the dispatcher wants."""

    starts: tuple[Start, ...] = ()
    load_request: bool = False
    is_starved: bool = False
    is_blocked: bool = False
    stuck: str = ""


class Dispatcher:
    """Decides from records, measured states and grants; remembers only since when it waits."""

    def __init__(self, layout: CellLayout, parts: PartBook, tasks: TaskBoard, zones: ZoneBook) -> None:
        self._layout = layout
        self._parts = parts
        self._tasks = tasks
        self._zones = zones
        self._asking_since_s: float | None = None
        self._quiet_since_s = 0.0
        self._idle_since_s: float | None = None

    def restart(self, now_s: float) -> None:
        """Execute begins anew: nobody has waited yet."""
        self._asking_since_s = self._idle_since_s = None
        self._quiet_since_s = now_s

    def decide(self, view: View, wants_parts: bool) -> Decision:
        """One step of production."""
        now_s = view.now_s
        starts = self._process_starts(view)
        indexing = self._tasks.of(self._layout.conveyor) is not None
        is_load_free = self._parts.at(self._layout.load) is None
        load_request = wants_parts and is_load_free and not indexing
        can_index = not starts and not indexing and self._is_index_due()
        if can_index and load_request and self._waited_for_load(now_s):
            load_request = False
        self._note_request(load_request, now_s)
        if can_index and not load_request and now_s - self._quiet_since_s >= WITHDRAWN_S:
            starts = self._index_start(view)
        if starts or self._tasks.active():
            self._idle_since_s = None
            return Decision(starts, load_request)
        return self._idle(view, wants_parts, load_request)

    def can_go_on(self) -> bool:
        """Whether a suspended cell has something to do again."""
        return bool(self.waiting_parts()) or self._is_index_due()

    def _note_request(self, load_request: bool, now_s: float) -> None:
        if not load_request:
            return
        self._quiet_since_s = now_s
        if self._asking_since_s is None:
            self._asking_since_s = now_s

    def _waited_for_load(self, now_s: float) -> bool:
        return self._asking_since_s is not None and now_s - self._asking_since_s >= LOAD_WAIT_S

    def _process_starts(self, view: View) -> tuple[Start, ...]:
        if self._tasks.of(self._layout.conveyor) is not None:
            return ()
        starts: list[Start] = []
        for spec, part in self.waiting_parts():
            busy = (*self._tasks.busy, *(start.station for start in starts))
            if view.is_ready(spec.name) and self._zones.grant(spec.name, view, busy):
                starts.append(Start(spec.name, spec.process, part))
        return tuple(starts)

    def waiting_parts(self) -> tuple[tuple[StationSpec, PartRecord], ...]:
        """Parts that lie at a station which has nothing to do and has not worked on them."""
        found = []
        for spec in self._layout.processing:
            part = self._parts.at(spec.place)
            if part is not None and self._tasks.of(spec.name) is None and not why_not(part, spec):
                found.append((spec, part))
        return tuple(found)

    def _is_index_due(self) -> bool:
        """Every part on the belt is done where it lies, and the way out is free."""
        belt = [self._parts.at(place) for place in self._layout.places]
        if self._tasks.active() or self.waiting_parts() or belt[-1] is not None:
            return False
        return any(belt) and not self._parts.undisposed()

    def _index_start(self, view: View) -> tuple[Start, ...]:
        conveyor = self._layout.conveyor
        is_clear = all(view.is_clear(spec.name) for spec in self._layout.processing)
        if not (is_clear and view.is_ready(conveyor)):
            return ()
        if not self._zones.grant(conveyor, view, self._tasks.busy):
            return ()
        self._asking_since_s = None
        return (Start(conveyor, TaskKind.INDEX),)

    def _idle(self, view: View, wants_parts: bool, load_request: bool) -> Decision:
        if self._idle_since_s is None:
            self._idle_since_s = view.now_s
        waited_s = view.now_s - self._idle_since_s
        on_belt = [place for place in self._layout.places if self._parts.at(place)]
        if not on_belt:
            is_starved = not wants_parts or waited_s >= IDLE_S
            return Decision((), load_request, is_starved=is_starved)
        if self._parts.at(self._layout.out) is not None and not self.waiting_parts():
            return Decision((), load_request, is_blocked=waited_s >= IDLE_S)
        stuck = self._stuck_text(view) if waited_s >= STUCK_S else ""
        return Decision((), load_request, stuck=stuck)

    def _stuck_text(self, view: View) -> str:
        stations = [spec.name for spec in self._layout.stations]
        not_ready = [name for name in stations if not view.is_ready(name)]
        not_clear = [name for name in stations if not view.is_clear(name)]
        return f"not ready: {', '.join(not_ready) or 'none'}; not clear: {', '.join(not_clear) or 'none'}"


def home_starts(layout: CellLayout, view: View, tasks: TaskBoard, zones: ZoneBook) -> tuple[Start, ...]:
    """Starting: stations that are not ready go home; the belt last, when all others are clear."""
    starts = []
    for spec in layout.processing:
        if spec.name in view.stations and tasks.of(spec.name) is None and not view.is_ready(spec.name):
            zones.grant(spec.name, view, tasks.busy)  # leaving upwards needs no grant
            starts.append(Start(spec.name, TaskKind.HOME))
    conveyor = layout.conveyor
    if starts or tasks.active() or conveyor not in view.stations or view.is_ready(conveyor):
        return tuple(starts)
    if all(view.is_ready(s.name) for s in layout.processing) and zones.grant(conveyor, view, tasks.busy):
        return (Start(conveyor, TaskKind.HOME),)
    return ()


def why_not(part: PartRecord, spec: StationSpec) -> str:
    """Why a station does not work on the part in its place, "" when it does. A bad part passes untouched."""
    if part.needs_disposition:
        return "waits for a disposition"
    if part.verdict not in (Verdict.NONE, Verdict.GOOD):
        return f"is {part.verdict.name.lower()}"
    if part.process:
        return f"is in process: {part.process}"
    return f"is done there: {spec.process.name.lower()}" if spec.place in part.done else ""
