"""Three inverters of one kind: one frame stops them all, before each is told and asked for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.config import LoadedCell
from cell_controller.drives.protocols.modbus import BROADCAST
from cell_controller.messages import Allowed, DriveSetpoint, LinePhase, SetpointKind
from support.line_bench import LineBench, loaded_cell

SPINDLES = ("weld_spindle", "second_spindle", "third_spindle")
RPM = 900.0


def of_one_kind(profile: str = "delta_c2000") -> LoadedCell:
    """The demo cell with a line for its welding spindle and two more; one may be of another make."""
    loaded = loaded_cell("demo")
    cell = loaded.cell
    line = cell.lines["weld_line"].model_copy(update={"device": "{run_dir}/spindle_line"})
    first = cell.drives["weld_spindle"]
    added = {
        name: first.model_copy(
            update={"line": "spindle_line", "unit": unit, "profile": made_by, "coast_s": 0.5}
        )
        for unit, (name, made_by) in enumerate(
            zip(SPINDLES, ("delta_c2000", "delta_c2000", profile), strict=True), start=1
        )
    }
    drives = {**cell.drives, **added}
    cell = cell.model_copy(update={"lines": {**cell.lines, "spindle_line": line}, "drives": drives})
    return replace(loaded, cell=cell)


class SpindleBench(LineBench):
    """Three spindles at speed."""

    def __init__(self, profile: str = "delta_c2000") -> None:
        super().__init__("spindle_line", loaded=of_one_kind(profile))
        assert self.run(3.0, lambda: self.phase is LinePhase.STOPPED)
        self.setpoints = {
            name: DriveSetpoint(name, SetpointKind.VELOCITY, target_speed_rpm=RPM) for name in SPINDLES
        }
        self.permit(Allowed.MOTION)
        assert self.run(5.0, lambda: all(abs(self.rpm(name)) > 0.95 * RPM for name in SPINDLES))
        self.stopped_at_s = self.now_s

    @property
    def phase(self) -> LinePhase | None:
        return self.states[-1].phase if self.states else None

    def rpm(self, name: str) -> float:
        self.plant.advance(self.now_s)
        return self.plant.spindles[name].speed_rpm

    def since_the_stop(self) -> list[bytes]:
        return [data for at_s, data in self.sent if at_s >= self.stopped_at_s and data[1] != 3]


def test_one_frame_stops_every_drive_and_then_each_is_asked() -> None:
    bench = SpindleBench()
    bench.permit(Allowed.STOP_PROGRAM, new_epoch=False)
    assert bench.run(4.0, lambda: bench.phase is LinePhase.STOPPED)
    told = bench.since_the_stop()
    assert [data[0] for data in told[:4]] == [BROADCAST, 1, 2, 3]
    assert {data[1:-2] for data in told[:4]} == {told[0][1:-2]}, "the same to all"
    assert [data[0] for data in told].count(BROADCAST) == 1
    assert all(bench.rpm(name) == pytest.approx(0.0, abs=5.0) for name in SPINDLES)


def test_the_next_stop_has_its_own_frame() -> None:
    bench = SpindleBench()
    bench.permit(Allowed.STOP_PROGRAM, new_epoch=False)
    assert bench.run(4.0, lambda: bench.phase is LinePhase.STOPPED)
    bench.permit(Allowed.MOTION)
    assert bench.run(5.0, lambda: all(abs(bench.rpm(name)) > 0.95 * RPM for name in SPINDLES))
    bench.is_commanding = False  # and the permit ends
    assert bench.run(4.0, lambda: bench.phase is LinePhase.STOPPED)
    assert [data[0] for data in bench.since_the_stop()].count(BROADCAST) == 2


def test_a_drive_that_goes_on_keeps_the_frame_away_from_all() -> None:
    bench = SpindleBench()
    for name in SPINDLES[:2]:
        bench.setpoints.pop(name)  # HOLD: the third goes on
    assert bench.run(3.0, lambda: all(abs(bench.rpm(name)) < 5.0 for name in SPINDLES[:2]))
    assert BROADCAST not in [data[0] for data in bench.since_the_stop()]
    assert abs(bench.rpm(SPINDLES[2])) > 0.95 * RPM


def test_a_line_of_different_makes_is_stopped_one_by_one() -> None:
    """The frame would mean something else to one of them."""
    bench = SpindleBench("delta_ms300")
    bench.permit(Allowed.STOP_PROGRAM, new_epoch=False)
    assert bench.run(4.0, lambda: bench.phase is LinePhase.STOPPED)
    assert BROADCAST not in [data[0] for data in bench.since_the_stop()]


def test_when_nobody_hears_that_frame_each_is_told_in_the_time_that_the_plan_counts() -> None:
    bench = SpindleBench()
    bench.loses = lambda data: data[0] == BROADCAST
    bench.permit(Allowed.STOP_PROGRAM, new_epoch=False)
    assert bench.run(4.0, lambda: bench.phase is LinePhase.STOPPED)
    first = {
        data[0]: at_s for at_s, data in reversed(bench.sent) if at_s >= bench.stopped_at_s and data[1] != 3
    }
    latency_s = bench.plan.lines["spindle_line"].stop_latency_s
    wanted_s = first[BROADCAST]
    assert max(first[unit] for unit in (1, 2, 3)) - wanted_s <= latency_s
