"""dispose_part: an operator decides about a part and takes it away; written before it counts."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.cell.journal import JournalQueue, Status
from cell_controller.cell.parts import REMOVED, VERDICT_OF_DISPOSITION, PartBook, PartRecord
from cell_controller.cell.tasks import TaskBoard
from cell_controller.messages import DisposeReply, DisposeRequest, Disposition, PartEvent, PartEventKind
from cell_controller.packml import WAIT_STATES, State

MAX_REASON_LENGTH = 500  # free text goes into the journal; a page would be a mistake


@dataclass(frozen=True, slots=True)
class Disposed:
    """An answered request, with the part as it was before and the event when it was accepted."""

    reply: DisposeReply
    part: PartRecord | None = None
    event: PartEvent | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    request: DisposeRequest
    event: PartEvent
    intention: int


class DisposalDesk:
    """Answers dispose_part."""

    def __init__(self, parts: PartBook, journal: JournalQueue, tasks: TaskBoard) -> None:
        self._parts = parts
        self._journal = journal
        self._tasks = tasks
        self._asked: list[_Asked] = []

    def submit(self, request: DisposeRequest, state: State) -> DisposeReply | None:
        """Refuse at once, or write the decision and answer in `poll`."""
        reason = self._refusal(request, state)
        part = self._parts.get(request.part_id)
        if part is None or reason:
            return DisposeReply(request.request_id, False, reason)
        event = PartEvent(
            part.part_id,
            PartEventKind.DISPOSED,
            order_id=part.order_id,
            recipe=part.recipe,
            recipe_hash=part.recipe_hash,
            place=REMOVED,
            verdict=VERDICT_OF_DISPOSITION[request.disposition],
            detail=request.reason,
            operator=request.operator,
        )
        self._asked.append(_Asked(request, event, self._journal.intend((event,))))
        return None

    def is_leaving(self, part_id: str) -> bool:
        """Its disposal is being written: nothing may be written of it behind that."""
        return any(asked.event.part_id == part_id for asked in self._asked)

    def poll(self) -> tuple[Disposed, ...]:
        """Requests that the journal has answered."""
        answered: list[Disposed] = []
        for asked in tuple(self._asked):
            status = self._journal.status(asked.intention)
            if status is Status.PENDING:
                continue
            self._asked.remove(asked)
            request_id = asked.request.request_id
            if status is Status.FAILED:
                reason = f"the part journal cannot sync: {self._journal.failure}"
                answered.append(Disposed(DisposeReply(request_id, False, reason)))
            else:
                part = self._parts.get(asked.event.part_id)
                answered.append(Disposed(DisposeReply(request_id, True), part, asked.event))
        return tuple(answered)

    def _refusal(self, request: DisposeRequest, state: State) -> str:
        part = self._parts.get(request.part_id)
        if not request.operator:
            return "the operator is not named"
        if request.disposition not in tuple(Disposition):
            return f"disposition {request.disposition} is not known"
        if len(request.reason) > MAX_REASON_LENGTH:
            return f"the reason has more than {MAX_REASON_LENGTH} characters"
        if part is None:
            return f"part {request.part_id!r} is not known"
        if not part.is_open:
            return f"part {part.part_id} is not in the cell: {part.place}, {part.verdict.name}"
        if state not in WAIT_STATES:
            return f"parts are taken away while the cell waits; it is in {state.name.title()}"
        if part.process or any(part.part_id == task.part_id for task in self._tasks.active()):
            return f"part {part.part_id} is in process"
        if request.disposition is Disposition.RETURN and not part.is_untouched:
            found = f"{part.verdict.name.lower()} {part.detail}".rstrip()
            return f"part {part.part_id} cannot go back to stock, a tool may have touched it: {found}"
        if self.is_leaving(part.part_id):
            return f"part {part.part_id} is being disposed of"
        if not self._journal.is_healthy:
            return f"the part journal cannot sync: {self._journal.failure}"
        return ""
