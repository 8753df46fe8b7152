"""From a run or a cell file to a picture on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from cell_controller.cli.demo import demo_cell
from cell_controller.config import CellFile, Recipe
from cell_controller.config.loader import load_cell
from cell_sim.plant import build_plant
from cell_sim.render.at_work import cell_at_work
from cell_sim.render.errors import RecordingError, TooLongError
from cell_sim.render.files import is_video, write_still, write_video
from cell_sim.render.pose import Pose, pose_of
from cell_sim.render.recording import Recording
from cell_sim.render.scene import Pixels, Scene

MOTION = "motion.jsonl"
LONGEST = 1500  # frames: two minutes at the usual rate, and some minutes of drawing without a GPU


@dataclass(frozen=True, slots=True)
class Shots:
    """A cell and the poses to draw it in."""

    cell: CellFile
    recipe: Recipe
    poses: tuple[Pose, ...]


def at_work_shots(cell_file: Path | None) -> Shots:
    """One pose, of a cell that nobody runs."""
    cell, recipe = _load(cell_file or demo_cell())
    return Shots(cell, recipe, (pose_of(cell_at_work(cell, recipe)),))


def recorded_shots(
    run_dir: Path, cell_file: Path | None, at_s: float | None, video: tuple[float, float, float] | None
) -> Shots:
    """Of a run: one pose, or with `video` (seconds, speed, frames per second) all that lead up to it."""
    path = run_dir / MOTION
    recording = Recording(path)
    found = cell_file or recording.cell_file
    if found is None:
        raise RecordingError(path, "does not name its cell file; give it with --cell")
    cell, recipe = _load(found)
    end_s = recording.end_s if at_s is None else recording.start_s + at_s
    if end_s > recording.end_s:
        raise RecordingError(path, f"lasts {recording.end_s - recording.start_s:.1f} s only")
    times = [end_s]
    if video is not None:
        seconds, speed, fps = video
        start_s = max(end_s - seconds, recording.start_s)
        count = max(round((end_s - start_s) / speed * fps), 1)
        if count > LONGEST:
            raise TooLongError(count, LONGEST)
        times = [start_s + n * speed / fps for n in range(count)]
    first = build_plant(cell, recipe)
    return Shots(cell, recipe, tuple(recording.pose(t, first) for t in times))


def draw(shots: Shots, out: Path, size: tuple[int, int], camera: str, fps: float) -> None:
    """Write the file; shows how far it is when there are several frames."""
    wants_video = is_video(out)
    with Scene(shots.cell, shots.recipe, size, camera, is_fast=wants_video) as scene:
        if wants_video:
            write_video(out, _frames(scene, shots.poses), 1.0 / fps)
        else:
            write_still(out, scene.draw(shots.poses[-1]))


def _frames(scene: Scene, poses: tuple[Pose, ...]) -> Iterator[Pixels]:
    for pose in track(poses, "drawing", console=Console(stderr=True)):
        yield scene.draw(pose)


def _load(path: Path) -> tuple[CellFile, Recipe]:
    loaded = load_cell(path)
    return loaded.cell, next(iter(loaded.recipes.values()))
