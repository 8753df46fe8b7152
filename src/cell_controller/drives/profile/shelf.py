"""Where profiles stand, and which there are."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from pathlib import Path

from cell_controller.drives.errors import UnknownProfileError
from cell_controller.drives.profile.load import load_profile
from cell_controller.drives.profile.model import DriveProfile

DRIVES = Path("config/drives")
SHARE = Path("share/cell_controller")  # where setup.py puts config/


def profiles_dir(given: Path | None = None) -> Path:
    """The one that is given, or the first of: here, the source tree of this module, the installed files."""
    if given is not None:
        return given
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [Path.cwd(), Path(__file__).parents[4], *(p / SHARE for p in (*prefixes, Path(sys.prefix)))]
    return next((p / DRIVES for p in places if (p / DRIVES).is_dir()), places[0] / DRIVES)


def profile_named(name: str, directory: Path) -> DriveProfile:
    """The profile of this name; UnknownProfileError lists those there are."""
    known = tuple(sorted(p.stem for p in directory.glob("*.yaml")))
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise UnknownProfileError(name, str(directory), known, near[0] if near else "")
    return load_profile(directory / f"{name}.yaml")


def every_profile(directory: Path) -> tuple[DriveProfile, ...]:
    """All of a directory, by name; UnknownProfileError when there are none."""
    found = tuple(load_profile(path) for path in sorted(directory.glob("*.yaml")))
    if not found:
        raise UnknownProfileError("", str(directory), (), "")
    return found
