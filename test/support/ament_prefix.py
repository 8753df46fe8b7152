"""An install prefix of links to this source tree, as colcon would make one: for ROS tools that look there."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "cell_controller"


def make_prefix(directory: Path) -> Path:
    """Returns `directory`, filled."""
    index = directory / "share" / "ament_index" / "resource_index" / "packages"
    share, lib = directory / "share" / PACKAGE, directory / "lib" / PACKAGE
    for folder in (index, share, lib):
        folder.mkdir(parents=True)
    (index / PACKAGE).touch()
    for source in (ROOT / "package.xml", *(ROOT / "config").rglob("*.yaml"), ROOT / "launch/cell.launch.py"):
        link = share / source.relative_to(ROOT)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)  # file by file: `ros2 launch` does not look into a folder that is a link
    for script in (ROOT / "launch" / "executables").iterdir():
        (lib / script.name).symlink_to(script)
    return directory


def environment_with(prefix: Path) -> dict[str, str]:
    """This process's environment, in which the prefix comes first and `python3` is this interpreter."""
    before = os.environ.get("AMENT_PREFIX_PATH", sys.prefix)
    return {
        **os.environ,
        "AMENT_PREFIX_PATH": f"{prefix}{os.pathsep}{before}",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
