"""The node table: one row per process, the same words on both ways of starting."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from cell_controller.bringup.errors import ArgumentError
from cell_controller.bringup.table import DECLARED, MODULE, Role, build, default_run_dir, parse_arguments
from cell_controller.bringup.units import unit_names
from cell_controller.config import load_cell

CELLS = Path(__file__).parents[3] / "config" / "cells"
TEST_CELL = f"cell:={CELLS / 'test.yaml'}"


def test_every_line_and_station_has_its_process_in_the_order_of_coming() -> None:
    specs = build(parse_arguments([TEST_CELL, "run_dir:=/tmp/somewhere"]))
    assert [s.name for s in specs] == [
        "simulator",
        *("weld_line", "grind_line", "conveyor_line", "io_line", "safety_line"),
        "interlock",
        *("robot", "spindle", "conveyor"),
        "cell_manager",
        "recorder",
        "display",
    ]
    assert [s.role for s in specs] == sorted(s.role for s in specs)
    assert all(s.start_after == ("simulator",) for s in specs if s.is_node)
    assert [s.name for s in specs if not s.is_required] == ["recorder", "display"]
    assert {s.respawns for s in specs if s.is_node} == {3}


def test_a_node_is_started_by_these_very_words() -> None:
    specs = {s.name: s for s in build(parse_arguments([TEST_CELL, "run_dir:=/tmp/r", "trace_dir:=/tmp/t"]))}
    assert specs["weld_line"].argv(77, "python") == (
        *("python", "-m", MODULE, "--unit", "weld_line", "--cell", str(CELLS / "test.yaml")),
        *("--run-dir", "/tmp/r", "--trace", "/tmp/t/weld_line.jsonl", "--priority", "30", "--parent", "77"),
        *("--ros-args", "--disable-external-lib-logs"),
        *("--ros-args", "-r", "__node:=weld_line", "-r", "__ns:=/cell"),
    )
    simulator = specs["simulator"]
    assert simulator.role is Role.PROCESS
    assert simulator.argv(77, "python")[:3] == ("python", "-m", "cell_sim.server")
    assert "--ros-args" not in simulator.argv(77, "python")
    assert "--parent" not in simulator.argv(77), "it sees its controller die"
    assert "{" not in " ".join(simulator.argv(77, "python")), "placeholders are filled in"


@pytest.mark.parametrize(("words", "plant"), [([], "analytic"), (["plant:=gazebo"], "gazebo")])
def test_the_simulator_is_told_its_plant(words: list[str], plant: str) -> None:
    simulator = build(parse_arguments([TEST_CELL, *words]))[0]
    assert simulator.arguments[-2:] == ("--plant", plant)


def test_a_plant_that_nobody_takes_or_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="must be one of mujoco, analytic, gazebo"):
        parse_arguments([TEST_CELL, "plant:=bullet"])
    text = (CELLS / "test.yaml").read_text().replace(', "--plant", "{plant}"', "")
    machine = tmp_path / "machine.yaml"
    machine.write_text(text.replace("../", f"{CELLS.parent}/"))
    with pytest.raises(ArgumentError, match=r"no process of .*machine.yaml has \{plant\}"):
        build(parse_arguments([f"cell:={machine}", "plant:=gazebo"]))


def test_a_namespace_given_by_hand_wins() -> None:
    specs = build(parse_arguments([TEST_CELL, "namespace:=/other/cell", "recorder:=false", "display:=false"]))
    assert {s.namespace for s in specs} == {"/other/cell"}
    assert "__ns:=/other/cell" in specs[-1].argv(77)
    assert specs[-1].name == "cell_manager"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "argument 'cell': must be given"),
        (["cell"], "argument 'cell': must have the form name:=value"),
        (["cell:=nowhere.yaml"], "argument 'cell': 'nowhere.yaml' no such file"),
        ([TEST_CELL, "rundir:=/tmp"], "argument 'rundir': unknown; there are cell, namespace, run_dir,"),
        ([TEST_CELL, "namespace:=cell"], "argument 'namespace': 'cell' must begin with /"),
        ([TEST_CELL, "recorder:=maybe"], "argument 'recorder': 'maybe' must be true or false"),
    ],
)
def test_a_wrong_argument_is_refused_in_words(words: list[str], text: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        parse_arguments(words)
    assert str(raised.value).startswith(text)


def test_every_argument_has_help_and_a_default_that_parses() -> None:
    for declared in DECLARED:
        assert declared.help
        if declared.default is not None:
            declared.parse(declared.default)


def test_the_run_directory_differs_by_domain_and_namespace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("ROS_DOMAIN_ID", "7")
    assert default_run_dir("/plant/cell") == tmp_path / "cell-controller" / "7-plant-cell"
    monkeypatch.setenv("ROS_DOMAIN_ID", "8")
    assert default_run_dir("/plant/cell").name == "8-plant-cell"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/nothing")
    assert "cell-controller-" in str(default_run_dir("/cell"))


def test_the_table_needs_neither_ros_nor_launch() -> None:
    code = (
        "import sys; import cell_controller.bringup.table;"
        "found = {'rclpy', 'launch', 'cell_msgs'} & set(sys.modules); sys.exit(str(found) if found else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_who_guards_comes_before_who_wishes_and_nobody_when_it_is_not_wanted() -> None:
    urgent = {s.role: s.priority for s in build(parse_arguments([TEST_CELL]))}
    assert (
        urgent[Role.PROCESS]
        > urgent[Role.INTERLOCK]
        > urgent[Role.BUS]
        > urgent[Role.STATION]
        > urgent[Role.MANAGER]
        > 0
    )
    assert urgent[Role.RECORDER] == 0
    calm = build(parse_arguments([TEST_CELL, "urgent:=false"]))
    assert {s.priority for s in calm} == {0}
    assert not [s for s in calm if "--priority" in s.arguments]


def test_a_composed_cell_has_stations_and_manager_in_one_process_and_the_rest_as_ever() -> None:
    apart = build(parse_arguments([TEST_CELL, "run_dir:=/tmp/r", "trace_dir:=/tmp/t"]))
    specs = build(parse_arguments([TEST_CELL, "run_dir:=/tmp/r", "trace_dir:=/tmp/t", "composed:=true"]))
    assert [s for s in specs if s.name != "cell_manager"] == [
        s for s in apart if s.role not in (Role.STATION, Role.MANAGER)
    ]
    (together,) = [s for s in specs if s.name == "cell_manager"]
    assert together.units == ("robot", "spindle", "conveyor", "cell_manager")
    words = together.argv(77, "python")
    assert [after for word, after in pairwise(words) if word == "--unit"] == list(together.units)
    assert [Path(after).stem for word, after in pairwise(words) if word == "--trace"] == list(together.units)
    assert words[words.index("--priority") + 1] == "20", "as urgent as its most urgent Unit"


def test_every_process_has_the_heartbeats_of_its_units() -> None:
    for word in ("composed:=true", "composed:=false"):
        specs = build(parse_arguments([TEST_CELL, word, "display:=false", "recorder:=false"]))
        units = [unit for s in specs if s.is_node for unit in s.units]
        assert sorted(units) == sorted(unit_names(load_cell(CELLS / "test.yaml").cell))
