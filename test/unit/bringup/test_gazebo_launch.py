"""launch/gazebo.launch.py without ROS 2's launch: what it starts, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import stand_in_launch
from support.stand_in_launch import FOLDER, Context, Recorded

WORLDS = Path(__file__).parents[3] / "sim" / "worlds" / "demo"


@pytest.fixture
def file() -> ModuleType:
    return stand_in_launch.load(FOLDER / "gazebo.launch.py")


def started(file: ModuleType, **given: str) -> list[Recorded]:
    defaults = {name: default for name, (default, _) in file.ARGUMENTS.items()}
    actions: list[Any] = file.start(Context({**defaults, **given}))
    return actions


def test_server_and_bridge_are_started_with_the_demo_cells_files(file: ModuleType) -> None:
    *ends, server, bridge = started(file)
    assert server.kwargs["cmd"] == ["gz", "sim", "-r", "-s", str(WORLDS / "world.sdf")]
    assert (bridge.kwargs["package"], bridge.kwargs["executable"]) == ("ros_gz_bridge", "parameter_bridge")
    assert bridge.kwargs["parameters"] == [{"config_file": str(WORLDS / "bridge.yaml")}]
    assert bridge.kwargs["namespace"] == "/cell"
    assert [e.args[0].kwargs["target_action"] for e in ends] == [server, bridge], "one ends with the other"


def test_the_window_is_shown_when_it_is_asked_for(file: ModuleType) -> None:
    server = started(file, gui="true")[-2]
    assert "-s" not in server.kwargs["cmd"]
    with pytest.raises(ValueError, match="gui:=yes: must be true or false"):
        started(file, gui="yes")


@pytest.mark.parametrize("name", ["world", "bridge"])
def test_a_file_that_is_not_there_is_named_with_its_remedy(file: ModuleType, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=f"{name}:=/nowhere: no such file; cell describe"):
        started(file, **{name: "/nowhere"})
