"""Gazebo's physics in a process of its own, as Debian packs it: gz-physics 5 with dartsim."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import TracebackType

PACKAGES = ("ignition-physics5", "ignition-physics5-sdf", "ignition-plugin1-loader", "sdformat12")
SOURCE = Path(__file__).with_name("gazebo_physics.cpp")
STEP_S = 0.002  # of the world


def plugin() -> Path | None:
    """The engine's library; None where it is not installed."""
    found = sorted(
        Path("/usr/lib").glob("*/ign-physics-5/engine-plugins/libignition-physics-dartsim-plugin.so")
    )
    return found[0] if found else None


def asked(option: str) -> list[str]:
    """Of pkg-config; CalledProcessError or FileNotFoundError without the packages."""
    words = ["pkg-config", option, *PACKAGES]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def fitted(world: str) -> str:
    """The world for this release of the engine, which knows neither endless joints nor links without gravity.

    A revolute joint without limits is the same motion. What a drive carries is without gravity in the cell's
    world, and the rest is fixed to the floor. Shapes are left out: an axis is to meet its own force and
    nothing else, and the embedded plant has no contacts.
    """
    world = re.sub(r"<collision .*?</collision>", "", world, flags=re.DOTALL)
    endless = world.replace('type="continuous"', 'type="revolute"')
    return endless.replace("<physics ", "<gravity>0 0 0</gravity>\n    <physics ", 1)


class Gazebo:
    """One world; every `step` is STEP_S long. One that was made for this engine is not to be fitted to it."""

    def __init__(self, program: Path, world: str, file: Path, *, fits: bool = False) -> None:
        file.write_text(world if fits else fitted(world), encoding="utf-8")
        self._words = [str(program), str(file), str(plugin()), str(STEP_S)]
        self.position: dict[str, float] = {}
        self.speed: dict[str, float] = {}

    def __enter__(self) -> Gazebo:
        self._process = subprocess.Popen(
            self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.joints = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def step(self, kind: str = "force", **values: float) -> None:
        """One step with a force, velocity or position of some joints; the others are left to themselves."""
        assert self._process.stdin is not None
        words = " ".join(f"{joint} {kind} {value!r}" for joint, value in values.items())
        self._process.stdin.write(words + "\n")
        numbers = [float(word) for word in self._answer()]
        self.position = dict(zip(self.joints, numbers[::2], strict=True))
        self.speed = dict(zip(self.joints, numbers[1::2], strict=True))

    def _answer(self) -> list[str]:
        assert self._process.stdout is not None
        return self._process.stdout.readline().split()
