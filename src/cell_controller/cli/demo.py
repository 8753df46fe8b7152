"""Where the demo cell is: in the source tree or beside an installed package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cell_controller.cli.errors import NoDefaultCellError

DEMO = Path("config/cells/demo.yaml")
SHARE = Path("share/cell_controller")  # where setup.py puts config/


def demo_cell() -> Path:
    """The first demo.yaml of: here, the source tree of this module, the installed files."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    places = [Path.cwd(), Path(__file__).parents[3], *(p / SHARE for p in (*prefixes, Path(sys.prefix)))]
    for place in places:
        if (place / DEMO).is_file():
            return place / DEMO
    raise NoDefaultCellError(tuple(str(place / DEMO) for place in places))
