"""The world for Gazebo is strict SDF 1.9, and its joints are those of the robot models."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cell_controller.config.loader import load_cell
from cell_sim.description.files import generate

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
FILES = generate(DEMO.cell, DEMO.recipes["bracket"])
WORLD = ElementTree.fromstring(FILES["world.sdf"])


def flags(option: str) -> list[str]:
    """Of libsdformat 12 as Debian packs it; empty without it."""
    if shutil.which("pkg-config") is None:
        return []
    asked = subprocess.run(["pkg-config", option, "sdformat12"], capture_output=True, text=True, check=False)
    return asked.stdout.split() if asked.returncode == 0 else []


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not flags("--libs") or shutil.which("g++") is None:
        pytest.skip("libsdformat-dev, pkg-config and g++ are not installed")
    program = tmp_path_factory.mktemp("strict") / "strict"
    source = Path(__file__).with_name("strict.cpp")
    subprocess.run(
        ["g++", "-std=c++17", "-O0", *flags("--cflags"), str(source), "-o", str(program), *flags("--libs")],
        check=True,
    )
    return program


def judge(program: Path, text: str, file: Path) -> subprocess.CompletedProcess[str]:
    file.write_text(text)
    return subprocess.run([program, file], capture_output=True, text=True, check=False)


def test_libsdformat_finds_nothing_to_warn_of(strict: Path, tmp_path: Path) -> None:
    verdict = judge(strict, FILES["world.sdf"], tmp_path / "world.sdf")
    assert verdict.returncode == 0, verdict.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<inertial>", "<gravitation>1</gravitation><inertial>"),
        ("<parent>weld_x_link<", "<parent>weld_q<"),
        ("<ixx>", "<ixx>-"),
    ],
)
def test_libsdformat_finds_what_is_wrong(strict: Path, tmp_path: Path, right: str, wrong: str) -> None:
    text = FILES["world.sdf"].replace(right, wrong, 1)
    assert text != FILES["world.sdf"]
    assert judge(strict, text, tmp_path / "world.sdf").returncode != 0


def test_the_world_says_that_it_is_version_1_9() -> None:
    assert WORLD.get("version") == "1.9"  # libsdformat 12 lets later ones pass


def test_every_joint_that_a_drive_moves_has_one_controller_and_takes_process_forces() -> None:
    plugins = [p for p in WORLD.iter("plugin") if p.find("joint_name") is not None]
    loads = [p for p in plugins if p.get("name") == "gz::sim::systems::ApplyJointForce"]
    loaded = sorted(str(p.findtext("joint_name")) for p in loads)
    controlled = sorted(str(p.findtext("joint_name")) for p in plugins if p not in loads)
    moving = sorted(j.get("name", "") for j in WORLD.iter("joint") if j.get("type") != "fixed")
    belts = {c.axis for c in DEMO.cell.conveyors.values()}
    drives = [name for name, drive in DEMO.cell.drives.items() if drive.kind.value != "io"]
    assert (
        loaded == controlled == moving == sorted({*drives, "guard_door", "weld_clamp", "grind_clamp"} - belts)
    )


def test_limits_are_those_of_the_robot_models() -> None:
    urdf = {j.get("name"): j.find("limit") for j in ElementTree.fromstring(FILES["cell.urdf"]).iter("joint")}
    for joint in WORLD.iter("joint"):
        if joint.get("type") == "fixed":
            continue
        limit = joint.find("axis/limit")
        expected = urdf[joint.get("name")]
        assert limit is not None
        assert expected is not None
        told = {e.tag: e.text for e in limit}
        assert told == dict(expected.items())


def test_the_belt_is_a_track_that_feels_what_lies_on_it() -> None:
    tracks = [p for p in WORLD.iter("plugin") if p.get("name") == "gz::sim::systems::TrackController"]
    assert [t.findtext("link") for t in tracks] == ["conveyor_surface_link"]
    link = next(e for e in WORLD.iter("link") if e.get("name") == "conveyor_surface_link")
    felt = link.findtext("sensor/contact/collision")
    assert felt in [c.get("name") for c in link.iter("collision")]
