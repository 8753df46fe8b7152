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
    traced = (
        {"namespace": "/other", "trace_dir": str(tmp_path / "traces")}
        | dict.fromkeys(("urgent", "display"), "false")
        | {"composed": "true"}
    )
    for given in ({}, traced):
        arguments = Arguments(
            CELL,
            given.get("namespace"),
            tmp_path / f"run{len(given)}",
            tmp_path / "traces" if given else None,
            urgent=not given,
            display=not given,
            composed=bool(given),
        )
        specs = build(arguments)
        ours = executed_by_cell_up(specs, monkeypatch)
        theirs = processes(started(file, tmp_path / f"run{len(given)}", **given))
        assert len(theirs) == len(specs) == (9 if given else 13)
        for spec, words, action in zip(specs, ours, theirs, strict=True):
            if spec.is_node:  # `python -m module` here, the executable of the same module there
                assert words[3:] == command_line(action)
                assert (action.kwargs["package"], action.kwargs["executable"]) == (
                    spec.package,
                    spec.executable,
                )
                assert action.kwargs["additional_env"] == dict(spec.environment)
            else:
                assert words == command_line(action)


def test_a_row_with_everything_in_it_keeps_its_order(file: ModuleType) -> None:
    (spec, *_) = [s for s in build(Arguments(CELL)) if s.is_node]
    full = replace(
        spec, parameters=(("rate", "5"),), parameter_files=("/tmp/p.yaml",), remaps=(("state", "/x/state"),)
    )
    words = command_line(file.node_action(full))
    assert words == full.argv(os.getpid())[3:]
    assert words[-2:] == ("-r", "state:=/x/state")
    assert words[words.index("-p") :][:4] == ("-p", "rate:=5", "--params-file", "/tmp/p.yaml")


def test_the_executable_runs_the_module_of_the_table() -> None:
    (spec, *_) = [s for s in build(Arguments(CELL)) if s.is_node]
    script = (ROOT / "launch" / "executables" / spec.executable).read_text()
    assert f"from {spec.module} import main" in script


def test_a_dead_process_comes_back_as_often_and_takes_the_cell_down_then(
    file: ModuleType, tmp_path: Path
) -> None:
    actions = started(file, tmp_path / "run")
    respawns = {s.name: s.respawns for s in build(Arguments(CELL, display=True))}
    for process in processes(actions):
        name = process.kwargs.get("exec_name", process.kwargs["name"])
        exited = next(
            a.args[0].kwargs["on_exit"]
            for a in actions
            if type(a).__name__ == "RegisterEventHandler"
            and type(a.args[0]).__name__ == "OnProcessExit"
            and a.args[0].kwargs["target_action"] is process
        )
        assert process.kwargs.get("respawn_max_retries", 0) == respawns[name]
        assert process.kwargs.get("respawn", False) == (respawns[name] > 0)
        ends = [
            [type(a).__name__ for a in exited(Recorded(), Context({}))] for _ in range(respawns[name] + 1)
        ]
        assert ends[:-1] == [["LogInfo"]] * respawns[name]
        assert ends[-1] == (["LogInfo"] if name in ("recorder", "display") else ["LogInfo", "EmitEvent"])
        over = Context({})
        over.is_shutdown = True
        assert exited(Recorded(), over) == [], "the end of a shutdown is no death"


def test_every_argument_is_declared_with_its_help_and_the_demo_cell_is_the_default(file: ModuleType) -> None:
    (entities,) = file.generate_launch_description().args
    declared = [e for e in entities if type(e).__name__ == "DeclareLaunchArgument"]
    assert {d.args[0]: d.kwargs["description"] for d in declared} == {d.name: d.help for d in DECLARED}
    defaults = {d.args[0]: d.kwargs["default_value"] for d in declared}
    assert Path(defaults["cell"]) == ROOT / "config" / "cells" / "demo.yaml"


def test_what_is_wrong_with_an_argument_or_a_cell_file_is_said_before_anything_starts(
    file: ModuleType, tmp_path: Path
) -> None:
    broken = ROOT / "test" / "cells_broken" / "misspelt_key.yaml"
    with pytest.raises(ArgumentError, match=r"^argument 'cell': 'nowhere.yaml' no such file$"):
        started(file, tmp_path / "run", cell="nowhere.yaml")
    with pytest.raises(ConfigError, match=r"misspelt_key\.yaml:\d+: .* unknown key; did you mean"):
        started(file, tmp_path / "run", cell=str(broken))
    assert not (tmp_path / "run").exists()


def test_a_second_cell_is_refused(file: ModuleType, tmp_path: Path) -> None:
    started(file, tmp_path / "run")
    with pytest.raises(InUseError, match=rf"^namespace /cell .* is in use by pid {os.getpid()}: "):
        started(file, tmp_path / "another")
