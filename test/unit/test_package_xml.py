"""package.xml says what rosdep has to install, and `ros2 run` finds what setup.py puts there."""

import ast
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANIFEST = ET.parse(ROOT / "package.xml").getroot()
# What is imported under another name than rosdep's key; keys are those of rosdep/python.yaml.
KEYS = {
    "numpy": "python3-numpy",
    "serial": "python3-serial",
    "pydantic": "python3-pydantic",
    "ruamel": "python3-ruamel.yaml",
    "rich": "python3-rich",
    "typer": "python3-typer",
    "transitions": "python3-transitions",
}
# Of the extra sim: pip's, in versions that Ubuntu has not (CONTRIBUTING.md, colcon).
PIP_ONLY = {"mujoco", "OpenGL", "PIL"}
OURS = {"cell_controller", "cell_sim"}


def imported() -> Iterator[str]:
    """Top names of everything that is imported anywhere in the package."""
    files = [*(ROOT / "src/cell_controller").rglob("*.py"), *(ROOT / "sim").rglob("*.py")]
    files += [*(ROOT / "launch").glob("*.py"), *(ROOT / "launch/executables").iterdir()]
    for file in files:
        if not file.is_file():
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]


def keys(*tags: str) -> set[str]:
    return {(e.text or "").strip() for tag in tags for e in MANIFEST.findall(tag)}


def test_every_package_that_is_imported_has_its_key_and_no_other_is_named() -> None:
    foreign = set(imported()) - sys.stdlib_module_names - OURS - PIP_ONLY
    assert keys("exec_depend", "depend") == {KEYS.get(name, name) for name in foreign}


def test_both_manifests_speak_of_the_same_package() -> None:
    assert (ROOT / "resource" / (MANIFEST.findtext("name") or "")).is_file()
    assert f'version = "{MANIFEST.findtext("version")}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize("script", sorted((ROOT / "launch/executables").iterdir()), ids=lambda p: p.name)
def test_what_ros2_run_starts_is_executable_and_explains_itself(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env python3\n")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'sim'}"}
    said = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, check=True, env=environment
    )
    assert said.stdout.startswith(f"usage: {script.name} ")
