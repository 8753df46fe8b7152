"""The real launch writes the command lines of the table: runs where launch and launch_ros are installed.

The rest of the launch file is tested without them: test/unit/bringup/test_launch_file.py.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cell_controller.bringup.table import DECLARED, Arguments, build
from support.ament_prefix import environment_with, make_prefix
from support.stand_in_launch import load_launch_file

pytest.importorskip("launch.actions", reason="launch comes with ROS 2 from apt, not from PyPI")
pytest.importorskip("launch_ros.actions", reason="launch_ros comes with ROS 2 from apt, not from PyPI")

import launch
import launch.actions

CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"


def test_the_words_are_those_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_with(make_prefix(tmp_path / "prefix")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = load_launch_file()
    at_exit: list[Any] = []
    monkeypatch.setattr(file.atexit, "register", at_exit.append)
    run_dir = tmp_path / "run"
    context = launch.LaunchContext()
    given = {"cell": str(CELL), "run_dir": str(run_dir)}
    context.launch_configurations.update({d.name: d.default or "" for d in DECLARED} | given)
    # Executing an action is preparing it and starting the process: here without the second half.
    monkeypatch.setattr(launch.actions.ExecuteLocal, "execute", launch.actions.ExecuteLocal.prepare)
    actions = [a for a in file.start_cell(context) if isinstance(a, launch.actions.ExecuteLocal)]
    for action in actions:
        action.execute(context)
    found = [action.process_details["cmd"] for action in actions]
    for function in at_exit:
        function()
    specs = build(Arguments(CELL, run_dir=run_dir, display=True))
    for spec, words in zip(specs, found, strict=True):
        if spec.is_node:
            assert Path(words[0]).name == spec.executable
            assert tuple(words[1:]) == spec.argv(os.getpid())[3:]
        else:
            assert tuple(words) == spec.argv(os.getpid(), sys.executable)


def test_show_args_describes_every_argument(tmp_path: Path) -> None:
    pytest.importorskip("ros2launch", reason="ros2 launch comes with ROS 2 from apt, not from PyPI")
    code = "import sys; from ros2cli.cli import main; sys.exit(main())"
    words = ["launch", "cell_controller", "cell.launch.py", "--show-args"]
    shown = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment_with(make_prefix(tmp_path / "prefix")),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(f"'{d.name}':\n        {d.help}\n" in shown for d in DECLARED), shown
