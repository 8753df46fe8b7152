"""`cell fault`: faults on a running emulated cell; joins the `cell` command as its plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cell_controller.cli.options import CELL_COMMANDS, Namespace

if TYPE_CHECKING:
    from cell_sim.live.inject import Injection
    from cell_sim.live.running import RunningCell

LIST = "list"

app = typer.Typer(
    invoke_without_command=True,
    subcommand_metavar="",
    rich_help_panel=CELL_COMMANDS,
    context_settings={"allow_interspersed_args": True},
)


@app.callback()
def fault(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of the fault, or list.", show_default=False)
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="Process, line, drive ...; see list.", show_default=False),
    ] = "",
    seconds: Annotated[
        float | None,
        typer.Option("--for", help="How long it lasts before it is taken back.", min=0.0, max=3600.0),
    ] = None,
    namespace: Namespace = "/cell",
    as_json: Annotated[
        bool, typer.Option("--json", help="What was done as one JSON object, on the last line of stdout.")
    ] = False,
) -> None:
    """Break something on a running emulated cell, say what has to follow and when, and take it back.

    A real cell is refused. Taking back never moves anything; what a trip has stopped waits for a person.

    Example: cell fault list

    Example: cell fault unplug weld_line --for 3
    """
    import json

    from cell_sim.live.inject import injected, resolve, serve
    from cell_sim.live.running import find

    if name == LIST:
        _print_list(namespace, as_json=as_json)
        return
    running = find(namespace)
    kind, aim = resolve(name, target, running)
    for_s = kind.for_s if seconds is None else seconds
    lasts = seconds is not None and seconds > 0.0 and bool(kind.lasting)
    try:
        with injected(running, kind, aim, lasts=lasts) as injection:
            if not as_json:
                _say(injection, running, for_s)
            serve(injection, for_s)
    except KeyboardInterrupt:  # taken back all the same
        typer.echo("ended early", err=True)
    if as_json:
        typer.echo(json.dumps(_object(injection, running)))
    elif injection.take_back is not None:
        typer.echo(f"taken back after {injection.ended_at_s - injection.at_s:.3f} s")


def _say(injection: Injection, running: RunningCell, for_s: float) -> None:
    facts = _object(injection, running)
    within = f" within {facts['limit_s']:g} s" if facts["limit_s"] else ""
    lasts = f", for {for_s:g} s" if for_s else ""
    typer.echo(f"{_name(injection)}: {facts['did']}{lasts}")
    typer.echo(f"expected{within}: {facts['expected']} (measured by {facts['measured_by']})")


def _name(injection: Injection) -> str:
    return f"{injection.fault.name} {injection.target}".strip()


def _object(injection: Injection, running: RunningCell) -> dict[str, Any]:
    """What there is to know; times are CLOCK_MONOTONIC."""
    kind, target, lasts = injection.fault, injection.target, injection.lasts
    expected, reaction = kind.owes(target, lasts=lasts)
    return {
        "fault": kind.name,
        "target": target,
        "did": injection.did,
        "at_s": injection.at_s,
        "ended_at_s": injection.ended_at_s,
        "expected": expected,
        "measured_by": reaction.value,
        "limit_s": kind.limit_of(running.cell, running.plan, target, lasts=lasts),
    }


def _print_list(namespace: str, *, as_json: bool) -> None:
    """All faults; with targets when a cell is up."""
    import json

    from rich.console import Console
    from rich.table import Table

    from cell_sim.live.catalog import CATALOG
    from cell_sim.live.errors import FaultError
    from cell_sim.live.running import find

    try:
        cell = find(namespace).cell
    except FaultError:
        cell = None
    rows = [(f, f.targets(cell) if cell is not None else ()) for f in CATALOG]
    if as_json:
        typer.echo(json.dumps([{"fault": f.name, "targets": t, "expected": f.expected} for f, t in rows]))
        return
    table = Table("fault", "target", "what is done", "what has to follow", show_lines=True)
    for entry, targets in rows:
        table.add_row(entry.name, ", ".join(targets) or entry.aim, entry.does, entry.expected)
    Console().print(table)
