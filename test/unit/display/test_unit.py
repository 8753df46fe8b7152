"""The display unit: fresh measurements in, joint states and frames out."""

from dataclasses import replace
from math import pi
from pathlib import Path

import pytest

from cell_controller.config import load_cell
from cell_controller.display import Display
from cell_controller.display.diagnostics import names
from cell_controller.display.model import read_urdf
from cell_controller.display.unit import DIAGNOSE_S, FRESH_S, PERIOD_S, STATE_LOST_S
from cell_controller.display.values import (
    Description,
    Diagnoses,
    Diagnosis,
    Frames,
    JointValue,
    JointValues,
    Level,
)
from cell_controller.messages import CellState, DriveState, DriveStates, Guard
from cell_controller.runtime import Runner, Sent

ROOT = Path(__file__).parents[3]
CELL = load_cell(ROOT / "config/cells/demo.yaml").cell
MODEL = read_urdf((ROOT / "sim/worlds/demo/cell.urdf").read_text())
WELD = DriveStates(
    "weld_line",
    drives=(
        DriveState("weld_x", measured_position_m=0.12, measured_speed_m_s=0.03, measured_force_n=40.0),
        DriveState("weld_y"),  # has not been read yet
        DriveState("weld_spindle", measured_speed_rpm=60.0, measured_torque_nm=5.0),
    ),
)


class Bench:
    """Runs a Display by hand, 1 s after another."""

    def __init__(self, unit: Display) -> None:
        self.runner, self.now_s, self._seq = Runner(unit, 1, 0.0), 0.0, 0

    def hear(self, states: DriveStates) -> None:
        self._seq += 1
        guard = Guard(states.line, 7, self._seq, self.now_s)
        self.runner.deliver("drive_states", replace(states, guard=guard), self.now_s)

    def step(self, after_s: float = PERIOD_S) -> dict[str, object]:
        self.now_s += after_s
        return {s.port: s.message for s in self._sent(self.runner.step(self.now_s))}

    def _sent(self, sent: tuple[Sent, ...]) -> list[Sent]:
        return [s for s in sent if s.port != "heartbeat"]


@pytest.fixture
def bench() -> Bench:
    return Bench(Display(CELL, MODEL))


def joints(sent: dict[str, object]) -> dict[str, JointValue]:
    values = sent["joint_states"]
    assert isinstance(values, JointValues)
    return {j.name: j for j in values.joints}


def test_description_and_fixed_frames_are_said_once(bench: Bench) -> None:
    first, second = bench.step(), bench.step()
    assert first["robot_description"] == Description(MODEL.text)
    fixed = first["tf_static"]
    assert isinstance(fixed, Frames)
    assert ("world", "robot_base") in {(f.parent, f.child) for f in fixed.frames}
    assert not second


def test_a_joint_has_what_its_drive_measured_and_one_never_read_is_left_out(bench: Bench) -> None:
    bench.hear(WELD)
    sent = bench.step()
    assert joints(sent)["weld_x"] == JointValue("weld_x", 0.12, 0.03, 40.0)
    assert "weld_y" not in joints(sent)
    moving = sent["tf"]
    assert isinstance(moving, Frames)
    assert [f.child for f in moving.frames] == ["weld_x", "weld_spindle"]


def test_a_spindle_turns_as_far_as_its_speed_takes_it(bench: Bench) -> None:
    angles = []
    for _ in range(6):
        bench.hear(WELD)
        spindle = joints(bench.step())["weld_spindle"]
        angles.append(spindle.position)
    assert spindle.velocity == pytest.approx(2 * pi)
    assert spindle.effort == 5.0
    assert angles[5] - angles[0] == pytest.approx(2 * pi * 5 * PERIOD_S)


def test_a_clamp_is_at_the_end_that_its_sensor_tells(bench: Bench) -> None:
    channel = CELL.signals.inputs["weld_clamp_closed"].channel
    clamp = next(j for j in MODEL.joints if j.name == "weld_clamp")
    assert clamp.low < clamp.high
    for inputs, position in ((1 << channel, clamp.high), (0, clamp.low)):
        line = CELL.drives["station_io"].line
        bench.hear(DriveStates(line, drives=(DriveState("station_io", inputs=inputs),)))
        sent = bench.step()
        assert joints(sent)["weld_clamp"].position == position
        assert "weld_clamp" in {f.child for f in sent["tf"].frames}  # type: ignore[attr-defined]


def test_no_frame_is_said_both_to_stand_and_to_move(bench: Bench) -> None:
    first = bench.step()["tf_static"]
    for line in CELL.lines:
        states = [
            DriveState(d, measured_position_m=0.0, measured_speed_rpm=0.0) for d in CELL.drives_of_line(line)
        ]
        bench.hear(DriveStates(line, drives=tuple(states)))
    moving = bench.step()["tf"]
    assert isinstance(first, Frames)
    assert isinstance(moving, Frames)
    children = [f.child for f in (*first.frames, *moving.frames)]
    assert sorted(children) == sorted(set(MODEL.frames) - {"world"})


def test_frames_of_a_silent_line_stop_coming(bench: Bench) -> None:
    bench.hear(WELD)
    assert "tf" in bench.step()
    assert not {"tf", "joint_states"} & bench.step(FRESH_S).keys()


def test_without_a_model_there_are_joint_states_alone() -> None:
    bench = Bench(Display(CELL, None))
    bench.step()
    bench.hear(WELD)
    assert bench.step().keys() == {"joint_states"}


def diagnoses(sent: dict[str, object]) -> dict[str, Diagnosis]:
    said = sent["diagnostics"]
    assert isinstance(said, Diagnoses)
    return {s.name: s for s in said.statuses}


def test_everything_is_diagnosed_every_second_and_stale_before_it_is_heard(bench: Bench) -> None:
    said = diagnoses(bench.step())
    assert tuple(said) == names(CELL)
    assert {s.level for s in said.values()} == {Level.STALE}
    assert "diagnostics" not in bench.step(DIAGNOSE_S / 2)
    assert "diagnostics" in bench.step(DIAGNOSE_S / 2)


def test_a_cell_state_that_no_longer_comes_is_stale(bench: Bench) -> None:
    bench.runner.deliver("state", CellState(6, 6, False, 1, 5, 1), 0.0)
    assert diagnoses(bench.step())["cell_manager"].level is Level.OK
    assert diagnoses(bench.step(STATE_LOST_S + 0.1))["cell_manager"].level is Level.STALE
