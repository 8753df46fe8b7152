"""Pictures are drawn where there is EGL or OSMesa; where there is neither, the error says what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cell_controller.config.loader import load_cell
from cell_sim.plant import build_plant
from cell_sim.render import gl
from cell_sim.render.command import app
from cell_sim.render.errors import NoGlError
from cell_sim.render.files import SuffixError
from cell_sim.render.pose import Pose, pose_of
from cell_sim.render.scene import Scene

ROOT = Path(__file__).parents[4]
DEMO = ROOT / "config/cells/demo.yaml"
LOADED = load_cell(DEMO)
RECIPE = LOADED.recipes["bracket"]
SIZE = (320, 180)


def works(name: str) -> bool:
    return (gl.no_egl if name == "egl" else gl.no_osmesa)() is None


def has_gl() -> bool:
    try:
        gl.choose()
    except NoGlError:
        return False
    return True


draws = pytest.mark.skipif(not has_gl(), reason="neither libegl1 with a device nor libosmesa6 is installed")


def start() -> Pose:
    return pose_of(build_plant(LOADED.cell, RECIPE))


def differs(one: Any, other: Any) -> float:
    """Share of pixels that are clearly not the same."""
    return float((np.abs(one.astype(int) - other.astype(int)).max(axis=2) > 30).mean())


@draws
def test_a_picture_shows_the_pose_and_nothing_else_changes_it() -> None:
    pose = start()
    moved = Pose({**pose.joints, "weld_x": 0.3, "weld_z": 0.15}, pose.parts)
    loaded = Pose(pose.joints, (0.0, 0.5, 1.0, 1.5))
    opened = Pose({**pose.joints, "guard_door": 0.9}, pose.parts)
    with Scene(LOADED.cell, RECIPE, SIZE, "cell") as scene:
        first, again = scene.draw(pose), scene.draw(pose)
        assert first.shape == (SIZE[1], SIZE[0], 3)
        assert first.std() > 20.0  # not blank
        assert (first == again).all()
        for changed in (moved, loaded, opened):
            assert differs(scene.draw(changed), first) > 0.0005
        assert (scene.draw(pose) == first).all()


@draws
@pytest.mark.parametrize("name", ["egl", "osmesa"])
def test_the_command_draws_with_what_is_there(name: str, tmp_path: Path) -> None:
    if not works(name):
        pytest.skip(f"no {name} here")
    out = tmp_path / "cell.png"
    words = ["--at-work", "--cell", str(DEMO), "--size", "320x180", "--out", str(out)]
    run = "from cell_sim.render.command import app; app()"
    environment = {**os.environ, "MUJOCO_GL": name}
    environment.pop("PYOPENGL_PLATFORM", None)
    subprocess.run([sys.executable, "-c", run, *words], check=True, env=environment, timeout=120)
    with Image.open(out) as image:
        assert image.size == SIZE
        assert len(image.getcolors(100_000)) > 100


@draws
@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_a_video_has_its_frames_and_their_time(suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"cell{suffix}"
    write_run(tmp_path)
    words = ["--run", str(tmp_path), "--seconds", "1", "--fps", "5", "--size", "320x180", "--out", str(out)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    with Image.open(out) as video:
        assert video.n_frames == 5  # type: ignore[attr-defined]
        video.seek(1)
        video.load()
        assert video.info["duration"] == 200
        frames = []
        for n in (0, 4):
            video.seek(n)
            frames.append(np.asarray(video.convert("RGB")))
    assert differs(*frames) > 0.001


def write_run(folder: Path) -> None:
    lines = [f'{{"kind_of":"event","at_s":0.0,"name":"cell","detail":"{DEMO}"}}']
    for n in range(101):
        at = f'"at_s":{n / 100},"mover":"weld_x","position":{0.003 * n}'
        lines.append(f'{{"kind_of":"motion",{at},"speed":0.3,"force":0.0}}')
    (folder / "motion.jsonl").write_text("\n".join(lines) + "\n")


def nothing(name: str) -> Any:
    raise OSError(f"{name}: cannot open shared object file")


def test_without_any_gl_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    with pytest.raises(NoGlError, match=r"libEGL.*libOSMesa.*apt-get install libegl1 libgl1, or libosmesa6"):
        gl.choose(nothing)


def test_osmesa_is_taken_when_egl_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)

    def load(name: str) -> Any:
        return object() if "OSMesa" in name else nothing(name)

    assert gl.choose(load) == "osmesa"
    monkeypatch.setenv("MUJOCO_GL", "egl")
    with pytest.raises(NoGlError):
        gl.choose(load)  # what was asked for is not replaced


def test_a_name_that_is_neither_picture_nor_video_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--at-work", "--out", str(tmp_path / "cell.bmp")])
    assert isinstance(result.exception, SuffixError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", ["1280", "1280x", "10x10", "-1x720", "9000x720"])
def test_a_size_that_is_none_is_refused(size: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--at-work", "--out", str(tmp_path / "cell.png"), "--size", size])
    assert result.exit_code == 2
