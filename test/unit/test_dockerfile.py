"""The Dockerfile passes its linter, and what it names is there. Building it takes an engine and a network."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
HADOLINT = Path(sys.prefix) / "bin" / "hadolint"


def arguments(instruction: str) -> list[str]:
    return [line.partition(" ")[2] for line in INSTRUCTIONS if line.startswith(f"{instruction} ")]


@pytest.mark.skipif(not HADOLINT.is_file(), reason="hadolint comes with the extra dev")
def test_the_linter_has_nothing_to_say() -> None:
    said = subprocess.run([HADOLINT, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


def test_everything_that_is_copied_or_run_is_in_the_tree() -> None:
    for copied in arguments("COPY"):
        assert all((ROOT / source).exists() for source in copied.split()[:-1]), copied
    (entry,) = arguments("ENTRYPOINT")
    script = ROOT / entry.strip('[]"').removeprefix("/ws/")
    assert os.access(script, os.X_OK)
    for command in arguments("CMD"):
        paths = re.findall(r'"((?:test|config)/[^"]+)"', command)
        assert len(paths) == 1
        assert (ROOT / paths[0]).exists()


def test_every_stage_begins_from_the_official_image_or_from_one_before() -> None:
    assert arguments("FROM") == ["ros:jazzy AS build", "build AS test", "build AS cell"]


def test_the_versions_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = {line.split(";")[0].strip() for line in project["optional-dependencies"]["dev"]}
    asked = re.findall(r"(?:pytest|pytest-xdist|hypothesis)==[0-9.]+", TEXT)
    assert len(asked) == 3
    assert set(asked) <= pinned
    assert "sim" in project["optional-dependencies"]


def test_no_build_of_the_host_comes_into_the_image() -> None:
    ignored = set((ROOT / ".dockerignore").read_text().split())
    assert {".venv", "build", "install", "log", ".git"} <= ignored


def test_the_entry_point_is_good_bash() -> None:
    subprocess.run(["bash", "-n", ROOT / "tools" / "in_workspace"], check=True)
