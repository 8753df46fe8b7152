"""The order being made: one at a time, accepted only while the journal can sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_controller.cell.journal import JournalQueue, Status
from cell_controller.cell.parts import PartBook
from cell_controller.cell.recipe_book import RecipeEntry
from cell_controller.messages import OrderReply, OrderRequest

MAX_QUANTITY = 1000  # parts of one order: more than a day of this cell, and state stays small

_ID_LENGTH = 64  # part ids are made of it and appear in every record


@dataclass(slots=True)
class ProductionOrder:
    """An accepted order; `fed` counts its parts that were put on the belt."""

    order_id: str
    operator: str
    recipe: RecipeEntry
    quantity: int
    fed: int = 0
    is_closed: bool = False  # all its parts have ended, or an operator completed it early
    has_run: bool = False

    def new_part_id(self) -> str:
        """The id of the next part fed."""
        self.fed += 1
        return f"{self.order_id}-{self.fed}"


@dataclass(frozen=True, slots=True)
class _Asked:
    request: OrderRequest
    proof: int


class OrderDesk:
    """Answers submit_order and holds the present order, which stays readable after its end."""

    def __init__(self, recipes: Mapping[str, RecipeEntry], parts: PartBook, journal: JournalQueue) -> None:
        self._recipes = recipes
        self._parts = parts
        self._journal = journal
        self._asked: _Asked | None = None
        self._used: dict[str, None] = {}
        self.present: ProductionOrder | None = None

    @property
    def active(self) -> ProductionOrder | None:
        """The order that is not closed."""
        return self.present if self.present is not None and not self.present.is_closed else None

    @property
    def wants_parts(self) -> bool:
        """The active order has parts that were not fed yet."""
        order = self.active
        return order is not None and order.fed < order.quantity

    def is_finished(self) -> bool:
        """The active order's parts are all fed, and none of them is in the cell."""
        order = self.active
        if order is None or order.fed < order.quantity:
            return False
        return not any(part.is_open for part in self._parts.of_order(order.order_id))

    def submit(self, request: OrderRequest) -> OrderReply | None:
        """Refuse at once, or ask the journal for a proof that it can sync and answer in `poll`."""
        same = self._same_as_present(request)
        reason = "" if same else self._refusal(request)
        if same or reason:
            return OrderReply(request.request_id, same, reason)
        self._asked = _Asked(request, self._journal.intend(()))
        return None

    def poll(self) -> tuple[OrderReply, ProductionOrder | None] | None:
        """The answer to a submitted order once the journal has spoken, with the order if accepted."""
        if self._asked is None:
            return None
        status = self._journal.status(self._asked.proof)
        if status is Status.PENDING:
            return None
        request, self._asked = self._asked.request, None
        if status is Status.FAILED:
            reason = f"the part journal cannot sync: {self._journal.failure}"
            return OrderReply(request.request_id, False, reason), None
        self._used[request.order_id] = None
        self.present = ProductionOrder(
            request.order_id, request.operator, self._recipes[request.recipe], request.quantity
        )
        return OrderReply(request.request_id, True), self.present

    def close(self) -> None:
        """The present order has ended."""
        if self.present is not None:
            self.present.is_closed = True

    def _same_as_present(self, request: OrderRequest) -> bool:
        """A caller that lost the answer asks again: the same order is accepted once."""
        order = self.active
        return (
            order is not None
            and order.order_id == request.order_id
            and order.recipe.name == request.recipe
            and order.quantity == request.quantity
            and order.operator == request.operator
        )

    def _refusal(self, request: OrderRequest) -> str:
        if not request.operator:
            return "the operator is not named"
        if not request.order_id or len(request.order_id) > _ID_LENGTH:
            return f"order_id must have 1 to {_ID_LENGTH} characters"
        if request.recipe not in self._recipes:
            known = ", ".join(sorted(self._recipes))
            return f"recipe {request.recipe!r} is not known; known are: {known}"
        if not 1 <= request.quantity <= MAX_QUANTITY:
            return f"quantity {request.quantity} is not in 1 to {MAX_QUANTITY}"
        if request.order_id in self._used or self._parts.has_order(request.order_id):
            return f"order_id {request.order_id!r} has been used"
        if self._asked is not None:
            return f"order {self._asked.request.order_id} is being accepted"
        if self.active is not None and not self.is_finished():
            return f"order {self.active.order_id} is active; one order at a time"
        if not self._journal.is_healthy:
            return f"the part journal cannot sync: {self._journal.failure}"
        return ""
