"""The model that MuJoCo integrates: no shape inside another, and joints for what drives move alone."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import mujoco
import pytest

from cell_controller.config.loader import load_cell
from cell_sim.description.mechanisms import describe
from cell_sim.description.mjcf import cell_mjcf
from cell_sim.description.model import Mechanism

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
RECIPE = DEMO.recipes["bracket"]
MECHANISMS = describe(DEMO.cell, RECIPE)
MOVED = [name for name, drive in DEMO.cell.drives.items() if drive.kind.value != "io"]
DEPTH_M = 1e-6  # shapes that share a face touch


def related(mechanisms: tuple[Mechanism, ...]) -> set[frozenset[str]]:
    """Links that a joint holds together may reach into each other, and those fixed to the same link."""
    pairs = {frozenset((j.parent, j.child)) for m in mechanisms for j in m.joints}
    fixed = {j.child: j.parent for m in mechanisms for j in m.joints if j.limits is None}
    return pairs | {frozenset((a, b)) for a, p in fixed.items() for b, q in fixed.items() if p == q}


def overlaps(model: Any, data: Any) -> set[frozenset[str]]:
    """Pairs of links whose solid shapes are inside each other."""
    mujoco.mj_forward(model, data)
    bodies = model.geom_bodyid
    pairs = {
        frozenset(model.body(bodies[g]).name for g in contact.geom)
        for contact in data.contact
        if contact.dist < -DEPTH_M
    }
    return {pair for pair in pairs if "world" not in pair and not any(n.startswith("part") for n in pair)}


@pytest.fixture
def solid() -> Any:
    """The model with collisions between everything that is solid, which the plant itself does without."""
    spec = mujoco.MjSpec.from_string(cell_mjcf(DEMO.cell, RECIPE))
    for geom in spec.geoms:
        geom.contype = geom.conaffinity = int(geom.group == 1)
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_FILTERPARENT
    return spec.compile()


def test_no_shape_is_inside_that_of_another_link_wherever_the_axes_stand(solid: Any) -> None:
    data = mujoco.MjData(solid)
    slides = ["weld_x", "weld_y", "weld_z", "grind_infeed", "grind_traverse"]
    allowed, found = related(MECHANISMS), set()
    for ends in product((0, 1), repeat=len(slides)):
        for name, end in zip(slides, ends, strict=True):
            data.joint(name).qpos = solid.joint(name).range[end]
        found |= overlaps(solid, data) - allowed
    # a tool can be driven into the fixture: limits of axes do not know what stands there
    found = {
        p for p in found if not (p & {"weld_spindle", "grind_wheel"} and any("conveyor" in n for n in p))
    }
    assert found == set()


def test_only_what_a_drive_moves_has_a_joint() -> None:
    model = mujoco.MjModel.from_xml_string(cell_mjcf(DEMO.cell, RECIPE))
    assert sorted(model.joint(n).name for n in range(model.njnt)) == sorted(MOVED)
    for name in ("guard_door", "weld_clamp", "grind_clamp", "conveyor_head", "part0"):
        assert model.body(name).mocapid[0] >= 0


def test_a_rotor_is_lighter_to_turn_about_its_axis_than_a_ball() -> None:
    links = {link.name: link for m in MECHANISMS for link in m.links}
    for name, along in (("weld_spindle", 2), ("grind_wheel", 1)):
        moments = links[name].inertia.moments_kg_m2
        assert moments[along] == DEMO.cell.drives[name].inertia_kg_m2  # type: ignore[union-attr]
        across = [m for i, m in enumerate(moments) if i != along]
        assert across[0] == across[1] != moments[along]
