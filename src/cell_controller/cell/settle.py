"""Part events that follow from tasks: what is written before a process, and what after it."""

from __future__ import annotations

from cell_controller.cell.dispatch import Start
from cell_controller.cell.layout import CellLayout
from cell_controller.cell.orders import ProductionOrder
from cell_controller.cell.parts import INDEX_PROCESS, UNKNOWN, PartBook, PartRecord
from cell_controller.cell.tasks import PART_KINDS, Ended, TaskBoard, verdict_on_part
from cell_controller.cell.view import View
from cell_controller.messages import (
    Parameter,
    PartEvent,
    PartEventKind,
    TaskKind,
    TaskResult,
    Verdict,
)


def created(order: ProductionOrder, place: str) -> PartEvent:
    """A part of an order has come in."""
    return PartEvent(
        order.new_part_id(),
        PartEventKind.CREATED,
        order_id=order.order_id,
        recipe=order.recipe.name,
        recipe_hash=order.recipe.hash,
        place=place,
        operator=order.operator,
    )


def start_events(start: Start, parts: PartBook, layout: CellLayout, operator: str) -> tuple[PartEvent, ...]:
    """Written before the Order leaves: the part to be worked on, or every part on a belt about to move."""
    if start.part is not None:
        process = start.kind.name.lower()
        return (_event(start.part, PartEventKind.PROCESS_STARTED, process=process, operator=operator),)
    if start.kind is not TaskKind.INDEX:
        return ()
    return tuple(
        _event(part, PartEventKind.PROCESS_STARTED, process=INDEX_PROCESS, operator=operator)
        for part in on_belt(parts, layout)
    )


def end_events(end: Ended, parts: PartBook, layout: CellLayout) -> tuple[PartEvent, ...]:
    """Written when a task has ended; nothing for one whose start never reached the journal."""
    if not end.was_started:
        return ()
    if end.task.kind is TaskKind.INDEX:
        return _index_events(end, parts, layout)
    part = parts.get(end.task.part_id)
    if part is None or end.task.kind not in PART_KINDS:
        return ()
    verdict = verdict_on_part(end)
    process = end.task.kind.name.lower()
    detail = end.detail if end.is_done else f"{process} {end.result.name.lower()}: {end.detail}".rstrip(": ")
    ended = _event(
        part, PartEventKind.PROCESS_ENDED, process=process, verdict=verdict, detail=detail, results=end.values
    )
    if verdict is not Verdict.SUSPECT:
        return (ended,)
    return (ended, _event(part, PartEventKind.SUSPECT, verdict=Verdict.SUSPECT, detail=detail))


TOOL_IN_MATERIAL = "TOOL_IN_MATERIAL"  # begins the detail of a part that a stop left a tool in


def stranded_events(
    view: View, parts: PartBook, layout: CellLayout, tasks: TaskBoard
) -> tuple[PartEvent, ...]:
    """A stop is over and has left a tool in the material: once in the record of the part under it."""
    events = []
    for spec in layout.processing:
        state, part = view.stations.get(spec.name), parts.at(spec.place)
        if state is None or not state.is_stranded or part is None or tasks.of(spec.name) is not None:
            continue
        if not part.detail.startswith(TOOL_IN_MATERIAL):
            detail = f"{TOOL_IN_MATERIAL}: {part.detail or spec.name}"
            events.append(_event(part, PartEventKind.SUSPECT, verdict=Verdict.SUSPECT, detail=detail))
    return tuple(events)


def on_belt(parts: PartBook, layout: CellLayout) -> tuple[PartRecord, ...]:
    """The parts that move when the belt moves, the foremost first."""
    found = (parts.at(place) for place in reversed(layout.places))
    return tuple(part for part in found if part is not None)


def _index_events(end: Ended, parts: PartBook, layout: CellLayout) -> tuple[PartEvent, ...]:
    if not end.was_sent or end.result in (TaskResult.REFUSED, TaskResult.STOPPED):
        # Stopped: the belt is back on its pitch and its sensors are as before.
        return tuple(_event(part, PartEventKind.MOVED) for part in on_belt(parts, layout))
    if end.is_done:
        return tuple(
            _event(part, PartEventKind.MOVED, place=layout.next_place(part.place) or UNKNOWN)
            for part in on_belt(parts, layout)
        )
    detail = f"index {end.result.name.lower()}: its place is not known"
    return tuple(
        _event(part, PartEventKind.SUSPECT, place=UNKNOWN, verdict=part.verdict, detail=detail)
        for part in on_belt(parts, layout)
    )


def _event(
    part: PartRecord,
    kind: PartEventKind,
    *,
    place: str = "",
    process: str = "",
    verdict: Verdict = Verdict.NONE,
    detail: str = "",
    operator: str = "",
    results: tuple[Parameter, ...] = (),
) -> PartEvent:
    return PartEvent(
        part.part_id,
        kind,
        part.order_id,
        part.recipe,
        part.recipe_hash,
        place or part.place,
        process,
        verdict,
        detail,
        operator,
        results,
    )
