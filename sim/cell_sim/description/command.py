"""`cell describe`: the cell's mechanisms as robot models; joins the `cell` command as its plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(invoke_without_command=True, subcommand_metavar="")


@app.callback()
def describe(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files go; made when it is not there.")],
    cell: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cell file; the demo cell without one.")
    ] = None,
) -> None:
    """Write the cell's mechanisms as URDF, and the cell as an SDF world and as MuJoCo model.

    Example: cell describe --cell config/cells/demo.yaml --out sim/worlds/demo
    """
    from cell_controller.cli.demo import demo_cell
    from cell_controller.config.loader import load_cell
    from cell_sim.description.files import generate

    loaded = load_cell(cell or demo_cell())
    out.mkdir(parents=True, exist_ok=True)
    for name, text in generate(loaded.cell, next(iter(loaded.recipes.values()))).items():
        (out / name).write_text(text)
        typer.echo(out / name)
