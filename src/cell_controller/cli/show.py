"""cell status, cell watch, cell alarms: what a running cell says."""

from __future__ import annotations

from typing import Annotated

import typer

from cell_controller.cli.options import CELL_COMMANDS, Namespace, Timeout, add_command

WATCH_PERIOD_S = 0.25  # as fast as a person reads; the cell itself publishes ten times a second


def status(namespace: Namespace = "/cell", timeout: Timeout = 5.0) -> None:
    """Print state, stations, drives, parts and alarms of a running cell, once.

    Example: cell status

    Example: ROS_DOMAIN_ID=7 cell status --namespace /cell_2
    """
    from rich.console import Console

    from cell_controller.cli.link import connected
    from cell_controller.cli.screen import cell_screen

    with connected(namespace, within_s=timeout, needs_all=True) as client:
        Console().print(cell_screen(client))


def watch(
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
    seconds: Annotated[
        float | None, typer.Option("--for", help="End after this many seconds instead of at Ctrl-C.", min=0.0)
    ] = None,
) -> None:
    """Show state, stations, drives, parts and alarms of a running cell, live, until Ctrl-C.

    Example: cell watch
    """
    import time
    from contextlib import suppress

    from rich.console import Console
    from rich.live import Live

    from cell_controller.cli.errors import CliError
    from cell_controller.cli.link import connected
    from cell_controller.cli.screen import live_screen

    console = Console()
    if not console.is_terminal:
        raise CliError("watch needs a terminal; cell status prints the same once")
    end_s = None if seconds is None else time.monotonic() + seconds
    with (
        suppress(KeyboardInterrupt),  # the way to end it
        connected(namespace, within_s=timeout, needs_all=True) as client,
        Live(live_screen(client, console.width), console=console, screen=True, auto_refresh=False) as live,
    ):
        while end_s is None or time.monotonic() < end_s:
            time.sleep(WATCH_PERIOD_S)
            live.update(live_screen(client, console.width), refresh=True)


def alarms(
    namespace: Namespace = "/cell",
    timeout: Timeout = 5.0,
    history: Annotated[bool, typer.Option("--history", help="Also those that are over.")] = False,
) -> None:
    """List the active alarms.

    Example: cell alarms --history
    """
    from rich.console import Console

    from cell_controller.cli.link import connected
    from cell_controller.cli.views import alarms_view

    with connected(namespace, within_s=timeout, needs_all=True) as client:
        found = client.alarms
    if found.active or (history and found.history):
        Console().print(alarms_view(found, with_history=history))
    else:
        typer.echo("no alarms" if history else "no active alarms")


def register(app: typer.Typer) -> None:
    for command in (status, watch, alarms):
        add_command(app, command, CELL_COMMANDS)
