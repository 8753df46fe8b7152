"""The cell under the real `ros2 launch`: runs where launch, launch_ros and launch_testing are installed.

What holds without them is in test/unit/bringup/test_launch_file.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.ament_prefix import environment_with, make_prefix

for package in ("launch.actions", "launch_ros.actions", "launch_testing.actions"):
    pytest.importorskip(
        package, reason=f"{package.partition('.')[0]} comes with ROS 2 from apt, not from PyPI"
    )

HERE = Path(__file__).parent
WRAPPERS = sorted(set(HERE.glob("*_launch.py")) - {Path(__file__)})
LIMIT_S = 400.0  # a minute and a half alone on two cores


@pytest.mark.matrix
@pytest.mark.parametrize("wrapper", WRAPPERS, ids=lambda path: path.stem)
def test_the_cell_stands_its_cases_under_launch(wrapper: Path, tmp_path: Path) -> None:
    environment = environment_with(make_prefix(tmp_path / "prefix"))
    path = [str(HERE.parent), *environment.get("PYTHONPATH", "").split(":")]
    ended = subprocess.run(
        [sys.executable, "-m", "launch_testing.launch_test", str(wrapper)],
        env={**environment, "PYTHONPATH": ":".join(filter(None, path)), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    assert "FAILED" not in ended.stdout
