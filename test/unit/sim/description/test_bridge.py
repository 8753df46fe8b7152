"""The bridge between Gazebo and ROS: topics that the world's systems open, and names that ROS takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from cell_controller.config.loader import load_cell
from cell_sim.description.files import generate

ROOT = Path(__file__).parents[4]
DEMO = load_cell(ROOT / "config/cells/demo.yaml")
FILES = generate(DEMO.cell, DEMO.recipes["bracket"])
TOPICS: list[dict[str, Any]] = yaml.safe_load(FILES["bridge.yaml"])
NAME = re.compile(r"/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*")


def opened() -> set[str]:
    """Topics of the systems in the world, as the systems' own documentation names them."""
    world = ElementTree.fromstring(FILES["world.sdf"]).find("world")
    assert world is not None
    found = {"/clock"}
    for model in world.iter("model"):
        name = model.get("name")
        for plugin in model.iter("plugin"):
            joint, link = plugin.findtext("joint_name"), plugin.findtext("link")
            match str(plugin.get("name")).rpartition("::")[2]:
                case "JointStatePublisher":
                    found.add(f"/world/{world.get('name')}/model/{name}/joint_state")
                case "JointPositionController":
                    found.add(f"/model/{name}/joint/{joint}/0/cmd_pos")
                case "JointController":
                    found.add(f"/model/{name}/joint/{joint}/cmd_vel")
                case "ApplyJointForce":
                    found.add(f"/model/{name}/joint/{joint}/cmd_force")
                case "TrackController":
                    found.add(f"/model/{name}/link/{link}/track_cmd_vel")
        for touched in model.iter("link"):
            for sensor in touched.iter("sensor"):
                place = f"/world/{world.get('name')}/model/{name}/link/{touched.get('name')}"
                found.add(f"{place}/sensor/{sensor.get('name')}/contact")
    return found


def test_every_bridged_topic_of_gazebo_is_opened_by_the_world() -> None:
    assert {t["gz_topic_name"] for t in TOPICS} <= opened()


def test_no_command_that_the_world_takes_is_left_out() -> None:
    commands = {t for t in opened() if "cmd" in t}
    assert {t["gz_topic_name"] for t in TOPICS if t["direction"] == "ROS_TO_GZ"} == commands


def test_what_touches_a_belt_is_bridged() -> None:
    contacts = {t["gz_topic_name"]: t for t in TOPICS if t["gz_type_name"] == "gz.msgs.Contacts"}
    assert set(contacts) == {t for t in opened() if t.endswith("/contact")} != set()
    assert {t["ros_topic_name"] for t in contacts.values()} == {"gazebo/belt/contacts"}


def test_what_nobody_listens_to_costs_the_bridge_nothing() -> None:
    """The clock alone goes on: who starts late has to see time pass."""
    assert {t["ros_topic_name"] for t in TOPICS if t["direction"] == "GZ_TO_ROS" and not t.get("lazy")} == {
        "/clock"
    }


def test_every_axis_and_spindle_of_the_cell_has_a_target() -> None:
    drives = {t["ros_topic_name"].split("/")[1] for t in TOPICS if "target" in t["ros_topic_name"]}
    assert {d for d in DEMO.cell.drives if d.startswith(("weld", "grind", "belt"))} <= drives


def test_names_are_names_in_ros_and_none_comes_twice() -> None:
    names = [t["ros_topic_name"] for t in TOPICS]
    assert len(set(names)) == len(names)
    assert [n for n in names if not NAME.fullmatch(n)] == []


def test_process_forces_come_behind_the_controller_that_they_add_to() -> None:
    for model in ElementTree.fromstring(FILES["world.sdf"]).iter("model"):
        last: dict[str, str] = {}
        for plugin in model.iter("plugin"):
            if joint := plugin.findtext("joint_name"):
                last[joint] = str(plugin.get("name"))
        assert set(last.values()) <= {"gz::sim::systems::ApplyJointForce"}
