"""cell parts: orders and parts of a running cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cell_controller.cli.options import Namespace, Operator, Timeout, add_command

if TYPE_CHECKING:
    from cell_controller.messages import PartState

app = typer.Typer()

PartArgument = Annotated[str, typer.Argument(metavar="PART", help="Part id.", show_default=False)]


@app.callback(invoke_without_command=True)
def parts(
    context: typer.Context,
    order: Annotated[str, typer.Option(help="Only the parts of this order.", metavar="ID")] = "",
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
) -> None:
    """List the parts that the cell knows; order new ones; decide about suspect ones.

    Example: cell parts

    Example: cell parts order --recipe bracket --quantity 3

    Example: cell parts dispose P-0002 scrap --reason "pin broke off"
    """
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from cell_controller.cli.views import parts_view

    found = _ask(namespace, timeout, order_id=order)
    if found:
        Console().print(parts_view(found))
    else:
        typer.echo("the cell knows no parts")


def order(
    recipe: Annotated[str, typer.Option(help="Recipe of the cell file.", metavar="NAME", show_default=False)],
    quantity: Annotated[int, typer.Option(help="How many parts.", min=1, max=10000)] = 1,
    order_id: Annotated[
        str, typer.Option("--id", help="Name of the order; made up without it.", metavar="ID")
    ] = "",
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
    operator: Operator = "",
) -> None:
    """Submit an order of parts; Clear, Reset and Start then make it.

    Example: cell parts order --recipe bracket --quantity 3
    """
    import secrets

    from cell_controller.cli.errors import RejectedError
    from cell_controller.cli.link import connected

    name = order_id or f"order-{secrets.token_hex(4)}"
    with connected(namespace, within_s=timeout, operator=operator) as client:
        reply = client.submit_order(recipe, quantity, order_id=name, timeout_s=timeout)
    if not reply.is_accepted:
        raise RejectedError(f"order refused: {reply.reason}")
    typer.echo(f"order {name}: {quantity} of {recipe} accepted")


def show(part: PartArgument, namespace: Namespace = "/cell", timeout: Timeout = 5.0) -> None:
    """Print everything that is known about one part, with its measured results.

    Example: cell parts show P-0001
    """
    from rich.console import Console

    from cell_controller.cli.views import part_view

    for found in _ask(namespace, timeout, part_id=part):
        Console().print(part_view(found))


def dispose(
    part: PartArgument,
    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help="scrap, rework or return.", show_default=False)
    ],
    reason: Annotated[str, typer.Option(help="Why; goes into the part's record.", metavar="TEXT")] = "",
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
    operator: Operator = "",
) -> None:
    """Decide about a part and take it out of the cell.

    Scrap it, send it to rework, or return it. Possible while the cell waits (Aborted, Stopped, Idle, Held,
    Suspended, Complete); take the part off the machine.

    Example: cell parts dispose P-0002 scrap --reason "pin broke off"
    """
    from cell_controller.cli.errors import RejectedError
    from cell_controller.cli.link import connected
    from cell_controller.cli.options import member
    from cell_controller.messages import Disposition

    wanted = member(Disposition, decision, tuple(Disposition))
    with connected(namespace, within_s=timeout, operator=operator) as client:
        reply = client.dispose_part(part, wanted, reason=reason, timeout_s=timeout)
    if not reply.is_accepted:
        raise RejectedError(f"{part} stays as it is: {reply.reason}")
    typer.echo(f"{part}: {wanted.name.lower()}")


def _ask(namespace: str, timeout_s: float, *, part_id: str = "", order_id: str = "") -> tuple[PartState, ...]:
    from cell_controller.cli.errors import RejectedError
    from cell_controller.cli.link import connected

    with connected(namespace, within_s=timeout_s) as client:
        reply = client.get_parts(part_id=part_id, order_id=order_id, timeout_s=timeout_s)
    if not reply.is_found:
        raise RejectedError(reply.reason)
    return reply.parts


for _command in (order, show, dispose):
    add_command(app, _command)
