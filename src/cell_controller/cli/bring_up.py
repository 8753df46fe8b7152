"""cell check, cell up, cell run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cell_controller.cli.options import PROCESSES, add_command, operator_name

CellFileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Cell file.", show_default=False)]


def check(file: CellFileArgument) -> None:
    """Print every problem of a cell file (exit 1), or what follows from it: cycles, ages, stop times.

    Example: cell check config/cells/demo.yaml
    """
    from cell_controller.cli.check import check as check_file
    from cell_controller.cli.errors import CliError

    if not file.is_file():
        raise CliError(f"{file}: no such file")
    raise typer.Exit(check_file(file))


def up(
    file: CellFileArgument,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME:=VALUE]...",
            help="Launch arguments: namespace, run_dir, trace_dir, recorder, urgent, composed, display.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Bring a cell up and keep it up, in the foreground, every process's output behind its name.

    It starts Aborted and tripped: nothing moves before Clear, Reset and Start. Ctrl-C stops the motion, then
    the processes; a second Ctrl-C does not wait for a weld to finish.

    Example: cell up config/cells/demo.yaml

    Example: cell up config/cells/demo.yaml namespace:=/cell_2 run_dir:=/tmp/second
    """
    from cell_controller.bringup.console import Printer, run
    from cell_controller.bringup.table import parse_arguments
    from cell_controller.bringup.up import CellUp

    arguments = parse_arguments([f"cell:={file}", *(words or ())])
    printer = Printer(sys.stdout)
    raise typer.Exit(run(CellUp(arguments, show=printer), printer))


def run(
    cell: Annotated[
        Path | None, typer.Argument(metavar="[CELL]", help="Cell file; the demo cell without one.")
    ] = None,
    parts: Annotated[int, typer.Option(help="Parts to make.", min=1, max=10000)] = 3,
    recipe: Annotated[
        str | None, typer.Option(help="Recipe to make them by; the first of the cell file without one.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Summary as one JSON object, on the last line of stdout.")
    ] = False,
    namespace: Annotated[
        str | None, typer.Option(metavar="/NAME", help="ROS namespace instead of the cell file's.")
    ] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep logs, records and journal here, however it ends."),
    ] = None,
    trace_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write one trace per node here, for replays.")
    ] = None,
) -> None:
    """Bring a cell up, make an order of parts as an operator would, print a summary, bring it down.

    Exit code 0 only when all parts are good. Logs are kept when they are not. Ctrl-C stops the motion, then
    the processes, leaves nothing behind and exits with 130.

    Example: cell run --parts 3

    Example: cell run --parts 1 --json config/cells/test.yaml | tail -1
    """
    from cell_controller.bringup.table import Arguments
    from cell_controller.cli.demo import demo_cell
    from cell_controller.cli.errors import CliError
    from cell_controller.cli.options import check_namespace
    from cell_controller.cli.run import Wanted, produce

    file = cell or demo_cell()
    if not file.is_file():
        raise CliError(f"{file}: no such file")
    arguments = Arguments(file, check_namespace(namespace) if namespace else None, run_dir, trace_dir)
    raise typer.Exit(produce(arguments, Wanted(parts, recipe, operator_name(), is_json=as_json)))


def prove_stop(
    cell: Annotated[
        Path | None, typer.Argument(metavar="[CELL]", help="Cell file; the demo cell without one.")
    ] = None,
    line: Annotated[str | None, typer.Option(metavar="LINE", help="Only the drives of this line.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before things move.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Result as one JSON object, on the last line of stdout.")
    ] = False,
) -> None:
    """Prove that every drive stops when its line falls silent, and keep how long it took.

    The cell must not be up. Each axis and spindle moves in turn at manual speed, then nothing more is said on
    its line: its watchdog, or its hardwired enable, has to stop it in the time that the plan computes.
    Exit code 0 only when every drive is proved.

    Example: cell prove-stop config/cells/demo.yaml --line conveyor_line --yes
    """
    from cell_controller.bringup.table import Arguments
    from cell_controller.cli.demo import demo_cell
    from cell_controller.cli.errors import CliError
    from cell_controller.cli.prove import prove

    file = cell or demo_cell()
    if not file.is_file():
        raise CliError(f"{file}: no such file")
    raise typer.Exit(prove(Arguments(file), line, is_sure=yes, is_json=as_json))


def register(app: typer.Typer) -> None:
    for command in (check, up, run):
        add_command(app, command, PROCESSES)
    add_command(app, prove_stop, PROCESSES, name="prove-stop")
