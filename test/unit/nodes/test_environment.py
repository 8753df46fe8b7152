"""How processes join ROS: whatever is set and missing, nobody hears beyond this machine unasked."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cell_controller.nodes import environment
from cell_controller.nodes.environment import OUR_PROFILE, PROFILE, RANGE, ProfileMissingError, prepare

ROOT = Path(__file__).parents[2]
RMW = "RMW_IMPLEMENTATION"
XML = {"dds": "http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"}
OURS = {RANGE: "SYSTEM_DEFAULT", PROFILE: str(OUR_PROFILE)}


@pytest.mark.parametrize(
    ("given", "prepared"),
    [
        ({}, OURS),
        ({RANGE: "LOCALHOST"}, OURS),
        ({RMW: "rmw_fastrtps_cpp"}, OURS),
        (OURS, OURS),  # in a process that a prepared one has started
        ({PROFILE: "/mine.xml"}, {RANGE: "LOCALHOST", PROFILE: "/mine.xml"}),
        ({PROFILE: "/mine.xml", RANGE: "LOCALHOST"}, {RANGE: "LOCALHOST", PROFILE: "/mine.xml"}),
        ({RMW: "rmw_cyclonedds_cpp"}, {RANGE: "LOCALHOST"}),
        ({RANGE: "SUBNET"}, {RANGE: "SUBNET"}),
        ({RANGE: "SUBNET", PROFILE: "/mine.xml"}, {RANGE: "SUBNET", PROFILE: "/mine.xml"}),
        ({RANGE: "SUBNET", RMW: "rmw_cyclonedds_cpp"}, {RANGE: "SUBNET"}),
    ],
)
def test_only_a_range_that_somebody_has_set_leaves_this_machine(
    given: dict[str, str], prepared: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (RMW, RANGE, PROFILE):
        monkeypatch.setenv(name, "")  # to be put back as it was, whatever prepare does
        monkeypatch.delenv(name)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    prepare()
    assert {name: os.environ[name] for name in (RANGE, PROFILE) if name in os.environ} == prepared


def test_a_profile_that_is_missing_is_an_error_and_not_an_open_door(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(environment, "OUR_PROFILE", tmp_path / "fastdds.xml")
    monkeypatch.delenv(PROFILE, raising=False)
    monkeypatch.setenv(RANGE, "LOCALHOST")
    with pytest.raises(ProfileMissingError, match="is missing"):
        prepare()
    assert os.environ[RANGE] == "LOCALHOST"


def test_our_profile_knows_the_loopback_interface_alone() -> None:
    profile = ElementTree.parse(OUR_PROFILE)
    assert [a.text for a in profile.iterfind(".//dds:address", XML)] == ["127.0.0.1", "127.0.0.1"]
    assert [b.text for b in profile.iterfind(".//dds:useBuiltinTransports", XML)] == ["false"]


def test_an_ordinary_node_on_this_machine_hears_the_cell_and_is_answered() -> None:
    """As `ros2 topic` and `ros2 service` in a shell that has neither our profile nor a range of its own."""
    environ = {name: value for name, value in os.environ.items() if name not in (RANGE, PROFILE)}
    environ["PYTHONPATH"] = str(ROOT)

    def run(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *words], env=environ, stderr=subprocess.PIPE, text=True
        )

    unit = run("support.ros_units", "weld_line", "/environment_test")
    stranger = run("support.plain_participant", "/environment_test")
    try:
        _, errors = stranger.communicate(timeout=60.0)
        assert stranger.returncode == 0, errors
    finally:
        for process in (unit, stranger):
            process.terminate()
            process.communicate(timeout=10.0)
