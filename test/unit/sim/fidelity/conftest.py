"""Gazebo's physics as a program, compiled once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.gazebo_physics import SOURCE, asked, plugin


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if plugin() is None or shutil.which("g++") is None or shutil.which("pkg-config") is None:
        pytest.skip("Gazebo's physics (Debian: libignition-physics-dev), pkg-config or g++ is not installed")
    try:
        flags, libraries = asked("--cflags"), asked("--libs")
    except subprocess.CalledProcessError:
        pytest.skip("libignition-physics-dev, libignition-plugin-dev or libsdformat-dev is not installed")
    built = tmp_path_factory.mktemp("physics") / "physics"
    subprocess.run(
        ["g++", "-std=c++17", "-O0", *flags, str(SOURCE), "-o", str(built), *libraries], check=True
    )
    return built
