"""What a simulator wrote down is shown again where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cell_controller.config.loader import load_cell
from cell_sim.description.fixtures import JAW_WAY_M
from cell_sim.description.surroundings import DOOR_M
from cell_sim.plant import CellPlant, MotionRecord, build_plant
from cell_sim.plant.record import CELL, Entry, as_json
from cell_sim.render.errors import RecordingError, TooLongError
from cell_sim.render.pose import pose_of
from cell_sim.render.recording import Recording
from cell_sim.render.shots import recorded_shots

ROOT = Path(__file__).parents[4]
DEMO = ROOT / "config/cells/demo.yaml"
LOADED = load_cell(DEMO)
RECIPE = LOADED.recipes["bracket"]
START_S = 5000.0


class Run:
    """A plant whose record goes to a file, as the simulator's does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "motion.jsonl"
        self.path.touch()
        record = MotionRecord(self._write)
        self.plant = build_plant(LOADED.cell, RECIPE, now_s=START_S, record=record)
        record.event(START_S, CELL, str(DEMO))

    def _write(self, entry: Entry) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(as_json(entry)) + "\n")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    found = Run(tmp_path)
    for module in found.plant.modules:
        found.plant.set_outputs(module, 0xFF)
    found.plant.advance(START_S + 0.1)
    return found


def first() -> CellPlant:
    return build_plant(LOADED.cell, RECIPE)


def test_a_recorded_pose_is_that_of_the_plant_at_that_time(run: Run) -> None:
    plant = run.plant
    plant.axes["weld_x"].move_to(0.2, 0.1, 1.0, 1.0)
    plant.advance(START_S + 1.2)
    known = pose_of(plant)
    plant.advance(START_S + 6.0)
    shown = Recording(run.path).pose(START_S + 1.2, first())
    assert 0.05 < known.joints["weld_x"] < 0.15
    assert shown.joints["weld_x"] == pytest.approx(known.joints["weld_x"], abs=0.0005)
    assert shown.joints["weld_z"] == known.joints["weld_z"]  # it has never moved
    assert Recording(run.path).pose(START_S + 5.9, first()).joints["weld_x"] == pytest.approx(0.2)


def test_parts_ride_on_the_belt_from_loader_to_unloader(run: Run) -> None:
    plant = run.plant
    for module in plant.modules:
        plant.set_outputs(module, 0)
    plant.set_outputs("safety_io", 0xFF)
    belt = plant.belts["conveyor"]
    module, channel = next((m, c) for b, m, c in plant.load_requests if b is belt)
    plant.set_outputs(module, plant.modules[module].outputs | 1 << channel)
    plant.advance(START_S + 1.0)
    plant.set_outputs(module, 0)
    belt.axis.move_to(belt.axis.position_m + belt.pitch_m, 0.2, 1.0, 1.0)
    plant.advance(START_S + 2.0)
    under_way = pose_of(plant)
    plant.advance(START_S + 8.0)
    belt.remove(belt.parts[0])
    belt.axis.move_to(belt.axis.position_m + belt.pitch_m, 0.2, 1.0, 1.0)
    plant.advance(START_S + 12.0)
    recording = Recording(run.path)
    assert recording.pose(START_S + 0.2, first()).parts == ()
    shown = recording.pose(START_S + 2.0, first()).parts
    assert len(shown) == 1
    assert 0.05 < shown[0] < 0.45
    assert shown == pytest.approx(under_way.parts, abs=0.001)
    assert recording.pose(START_S + 7.9, first()).parts == pytest.approx((belt.pitch_m,), abs=1e-4)
    assert recording.pose(START_S + 12.0, first()).parts == ()


def test_clamps_close_and_the_door_slides(run: Run) -> None:
    plant = run.plant
    plant.advance(START_S + 1.0)
    plant.open_guard(force=True)
    plant.advance(START_S + 3.0)
    recording = Recording(run.path)
    assert recording.pose(START_S, first()).joints["weld_clamp"] == 0.0
    assert recording.pose(START_S + 2.9, first()).joints["weld_clamp"] == pytest.approx(JAW_WAY_M)
    assert recording.pose(START_S + 0.9, first()).joints["guard_door"] == 0.0
    assert 0.0 < recording.pose(START_S + 1.4, first()).joints["guard_door"] < DOOR_M
    assert recording.pose(START_S + 2.9, first()).joints["guard_door"] == pytest.approx(DOOR_M)


def test_a_line_that_is_just_being_written_is_left_out(run: Run) -> None:
    end_s = Recording(run.path).end_s
    with run.path.open("a") as file:
        file.write('{"kind_of":"motion","at_s":6000.0,"mov')
    assert Recording(run.path).end_s == end_s


def test_a_video_is_as_many_poses_as_its_time_asks_for(run: Run) -> None:
    run.plant.axes["weld_x"].move_to(0.2, 0.1, 1.0, 1.0)
    run.plant.advance(START_S + 3.0)
    shots = recorded_shots(run.path.parent, None, 2.0, (2.0, 2.0, 10.0))
    assert len(shots.poses) == 10
    seen = [pose.joints["weld_x"] for pose in shots.poses]
    assert seen == sorted(seen)
    assert seen[0] < 0.001
    assert seen[-1] > 0.1


def test_what_cannot_be_shown_is_refused_with_the_reason(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        recorded_shots(tmp_path / "nowhere", None, None, None)
    with pytest.raises(RecordingError, match=r"lasts 0\.\d s only"):
        recorded_shots(run.path.parent, None, 60.0, None)
    run.plant.axes["weld_x"].move_to(0.2, 0.001, 1.0, 1.0)
    run.plant.advance(START_S + 60.0)
    with pytest.raises(TooLongError):
        recorded_shots(run.path.parent, None, None, (60.0, 0.1, 50.0))
    nameless = tmp_path / "old"
    nameless.mkdir()
    lines = run.path.read_text().splitlines(keepends=True)
    (nameless / "motion.jsonl").write_text("".join(line for line in lines if '"cell"' not in line))
    with pytest.raises(RecordingError, match="--cell"):
        recorded_shots(nameless, None, None, None)
    assert recorded_shots(nameless, DEMO, None, None).poses
