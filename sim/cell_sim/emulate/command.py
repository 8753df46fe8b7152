"""`cell drives emulate`: a virtual drive for any master; joins the `cell drives` command as its plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    invoke_without_command=True,
    subcommand_metavar="",
    context_settings={"allow_interspersed_args": True},
)


@app.callback()
def emulate(
    profile: Annotated[
        str,
        typer.Argument(metavar="PROFILE", help="Drive profile, such as delta_c2000.", show_default=False),
    ],
    link: Annotated[Path, typer.Option(help="Path that becomes the port.", metavar="PATH")],
    unit: Annotated[int, typer.Option(help="Unit id.", min=1, max=247)] = 1,
    baud: Annotated[
        int | None, typer.Option(help="Baud rate; the maker's default without it.", metavar="BAUD")
    ] = None,
    stopbits: Annotated[
        int | None, typer.Option(help="Stop bits; as the maker has it without it.", min=1, max=2)
    ] = None,
    echo: Annotated[
        bool, typer.Option("--echo", help="The adapter hears itself: what is sent comes back first.")
    ] = False,
    profiles: Annotated[
        Path | None, typer.Option(help="Directory of the profiles.", metavar="DIR", show_default=False)
    ] = None,
) -> None:
    """Serve one virtual drive on a pseudo-terminal until Ctrl-C, for the controller or any other master.

    Its motor turns freely and its enable is closed. A master with another baud rate or number of stop bits
    gets garbage, as on a real line; a pseudo-terminal does not carry the parity.

    Example: cell drives emulate delta_c2000 --link /tmp/drive --unit 5 --baud 19200
    """
    import signal

    from cell_controller.config import SerialFormat
    from cell_controller.drives.profile.shelf import profile_named, profiles_dir
    from cell_sim.emulate.server import Emulator

    found = profile_named(profile, profiles_dir(profiles))
    bits = stopbits or found.serial.usual_format.stop_bits
    form = SerialFormat.N2 if bits == 2 else SerialFormat.N1
    speed = baud or found.serial.default_baud
    if speed not in found.serial.bauds:
        known = ", ".join(map(str, found.serial.bauds))
        raise typer.BadParameter(f"{profile} does not know {speed} baud; it knows {known}")
    emulator = Emulator(found, unit, speed, form, link.absolute(), echoes=echo)
    ends: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, frame: ends.append(caught))
    emulator.open()
    try:
        typer.echo(f"{profile} unit {unit} ready at {link}, {speed} {form.value}; Ctrl-C ends it")
        emulator.run(lambda: bool(ends))
    finally:
        emulator.close()
