"""The configurations for RViz and Foxglove name topics, frames and fields that a cell has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cell_controller.config import load_cell
from cell_controller.display.model import read_urdf
from cell_controller.nodes import convert
from cell_controller.nodes.qos import profile_of
from cell_controller.nodes.standard import STANDARD_TOPICS, frame_id
from cell_controller.runtime.ports import TOPICS

ROOT = Path(__file__).parents[3]
LOADED = load_cell(ROOT / "config/cells/demo.yaml")
NAME = LOADED.cell.namespace.strip("/")
RVIZ = YAML(typ="safe").load(ROOT / "config/rviz/cell.rviz")["Visualization Manager"]
FOXGLOVE = json.loads((ROOT / "config/foxglove/cell.json").read_text())
PLACE = re.compile(r"\[[^]]*\]|\{[^}]*\}")  # of a message path: which elements


def resolved(topic: str) -> str:
    return topic if topic.startswith("/") else f"/{NAME}/{topic}"


def published() -> dict[str, tuple[Any, Any]]:
    """Type and quality of service of every topic of the cell."""
    own = {resolved(p.name): (convert.ros_type(p.type), profile_of(p.qos)) for p in TOPICS}
    return own | {resolved(t.topic): (t.ros_type, t.qos) for t in STANDARD_TOPICS}


def frames() -> set[str]:
    assert LOADED.description_path is not None
    return {frame_id(NAME, f) for f in read_urdf(LOADED.description_path.read_text()).frames}


def test_rviz_listens_to_what_is_published_with_the_same_quality_of_service() -> None:
    topics = [v for d in RVIZ["Displays"] for v in d.values() if isinstance(v, dict) and "Value" in v]
    assert topics
    for topic in topics:
        _, qos = published()[topic["Value"]]
        assert topic["Reliability Policy"].upper().replace(" ", "_") == qos.reliability.name
        assert topic["Durability Policy"].upper().replace(" ", "_") == qos.durability.name


def test_rviz_looks_from_a_frame_that_is_there() -> None:
    assert RVIZ["Global Options"]["Fixed Frame"] in frames()
    (model,) = [d for d in RVIZ["Displays"] if d["Class"] == "rviz_default_plugins/RobotModel"]
    assert frame_id(model["TF Prefix"], "world") == RVIZ["Global Options"]["Fixed Frame"]


def test_every_panel_of_foxglove_is_in_its_layout_once() -> None:
    def panels(node: Any) -> Iterator[str]:
        if isinstance(node, str):
            yield node
        else:
            yield from (p for side in ("first", "second") for p in panels(node[side]))

    assert sorted(panels(FOXGLOVE["layout"])) == sorted(FOXGLOVE["configById"])


def test_foxglove_shows_the_model_in_frames_that_are_there() -> None:
    panel = FOXGLOVE["configById"]["3D!cell"]
    assert panel["followTf"] in frames()
    model, floor = panel["layers"]["cell"], panel["layers"]["floor"]
    assert model["topic"] in published()
    assert f"{model['framePrefix']}world" == floor["frameId"] == panel["followTf"]
    assert FOXGLOVE["configById"]["DiagnosticSummary!all"]["topicToRender"] in published()


def message_paths() -> list[str]:
    panels = FOXGLOVE["configById"].items()
    raw = [p["topicPath"] for name, p in panels if name.startswith("RawMessages!")]
    return [*raw, *(path["value"] for name, p in panels if name.startswith("Plot!") for path in p["paths"])]


@pytest.mark.parametrize("path", message_paths())
def test_a_message_path_of_foxglove_leads_to_a_field(path: str) -> None:
    topic, *fields = PLACE.sub("", path).split(".")
    kind, _ = published()[topic]
    for field in fields:
        wire = kind.get_fields_and_field_types()[field]
        element = re.sub(r"sequence<(.*)>", r"\1", wire)
        package, _, name = element.partition("/")
        kind = getattr(convert.cell_msgs.msg, name) if package == "cell_msgs" else None
    for drive in re.findall(r'drive=="([^"]*)"', path):
        assert drive in LOADED.cell.drives
