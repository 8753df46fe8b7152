"""The robot models that a cell file generates: whole, possible, and the same machine as the plant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import mujoco
import pytest
from typer.testing import CliRunner

from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.config.loader import load_cell
from cell_sim.description.command import app
from cell_sim.description.files import generate
from cell_sim.description.mjcf import cell_mjcf

ROOT = Path(__file__).parents[4]
COMMITTED = ROOT / "sim" / "worlds" / "demo"
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
FILES = generate(DEMO.cell, RECIPE)
URDF = sorted(name for name in FILES if name.endswith(".urdf"))


def joints(name: str) -> Iterator[ElementTree.Element]:
    return ElementTree.fromstring(FILES[name]).iter("joint")


def model_of(name: str, tmp_path: Path) -> mujoco.MjModel:
    """As MuJoCo reads it, no body melted into another."""
    (tmp_path / name).write_text(FILES[name])
    spec = mujoco.MjSpec.from_file(str(tmp_path / name))
    spec.compiler.fusestatic = False
    return spec.compile()


def test_the_committed_files_are_those_that_the_demo_cell_generates() -> None:
    assert sorted(p.name for p in COMMITTED.iterdir()) == sorted(FILES)
    for name, text in FILES.items():
        assert (COMMITTED / name).read_text() == text, f"{name}: cell describe --out sim/worlds/demo"


def test_the_command_writes_every_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["--out", str(tmp_path / "new"), "--cell", str(ROOT / "config/cells/demo.yaml")]
    )
    assert result.exit_code == 0, result.output
    assert {p.name: p.read_text() for p in (tmp_path / "new").iterdir()} == FILES


@pytest.mark.parametrize("name", URDF)
def test_every_link_but_one_hangs_on_exactly_one_joint(name: str) -> None:
    links = [e.get("name") for e in ElementTree.fromstring(FILES[name]).iter("link")]
    children = [e.get("link") for e in ElementTree.fromstring(FILES[name]).iter("child")]
    parents = [e.get("link") for e in ElementTree.fromstring(FILES[name]).iter("parent")]
    assert len(set(links)) == len(links)
    assert len(set(children)) == len(children) == len(links) - 1
    assert set(children) | set(parents) == set(links)


@pytest.mark.parametrize("name", URDF)
def test_every_joint_that_moves_has_limits_above_zero(name: str) -> None:
    for joint in joints(name):
        if joint.get("type") == "fixed":
            continue
        limit = joint.find("limit")
        assert limit is not None, joint.get("name")
        assert float(limit.get("effort", 0)) > 0.0
        assert float(limit.get("velocity", 0)) > 0.0
        if joint.get("type") == "prismatic":
            assert float(limit.get("lower", 0)) < float(limit.get("upper", 0))


@pytest.mark.parametrize("name", URDF)
def test_every_body_is_one_that_matter_can_form(name: str) -> None:
    """Moments above zero, and none larger than the sum of the others."""
    for link in ElementTree.fromstring(FILES[name]).iter("link"):
        inertia = link.find("inertial/inertia")
        if link.get("name") == "world":
            assert inertia is None
            continue
        assert inertia is not None, link.get("name")
        xx, yy, zz = sorted(float(inertia.get(key, 0)) for key in ("ixx", "iyy", "izz"))
        assert xx > 0.0
        assert zz <= xx + yy


@pytest.mark.parametrize("name", URDF)
def test_mujoco_loads_each_file(name: str, tmp_path: Path) -> None:
    model = model_of(name, tmp_path)
    moving = [j for j in joints(name) if j.get("type") != "fixed"]
    assert {model.joint(i).name for i in range(model.njnt)} == {j.get("name") for j in moving}


def test_the_cell_in_urdf_is_the_machine_of_the_plant(tmp_path: Path) -> None:
    """Masses, places, directions and ranges, joint by joint, as compiled from both files."""
    urdf = model_of("cell.urdf", tmp_path)
    plant = mujoco.MjModel.from_xml_string(cell_mjcf(DEMO.cell, RECIPE))
    of_both = {}
    for model in (urdf, plant):
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        of_both[model] = data
    belts = {c.axis for c in DEMO.cell.conveyors.values()}
    compared = 0
    for name, drive in DEMO.cell.drives.items():
        if not isinstance(drive, AxisDrive | SpindleDrive):
            continue
        ours, theirs = urdf.body(name), plant.body(name)
        assert ours.mass == pytest.approx(theirs.mass, rel=1e-6)
        assert urdf.joint(name).axis == pytest.approx(plant.joint(name).axis)
        assert of_both[urdf].body(name).xpos == pytest.approx(of_both[plant].body(name).xpos, abs=1e-6)
        if isinstance(drive, SpindleDrive):
            assert sorted(ours.inertia) == pytest.approx(sorted(theirs.inertia), rel=1e-6)
        elif name not in belts:
            assert urdf.joint(name).range == pytest.approx(plant.joint(name).range)
        compared += 1
    assert compared == 8


def test_what_a_joint_may_do_is_what_the_cell_file_says_of_its_drive() -> None:
    limits = {j.get("name"): j.find("limit") for j in joints("cell.urdf")}
    for name, drive in DEMO.cell.drives.items():
        if isinstance(drive, AxisDrive):
            assert float(limits[name].get("effort")) == pytest.approx(drive.max_force_n)
            assert float(limits[name].get("velocity")) == pytest.approx(drive.max_speed_m_s)


def test_the_moving_masses_of_a_chain_add_up_to_that_of_its_first_axis() -> None:
    masses = {
        e.get("name"): float(e.find("inertial/mass").get("value"))
        for e in ElementTree.fromstring(FILES["robot.urdf"]).iter("link")
    }
    x = DEMO.cell.drives["weld_x"]
    chain = ("weld_x", "weld_y", "weld_z", "weld_spindle")
    assert sum(masses[n] for n in chain) == pytest.approx(x.moving_mass_kg)
