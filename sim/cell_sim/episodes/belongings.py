"""What an episode was run with, to be kept in its failure file: every file of its cell, and versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from cell_controller.config import load_cell

PACKAGE = "cell-controller"
GIT_S = 5.0


def files_of(cell: Path) -> tuple[str, dict[str, str]]:
    """The cell file's own name and the text of it, its recipes and its profiles, by path from their root."""
    loaded = load_cell(cell)
    names = sorted({drive.profile for drive in loaded.cell.drives.values()})
    paths = [cell.resolve()]
    paths += [Path(document.file).resolve() for document in loaded.recipe_documents.values()]
    paths += [(loaded.profiles_dir / f"{name}.yaml").resolve() for name in names]
    root = Path(os.path.commonpath([path.parent for path in paths]))
    return str(paths[0].relative_to(root)), {
        str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths
    }


def unpack(files: Mapping[str, str], directory: Path) -> None:
    """Write the files as they were; ValueError for a name that leads out of the directory."""
    for name, text in files.items():
        path = directory / name
        if not path.resolve().is_relative_to(directory.resolve()):
            raise ValueError(f"{name} leads out of {directory}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def versions() -> dict[str, str]:
    """Of the controller, its commit where that is known, Python, the machine, and what all is built on."""
    found = {PACKAGE: version(PACKAGE), "commit": _commit(), "python": platform.python_version()}
    found |= {"machine": platform.machine(), "system": platform.platform()}
    for requirement in requires(PACKAGE) or ():
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # of an extra that is not installed
    return found


def _commit() -> str:
    """The commit of a checkout, with a + when files were changed in it; "" elsewhere."""
    try:
        said = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=GIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip()
