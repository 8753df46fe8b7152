"""cell drives: words and options; what the commands do is in the modules beside, imported when needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cell_controller.cli.options import add_command

if TYPE_CHECKING:
    from cell_controller.cli.drives.target import Options, Wiring
    from cell_controller.config import SerialFormat

app = typer.Typer(
    no_args_is_help=True,
    rich_help_panel="Single drives",
    help=(
        "Find, identify, read, compare, move and prove single drives on a serial port.\n\n"
        "Example: cell drives scan /dev/ttyUSB0"
    ),
)

LAST_UNIT = 247  # of Modbus; cell files have no others

Port = Annotated[str, typer.Argument(metavar="PORT", help="Serial port.", show_default=False)]
Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PORT",
        help="Serial port, then the words above; with --cell it may be left out.",
        show_default=False,
    ),
]
Profile = Annotated[str, typer.Option(help="Drive profile, such as delta_c2000.", metavar="NAME")]
Unit = Annotated[
    int | None, typer.Option(help="Unit id of the drive.", min=1, max=LAST_UNIT, show_default=False)
]
Baud = Annotated[
    int | None, typer.Option(help="Baud rate; the profile's without it.", min=300, show_default=False)
]
Format = Annotated[
    str, typer.Option("--format", help="8N1, 8N2, 8E1 or 8O1; the profile's without it.", metavar="FORMAT")
]
Cell = Annotated[
    Path | None, typer.Option(help="Cell file that names the drive.", metavar="FILE", show_default=False)
]
Drive = Annotated[str, typer.Option(help="Name of the drive in the cell file.", metavar="NAME")]
Profiles = Annotated[
    Path | None, typer.Option(help="Directory of the profiles.", metavar="DIR", show_default=False)
]
Echo = Annotated[bool, typer.Option("--echo", help="The adapter hears itself: take off what comes back.")]
Rts = Annotated[
    str,
    typer.Option(
        help="high or low: level of RTS that lets the port send, where no circuit switches it.",
        metavar="LEVEL",
        show_default=False,
    ),
]
ForSeconds = Annotated[
    float | None, typer.Option("--for", help="End after this many seconds; else at Ctrl-C.", min=0.0)
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before things move.")]


def _named(
    words: Words = None,
    profile: Profile = "",
    unit: Unit = None,
    baud: Baud = None,
    form: Format = "",
    cell: Cell = None,
    drive: Drive = "",
    profiles: Profiles = None,
    echo: Echo = False,
    rts: Rts = "",
) -> Options:
    """What names a drive, and how it is reached."""
    from cell_controller.cli.drives.target import Options

    found = _format(form) if form else None
    return Options(tuple(words or ()), profile, unit, baud, found, cell, drive, profiles, _wiring(echo, rts))


def on_a_drive(function: Callable[..., None]) -> Callable[..., None]:
    """A command on one drive: the words and options of `_named`, then its own."""
    common = signature(_named).parameters
    own = [p for p in signature(function).parameters.values() if p.name != "options"]

    @wraps(function)
    def command(**given: Any) -> None:
        options = _named(**{name: given.pop(name) for name in common})
        function(options, **given)

    parameters = [_evaluated(p) for p in (*common.values(), *own)]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    del command.__wrapped__
    return command


def _evaluated(parameter: Parameter) -> Parameter:
    """With its annotation as an object: typer would look for the names in another module."""
    annotation = eval(parameter.annotation, globals())
    return parameter.replace(annotation=annotation, kind=Parameter.KEYWORD_ONLY)


def scan(
    port: Port,
    units: Annotated[str, typer.Option(help="Unit ids, such as 1-16 or 1,5,127.", metavar="IDS")] = "1-16",
    baud: Annotated[
        list[int] | None, typer.Option(help="Only this baud rate; may be given again.", show_default=False)
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--format", help="Only this format; may be given again.", show_default=False),
    ] = None,
    profiles: Profiles = None,
    echo: Echo = False,
    rts: Rts = "",
) -> None:
    """Find the unit ids, baud rates and formats that answer on a port; says what it could not tell.

    Only reads. A valid frame counts, also one that refuses what was asked.

    Example: cell drives scan /dev/serial/by-id/usb-FTDI_adapter --units 1-8 --baud 9600
    """
    from cell_controller.cli.drives.find import scan_port

    forms = tuple(_format(word) for word in form or ())
    wiring = _wiring(echo, rts)
    raise typer.Exit(scan_port(port, _numbers(units), tuple(baud or ()), forms, profiles, wiring))


def identify(
    port: Port,
    unit: Annotated[int, typer.Option(help="Unit id of the drive.", min=1, max=LAST_UNIT)] = 1,
    baud: Baud = None,
    form: Format = "",
    profiles: Profiles = None,
    echo: Echo = False,
    rts: Rts = "",
) -> None:
    """Hold every drive profile against the drive that answers: which fit, and what speaks against each.

    Only reads. Without a baud rate and a format it looks for those first.

    Example: cell drives identify /dev/serial/by-id/usb-FTDI_adapter --unit 5
    """
    from cell_controller.cli.drives.find import identify_drive

    found, wiring = _format(form) if form else None, _wiring(echo, rts)
    raise typer.Exit(identify_drive(port, unit, baud, found, profiles, wiring))


@on_a_drive
def read(options: Options) -> None:
    """Read fields of a drive once, all that can be read without a FIELD: PORT [FIELD]...

    Example: cell drives read /dev/ttyUSB0 --profile delta_c2000 --unit 5 speed current

    Example: cell drives read --cell config/cells/demo.yaml --drive weld_spindle
    """
    from cell_controller.cli.drives.show import read_drive

    raise typer.Exit(read_drive(options))


@on_a_drive
def watch(
    options: Options,
    seconds: ForSeconds = None,
    every: Annotated[
        float, typer.Option(help="Seconds between two lines where there is no terminal.", min=0.05)
    ] = 1.0,
) -> None:
    """Show what a drive measures, its state and its fault, live, until Ctrl-C: PORT.

    Reads as fast as the drive answers. Into a pipe or a file it prints a line now and then.

    Example: cell drives watch /dev/ttyUSB0 --profile ls_s100 --unit 2 --for 10
    """
    from cell_controller.cli.drives.show import watch_drive

    raise typer.Exit(watch_drive(options, seconds, every))


@on_a_drive
def export(options: Options) -> None:
    """Keep every setting of a drive in a file: PORT FILE.

    Example: cell drives export /dev/ttyUSB0 --profile delta_c2000 --unit 5 spindle.yaml
    """
    from cell_controller.cli.drives.keep import export_drive

    raise typer.Exit(export_drive(options))


@on_a_drive
def compare(options: Options) -> None:
    """Compare the settings of a drive with a file of export, or with what its cell wants: PORT [FILE].

    Exit code 1 when something differs.

    Example: cell drives compare /dev/ttyUSB0 --profile delta_c2000 --unit 5 spindle.yaml

    Example: cell drives compare --cell config/cells/demo.yaml --drive weld_spindle
    """
    from cell_controller.cli.drives.keep import compare_drive

    raise typer.Exit(compare_drive(options))


@on_a_drive
def jog(
    options: Options,
    seconds: ForSeconds = None,
) -> None:
    """Move a drive slowly while this command runs (hold-to-run): PORT SPEED.

    SPEED is signed and has its unit: 30rpm, and 5mm/s with a cell file; it is limited to manual speed.
    Letting go is Ctrl-C, --for, or closing the terminal. The drive is armed first, so that its watchdog stops
    it when this command or its cable fails.

    Example: cell drives jog /dev/ttyUSB0 30rpm --profile delta_asda_a3 --unit 127 --for 2
    """
    from cell_controller.cli.drives.move import jog_drive

    raise typer.Exit(jog_drive(options, seconds))


@on_a_drive
def prove(
    options: Options,
    yes: Yes = False,
) -> None:
    """Prove that a drive stops when its line falls silent: PORT.

    Watchdog set and read back, the drive turns slowly, then nothing more is said. With a cell file it is the
    proof of cell prove-stop for one drive, and is kept for Production; on a port alone it shows what the
    drive does, and nothing is kept. Exit code 0 only when it is proved.

    Example: cell drives prove /dev/ttyUSB0 --profile ls_s100 --unit 2 --yes

    Example: cell drives prove --cell config/cells/demo.yaml --drive belt --yes
    """
    from cell_controller.cli.drives.move import prove_drive

    raise typer.Exit(prove_drive(options, is_sure=yes))


def _format(word: str) -> SerialFormat:
    from cell_controller.config import SerialFormat

    for form in SerialFormat:
        if form.value == word.upper():
            return form
    raise typer.BadParameter(f"{word!r} is no format; there are {', '.join(f.value for f in SerialFormat)}")


def _wiring(echo: bool, rts: str) -> Wiring:
    from cell_controller.cli.drives.target import Wiring
    from cell_controller.config import Rs485

    if rts not in ("", "high", "low"):
        raise typer.BadParameter(f"{rts!r} is no level of RTS; there are high and low")
    levels = {"rts_while_sending": rts == "high", "rts_while_receiving": rts == "low"}
    return Wiring(echo, Rs485.model_validate(levels) if rts else None)


def _numbers(text: str) -> tuple[int, ...]:
    """`1-3,7` to 1, 2, 3, 7."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        last = last if dash else first
        if not first.isdigit() or not last.isdigit():
            raise typer.BadParameter(f"{text!r} are no unit ids; write them as 1-16 or 1,5,127")
        found += range(int(first), int(last) + 1)
    if not found or min(found) < 1 or max(found) > LAST_UNIT:
        raise typer.BadParameter(f"{text!r}: unit ids are 1 to {LAST_UNIT}")
    return tuple(dict.fromkeys(found))


for _command in (scan, identify, read, watch, export, compare):
    add_command(app, _command)
# -30rpm is a speed, not an option.
add_command(app, jog, context_settings={"ignore_unknown_options": True})
add_command(app, prove)
