"""The message wheel: every interface of the sources is in it, imports, and survives the wire."""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cell_msgs.msg import Guard
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.type_support import check_for_type_support
from tf2_msgs.msg import TFMessage

PREFIX = Path(sys.prefix)
# `ros2 topic info -v /tf` on Jazzy
TF_MESSAGE_HASH = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
SOURCES = Path(__file__).parents[3] / "src" / "cell_msgs"


def interfaces(kind: str) -> list[str]:
    return sorted(path.stem for path in (SOURCES / kind).glob(f"*.{kind}"))


def interface(kind: str, name: str) -> Any:
    return getattr(importlib.import_module(f"cell_msgs.{kind}"), name)


@pytest.mark.parametrize("name", interfaces("msg"))
def test_every_message_has_its_type_support_and_survives_the_wire(name: str) -> None:
    message_class = interface("msg", name)
    check_for_type_support(message_class)
    message = message_class()
    assert deserialize_message(serialize_message(message), message_class) == message


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, n) for kind in ("srv", "action") for n in interfaces(kind)]
)
def test_every_service_and_action_has_its_type_support(kind: str, name: str) -> None:
    check_for_type_support(interface(kind, name))


def test_values_survive_the_wire() -> None:
    sent = Guard(source="weld_1", session=2**63 + 1, seq=7, stamp_s=12.5)
    received = deserialize_message(serialize_message(sent), Guard)
    assert (received.source, received.session, received.seq, received.stamp_s) == (
        "weld_1",
        2**63 + 1,
        7,
        12.5,
    )


def test_a_value_out_of_range_is_refused_when_it_is_assigned() -> None:
    with pytest.raises(AssertionError, match="unsigned integer"):
        Guard(seq=-1)


def test_the_message_of_transforms_is_the_distributions_own() -> None:
    """With another hash RViz would not hear us: this is Jazzy's."""
    described = json.loads((PREFIX / "share/tf2_msgs/msg/TFMessage.json").read_text())
    hashes = {h["type_name"]: h["hash_string"] for h in described["type_hashes"]}
    assert hashes["tf2_msgs/msg/TFMessage"] == TF_MESSAGE_HASH
    assert deserialize_message(serialize_message(TFMessage()), TFMessage) == TFMessage()
