"""Options and arguments that several commands share."""

from __future__ import annotations

import getpass
import inspect
import os
import re
from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from enum import IntEnum

CELL_COMMANDS = "Commands to a running cell"
PROCESSES = "Bring a cell up"


def operator_name() -> str:
    """Who types: goes into answers and into the part journal."""
    try:
        return os.environ.get("CELL_OPERATOR") or getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        return "operator"


def add_command(
    app: typer.Typer, function: Callable[..., None], panel: str | None = None, **more: Any
) -> None:
    """Register a command; lines of its docstring flow within their paragraphs."""
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.getdoc(function) or "")
    app.command(help=text, rich_help_panel=panel, **more)(function)


def check_namespace(text: str) -> str:
    if not text.startswith("/") or text.endswith("/"):
        raise typer.BadParameter(f"{text!r} must begin with / and not end with it, such as /cell")
    return text


def member(kind: type[IntEnum], text: str, allowed: tuple[Any, ...]) -> Any:
    """The member of an enumeration that an operator means; the error lists what there is."""
    word = text.strip().lower().replace("-", "_")
    for choice in allowed:
        if choice.name.lower() == word:
            return choice
    names = ", ".join(choice.name.lower() for choice in allowed)
    raise typer.BadParameter(f"{text!r} is no {kind.__name__.lower()}; there are {names}")


def speed_m_s(text: str) -> float:
    """A speed with its unit; a bare number is refused, for 5 would be a thousand times 5 mm/s."""
    for unit, factor in (("mm/s", 1e-3), ("m/s", 1.0)):
        number = text.strip().removesuffix(unit)
        if number != text.strip():
            try:
                speed = float(number) * factor
            except ValueError:
                break
            if isfinite(speed):
                return speed
    raise typer.BadParameter(f"{text!r} is no speed; write it with its unit, such as 5mm/s or -0.005m/s")


Namespace = Annotated[
    str, typer.Option(help="ROS namespace of the cell.", metavar="/NAME", callback=check_namespace)
]
Timeout = Annotated[float, typer.Option(help="Longest wait for the cell, in seconds.", min=0.1, max=600.0)]
Operator = Annotated[
    str,
    typer.Option(
        help="Who does it, for answers and records; CELL_OPERATOR or your user name without it.",
        metavar="NAME",
        show_default=False,
    ),
]
