"""`cell render`: pictures of a cell; joins the `cell` command as its plug-in."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from cell_controller.cli.options import Namespace

app = typer.Typer(invoke_without_command=True, subcommand_metavar="")


class View(Enum):
    """Where the camera is; the names are those of the MuJoCo model's cameras."""

    CELL = "cell"
    WORK = "work"


def _size(text: str) -> str:
    width, _, height = text.partition("x")
    if not re.fullmatch(r"\d+x\d+", text) or not all(64 <= int(n) <= 3840 for n in (width, height)):
        raise typer.BadParameter(f"{text!r} must be WIDTHxHEIGHT, each 64 to 3840, such as 1280x720")
    return text


@app.callback()
def render(
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Picture (.png) or video (.gif, .webp).", show_default=False)
    ],
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory of a run; without it, the cell that is up.")
    ] = None,
    at_work: Annotated[
        bool, typer.Option("--at-work", help="No run: the cell with a part at every place but the last.")
    ] = False,
    cell: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cell file, when the run does not say or it is moved.")
    ] = None,
    at: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds since the start of the run; its end without.", min=0.0),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="How much of the run a video shows, up to --at.", min=0.1, max=3600.0)
    ] = 10.0,
    speed: Annotated[
        float, typer.Option(help="Seconds of the run in one of the video.", min=0.1, max=100.0)
    ] = 1.0,
    fps: Annotated[float, typer.Option(help="Frames per second of a video.", min=1.0, max=50.0)] = 12.5,
    size: Annotated[str, typer.Option(metavar="WxH", help="Pixels.", callback=_size)] = "1280x720",
    view: Annotated[View, typer.Option(help="Camera: the whole cell, or close to the work.")] = View.CELL,
    namespace: Namespace = "/cell",
) -> None:
    """Draw a running or a recorded simulated cell, without a screen.

    Example: cell render --out cell.png

    Example: cell render --run /tmp/run --at 60 --seconds 20 --speed 2 --out weld.gif
    """
    from cell_sim.render.files import is_video
    from cell_sim.render.shots import at_work_shots, draw, recorded_shots

    times = (seconds, speed, fps) if is_video(out) else None
    if at_work:
        shots = at_work_shots(cell)
    else:
        if run is None:
            from cell_sim.live.running import find

            run = find(namespace).run_dir
        shots = recorded_shots(run, cell, at, times)
    width, height = (int(n) for n in size.split("x"))
    draw(shots, out, (width, height), view.value, fps)
    typer.echo(out)
