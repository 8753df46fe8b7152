"""launch/cell.launch.py without ROS 2's launch: it starts what `cell up` starts."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cell_controller.bringup import children
from cell_controller.bringup.children import Child, Output
from cell_controller.bringup.errors import ArgumentError, InUseError
from cell_controller.bringup.table import DECLARED, Arguments, NodeSpec, build
from cell_controller.config import ConfigError
from support import stand_in_launch
from support.stand_in_launch import Context, Recorded, command_line

ROOT = Path(__file__).parents[3]
CELL = ROOT / "config" / "cells" / "test.yaml"


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The launch file; what it leaves to the end of `ros2 launch` is done after the test."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    module = stand_in_launch.load()
    at_exit: list[Any] = []
    monkeypatch.setattr(module.atexit, "register", at_exit.append)
    yield module
    for function in at_exit:
        function()


def started(file: ModuleType, run_dir: Path, **given: str) -> list[Recorded]:
    words = {d.name: d.default or "" for d in DECLARED} | {"cell": str(CELL), "run_dir": str(run_dir)}
    actions: list[Recorded] = file.start_cell(Context(words | given))
    return actions


def processes(actions: list[Recorded]) -> list[Recorded]:
    return [a for a in actions if type(a).__name__ in ("Node", "ExecuteProcess")]


def executed_by_cell_up(specs: list[NodeSpec], monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The words that reach the system when `cell up` starts its children."""
    found: list[tuple[str, ...]] = []

    class Popen:
        pid = 0

        def __init__(self, argv: tuple[str, ...], **_: Any) -> None:
            found.append(tuple(argv))

    with monkeypatch.context() as patched:
        patched.setattr(children.subprocess, "Popen", Popen)
        output = Output(lambda *_: None)
        for spec in specs:
            Child(spec, output, ()).start()
        output.close()
    assert subprocess.Popen is not Popen
    return found


def test_both_ways_of_starting_execute_the_same_words(
    file: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = {"namespace": "/other", "trace_dir": str(tmp_path / "traces")} | dict.fromkeys(
        ("urgent", "display"), "false"
    )
    for given in ({}, traced):
        arguments = Arguments(
            CELL,
            given.get("namespace"),
            tmp_path / f"run{len(given)}",
            tmp_path / "traces" if given else None,
            urgent=not given,
            display=not given,
        )
        specs = build(arguments)
        ours = executed_by_cell_up(specs, monkeypatch)
        theirs = processes(started(file, tmp_path / f"run{len(given)}", **given))
