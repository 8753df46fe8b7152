"""Entry point of the `cell` command: options of all commands, errors as one line, exit codes.

Exit codes: 0 done, 1 not done (the reason is on stderr), 2 wrong words, 130 ended by Ctrl-C.
Modules of commands import rclpy and the rest of the controller only inside the commands that need them:
`cell --help` is asked for often.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from typing import Annotated

import typer

from cell_controller.cli import bring_up, lifecycle, operate, parts, show
from cell_controller.cli.drives import commands as drives
from cell_controller.errors import CellError

EXIT_FAILED = 1
PLUGINS = "cell_controller.commands"  # entry points of typer apps, such as the simulator's
DRIVES_PLUGINS = "cell_controller.drives_commands"  # likewise, below `cell drives`

app = typer.Typer(
    name="cell",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(slots=True)
class Settings:
    """What the options before the command say."""

    debug: bool = False


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"cell-controller {version('cell-controller')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Run, command and watch a manufacturing cell.

    [bold]Three parts through the simulated demo cell[/bold]

    cell run --parts 3

    [bold]A cell to play with[/bold], watch and order in other terminals

    cell up config/cells/demo.yaml
    cell watch
    cell parts order --recipe bracket --quantity 3
    cell command clear && cell command reset && cell command start

    Ctrl-C of [bold]up[/bold] and [bold]run[/bold] stops the motion first, then the processes.
    """
    if isinstance(context.obj, Settings):
        context.obj.debug = debug


for _module in (bring_up, show, operate, lifecycle):
    _module.register(app)
app.add_typer(parts.app, name="parts", rich_help_panel="Commands to a running cell")
app.add_typer(drives.app, name="drives")


def add_plugins(target: typer.Typer, group: str) -> None:
    """Commands of other packages join under their entry point's name."""
    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        target.add_typer(entry.load(), name=entry.name)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    # Cells talk on this machine alone unless somebody says otherwise; their processes inherit it.
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    settings = Settings()
    add_plugins(app, PLUGINS)
    add_plugins(drives.app, DRIVES_PLUGINS)
    try:
        app(args=argv, prog_name="cell", obj=settings)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_FAILED if end.code else 0
    except Exception as error:  # the last handler: an operator gets a line, not a traceback
        if settings.debug:
            raise
        kind = "" if isinstance(error, CellError) else f"{type(error).__name__}: "
        hint = "" if isinstance(error, CellError) else " (cell --debug ... shows where)"
        typer.secho(f"cell: {kind}{error}{hint}", fg="red", err=True)
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
