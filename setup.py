"""Only what pyproject.toml cannot say: the files that go beside the packages, where ROS 2 looks for them."""

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
            if path.is_file() and not {"__pycache__", "executables"} & set(path.parts):
                relative = path.relative_to(ROOT)
                found.setdefault(f"share/{NAME}/{relative.parent}", []).append(str(relative))
    return sorted(found.items())


data_files = [
    ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
    (f"share/{NAME}", ["package.xml"]),
    (f"lib/{NAME}", sorted(str(p.relative_to(ROOT)) for p in (ROOT / "launch/executables").glob("*"))),
]

setup(data_files=data_files + shared_files())
