"""A URDF's joints, and the frames that they make of positions."""

from math import cos, pi, sin
from pathlib import Path

import pytest

from cell_controller.config import AxisDrive, SpindleDrive, load_cell
from cell_controller.display.model import DescriptionError, Motion, read_urdf

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "config" / "cells" / "demo.yaml"


def one_joint(kind: str, rest: str = "", rpy: str = "0 0 0") -> str:
    return (
        f'<robot name="r"><joint name="j" type="{kind}"><origin xyz="1 2 3" rpy="{rpy}"/>'
        f'<parent link="a"/><child link="b"/>{rest}</joint></robot>'
    )


def test_every_drive_that_moves_is_a_joint_and_no_other_joint_is_named_as_a_drive() -> None:
    loaded = load_cell(DEMO)
    assert loaded.description_path is not None
    model = read_urdf(loaded.description_path.read_text())
    moving = {j.name for j in model.joints if j.motion is not Motion.FIXED and j.mimic is None}
    drives = loaded.cell.drives.items()
    assert moving & set(loaded.cell.drives) == {
        name for name, d in drives if isinstance(d, AxisDrive | SpindleDrive)
    }


def test_with_all_positions_every_frame_hangs_on_the_world_once() -> None:
    model = read_urdf((ROOT / "sim/worlds/demo/cell.urdf").read_text())
    drives = load_cell(DEMO).cell.drives
    frames = [*model.still(drives), *model.moving(dict.fromkeys(drives, 0.01))]
    parents = {f.child: f.parent for f in frames}
    assert len(parents) == len(frames)
    assert set(parents) == set(model.frames) - {"world"}
    for child in parents:
        while child != "world":
            child = parents[child]


def test_a_slide_moves_its_child_along_the_axis_in_the_turned_joint() -> None:
    (joint,) = read_urdf(one_joint("prismatic", '<axis xyz="2 0 0"/>', rpy=f"0 0 {pi / 2}")).joints
    assert joint.frame(0.5).translation_m == pytest.approx((1.0, 2.5, 3.0))
    assert joint.frame(0.5).rotation == pytest.approx((0.0, 0.0, sin(pi / 4), cos(pi / 4)))


def test_a_turning_joint_turns_its_child_about_the_axis() -> None:
    (joint,) = read_urdf(one_joint("continuous", '<axis xyz="0 0 1"/>', rpy=f"{pi / 2} 0 0")).joints
    frame = joint.frame(pi / 2)
    assert frame.translation_m == (1.0, 2.0, 3.0)
    assert frame.rotation == pytest.approx((0.5, -0.5, 0.5, 0.5))


def test_roll_comes_before_pitch_before_yaw() -> None:
    (joint,) = read_urdf(one_joint("fixed", rpy=f"{pi / 2} 0 {pi / 2}")).joints
    assert joint.frame(0.0).rotation == pytest.approx((0.5, 0.5, 0.5, 0.5))


def test_a_follower_goes_with_its_leader_and_is_unknown_without_it() -> None:
    follows = '<axis xyz="0 1 0"/><mimic joint="belt" multiplier="2" offset="1"/>'
    model = read_urdf(one_joint("continuous", follows))
    (frame,) = model.moving({"belt": 0.5})
    assert frame.rotation == pytest.approx((0.0, sin(1.0), 0.0, cos(1.0)))
    assert model.moving({"j": 0.5}) == ()


def test_a_joint_that_nobody_measures_rests_at_zero() -> None:
    model = read_urdf(one_joint("revolute", '<axis xyz="0 1 0"/>'))
    (frame,) = model.still(())
    assert frame.rotation == (0.0, 0.0, 0.0, 1.0)
    assert model.still(("j",)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "<robot",
        one_joint("floating"),
        one_joint("prismatic", '<axis xyz="0 0 0"/>'),
        one_joint("fixed", rpy="0 0"),
        '<robot><joint name="j" type="fixed"><child link="b"/></joint></robot>',
    ],
)
def test_what_is_no_description_is_refused_in_words(text: str) -> None:
    with pytest.raises(DescriptionError, match="no robot description: "):
        read_urdf(text)
