"""Only what pyproject.toml cannot say: the files that go beside the packages, where ROS 2 looks for them."""

import sys
from pathlib import Path

from setuptools import setup

NAME = "cell_controller"
ROOT = Path(__file__).parent
SHARED = ("config", "launch", "sim/worlds")


def shared_files() -> list[tuple[str, list[str]]]:
    """Every file under SHARED, each in its own folder below share/<package>."""
    found: dict[str, list[str]] = {}
    for top in SHARED:
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                relative = path.relative_to(ROOT)
                found.setdefault(f"share/{NAME}/{relative.parent}", []).append(str(relative))
    return sorted(found.items())


data_files = [
    ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
    (f"share/{NAME}", ["package.xml"]),
]
executables = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "launch/executables").glob("*"))
if executables:
    data_files.append((f"lib/{NAME}", executables))
if "editable_wheel" not in sys.argv:  # an editable install reads these where they are; a copy would go stale
    data_files += shared_files()

setup(data_files=data_files)
