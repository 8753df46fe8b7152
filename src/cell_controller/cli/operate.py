"""cell command, cell mode, cell jog, cell recover: what a running cell is told."""

from __future__ import annotations

from typing import Annotated

import typer

from cell_controller.cli.options import CELL_COMMANDS, Namespace, Operator, Timeout, add_command

ForSeconds = Annotated[
    float | None,
    typer.Option("--for", help="Let go after this many seconds; else at Ctrl-C.", min=0.0),
]


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="reset, start, stop, hold, unhold, suspend, unsuspend, abort, clear or complete.",
            show_default=False,
        ),
    ],
    hold_now: Annotated[
        bool,
        typer.Option("--hold-now", help="With hold: leave the material now; the part becomes suspect."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the cell has arrived in the next state.")
    ] = True,
    namespace: Namespace = "/cell",
    timeout: Timeout = 60.0,
    operator: Operator = "",
) -> None:
    """Give a PackML command, decided on the state that the cell has now, and print the answer.

    Exit code 1 when it is rejected, with the reason and the commands that are legal now.

    Example: cell command clear && cell command reset && cell command start

    Example: cell command hold --hold-now
    """
    from cell_controller.cli.commanding import give
    from cell_controller.cli.options import member
    from cell_controller.packml import Command

    wanted = member(Command, name, tuple(Command))
    if hold_now and wanted is not Command.HOLD:
        raise typer.BadParameter("--hold-now belongs to hold")
    typer.echo(give(namespace, operator, wanted, hold_now=hold_now, waits_s=timeout if wait else 0.0))


def mode(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="production, maintenance or manual.", show_default=False)
    ],
    namespace: Namespace = "/cell",
    operator: Operator = "",
) -> None:
    """Change the cell's mode: possible in Stopped, Idle and Aborted.

    Example: cell mode manual
    """
    from cell_controller.cli.commanding import change_mode
    from cell_controller.cli.options import member
    from cell_controller.packml import MODES, Mode

    typer.echo(change_mode(namespace, operator, member(Mode, name, MODES)))


def jog(
    drive: Annotated[
        str, typer.Argument(metavar="DRIVE", help="Name of the drive, as cell status shows it.")
    ],
    speed: Annotated[
        str,
        typer.Argument(
            metavar="SPEED",
            help="Signed, with its unit: 5mm/s, -0.005m/s; the cell limits it.",
        ),
    ],
    seconds: ForSeconds = None,
    station: Annotated[
        str | None, typer.Option(help="Station of the drive; found by asking the cell without it.")
    ] = None,
    namespace: Namespace = "/cell",
    operator: Operator = "",
) -> None:
    """Move one drive while this command runs (hold-to-run), under a recovery permit.

    Needs state Aborted and mode Manual: see docs/recovery.md. Letting go is Ctrl-C, --for, or closing the
    terminal; the cell ends the motion 0.2 s after the last word of this command.

    Example: cell mode manual && cell jog weld_z 5mm/s --for 2
    """
    from cell_controller.cli.hold import jog as hold_jog
    from cell_controller.cli.options import speed_m_s

    hold_jog(namespace, operator, drive, speed_m_s(speed), station=station or "", for_s=seconds)


def recover(
    station: Annotated[
        str, typer.Argument(metavar="STATION", help="Name of the station.", show_default=False)
    ],
    seconds: ForSeconds = None,
    namespace: Namespace = "/cell",
    operator: Operator = "",
) -> None:
    """Bring the tool of a station out of the material while this command runs (hold-to-run).

    Spindle up at limited torque, then slowly back to the safe position; ends by itself when the tool is out.
    Needs state Aborted and mode Manual: see docs/recovery.md.

    Example: cell mode manual && cell recover robot
    """
    from cell_controller.cli.hold import recover as hold_recover

    hold_recover(namespace, operator, station, for_s=seconds)


def register(app: typer.Typer) -> None:
    for function in (command, mode, recover):
        add_command(app, function, CELL_COMMANDS)
    # -5mm/s is a speed, not an option.
    add_command(app, jog, CELL_COMMANDS, context_settings={"ignore_unknown_options": True})
