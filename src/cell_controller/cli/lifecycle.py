"""cell lifecycle: the nodes of a running cell as ROS 2's managed nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from cell_controller.cli.options import CELL_COMMANDS, Namespace, Timeout, add_command


def lifecycle(
    node: Annotated[
        str | None, typer.Argument(help="Name of a node, such as robot; all of them without it.")
    ] = None,
    transition: Annotated[
        str | None, typer.Argument(help="configure, activate, deactivate, cleanup or shutdown.")
    ] = None,
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
) -> None:
    """Show the lifecycle state of the nodes of a running cell, or change that of one.

    A deactivated station falls silent, which stops the cell; activated again it starts anew and waits for
    an operator. Interlock, drive buses and cell manager are never deactivated. shutdown ends a process as
    SIGTERM does; the supervisor starts it again, and nothing is armed by that.

    Example: cell lifecycle

    Example: cell lifecycle robot deactivate
    """
    from cell_controller.cli.errors import CliError
    from cell_controller.cli.link import connected
    from cell_controller.nodes.lifecycle_client import change, state_of, transitions_of

    with connected(namespace, within_s=timeout, needs_all=True) as client:
        names = sorted(client.units)
        if node is None:
            for name in names:
                typer.echo(f"{name:20} {state_of(client, name, timeout)}")
            return
        if node not in names:
            raise CliError(f"no node {node!r} in {namespace}; there are {', '.join(names)}")
        if transition is not None:
            allowed = transitions_of(client, node, timeout)
            if transition not in allowed:
                state = state_of(client, node, timeout)
                raise CliError(f"{node} is {state}: {transition!r} is not possible; {', '.join(allowed)} is")
            if not change(client, node, transition, timeout):
                raise CliError(f"{node} refused to {transition}: its own output says why")
        if transition != "shutdown":
            typer.echo(f"{node:20} {state_of(client, node, timeout)}")


def register(app: typer.Typer) -> None:
    add_command(app, lifecycle, CELL_COMMANDS)
