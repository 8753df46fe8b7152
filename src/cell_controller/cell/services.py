"""The three services: requests in, replies out, some of them later."""

from __future__ import annotations

from cell_controller.cell.core import CellCore
from cell_controller.cell.parts import PartBook
from cell_controller.cell.view import View
from cell_controller.messages import (
    DisposeReply,
    DisposeRequest,
    OrderReply,
    OrderRequest,
    PartQuery,
    PartReply,
)


def submit_order(core: CellCore, requests: tuple[OrderRequest, ...]) -> list[OrderReply]:
    """Answers that are due: refusals at once, acceptances when the journal has proved that it can sync."""
    replies = []
    answered = core.orders.poll()
    if answered is not None:
        reply, order = answered
        replies.append(reply)
        if order is not None:
            core.production.begin(order)
    for request in requests:
        refused = core.orders.submit(request)
        if refused is not None:
            replies.append(refused)
    return replies


def get_parts(parts: PartBook, queries: tuple[PartQuery, ...]) -> list[PartReply]:
    """One part, the parts of one order, or all that are known."""
    replies = []
    for query in queries:
        if query.part_id:
            found = tuple(p for p in parts.all() if p.part_id == query.part_id)
            asked = f"part {query.part_id!r}"
        elif query.order_id:
            found, asked = parts.of_order(query.order_id), f"order {query.order_id!r}"
        else:
            replies.append(PartReply(query.request_id, True, tuple(p.state() for p in parts.all())))
            continue
        reason = "" if found else f"{asked} is not known"
        replies.append(PartReply(query.request_id, bool(found), tuple(p.state() for p in found), reason))
    return replies


def dispose_part(core: CellCore, requests: tuple[DisposeRequest, ...], view: View) -> list[DisposeReply]:
    """Answers that are due: refusals at once, the others when the decision is on disk."""
    replies = []
    for disposed in core.disposal.poll():
        replies.append(disposed.reply)
        if disposed.event is not None and disposed.part is not None:
            core.ledger.confirm((disposed.event,), view.now_s)
            core.places.disposed(disposed.part, view.stations.get(core.layout.conveyor))
    for request in requests:
        refused = core.disposal.submit(request, core.machine.state)
        if refused is not None:
            replies.append(refused)
    return replies
