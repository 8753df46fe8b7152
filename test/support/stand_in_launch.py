"""As much of ROS 2's launch and launch_ros as the files in launch/ import, where ROS 2 is not installed.

Every action and event only remembers what it was given; test/launch/test_parity.py holds the command lines
against the real ones.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

FOLDER = Path(__file__).parents[2] / "launch"
FILE = FOLDER / "cell.launch.py"


class Recorded:
    """What something was made of."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args, self.kwargs = args, kwargs


class LaunchConfiguration(Recorded):
    def perform(self, context: Context) -> str:
        return context.launch_configurations[self.args[0]]


class Context:
    """A LaunchContext."""

    def __init__(self, configurations: Mapping[str, str]) -> None:
        self.launch_configurations = configurations
        self.is_shutdown = False


NAMES = {
    "launch": ("Action", "LaunchContext", "LaunchDescription"),
    "launch.actions": (
        *("DeclareLaunchArgument", "EmitEvent", "ExecuteProcess", "LogInfo", "OpaqueFunction"),
        *("RegisterEventHandler", "SetEnvironmentVariable"),
    ),
    "launch.event_handlers": ("OnProcessExit", "OnProcessStart"),
    "launch.events": ("Shutdown",),
    "launch.events.process": ("ProcessExited", "ProcessStarted"),
    "launch.substitutions": (),
    "launch_ros": (),
    "launch_ros.actions": ("Node",),
}


def modules() -> dict[str, ModuleType]:
    found = {name: ModuleType(name) for name in NAMES}
    for name, members in NAMES.items():
        for member in members:
            setattr(found[name], member, type(member, (Recorded,), {}))
    found["launch.substitutions"].LaunchConfiguration = LaunchConfiguration  # type: ignore[attr-defined]
    return found


def load(file: Path = FILE) -> ModuleType:
    """The launch file, on these stand-ins."""
    with patch.dict(sys.modules, modules()):
        return load_launch_file(file)


def load_launch_file(file: Path = FILE) -> ModuleType:
    """The launch file, on whatever launch is there."""
    spec = importlib.util.spec_from_file_location(file.stem.replace(".", "_"), file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command_line(action: Recorded) -> tuple[str, ...]:
    """What launch would execute: for a Node, in the order of launch_ros, its executable left out."""
    kwargs = action.kwargs
    if "cmd" in kwargs:
        return tuple(kwargs["cmd"])
    words = [*kwargs["arguments"], "--ros-args", *kwargs["ros_arguments"]]
    words += ["--ros-args", "-r", f"__node:={kwargs['name']}", "-r", f"__ns:={kwargs['namespace']}"]
    for source, target in kwargs["remappings"]:
        words += ["-r", f"{source}:={target}"]
    return tuple(words)
