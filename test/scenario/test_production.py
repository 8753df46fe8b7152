"""Parts go in, are welded and ground, and come out: the whole cell on simulated time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cell_controller.messages import DriveCondition, LinePhase, SafetyPhase, Verdict
from cell_controller.packml import State
from cell_sim.host.simcell import SimCell

MakeCell = Callable[..., SimCell]


def test_a_cell_starts_aborted_arms_its_drives_and_moves_nothing(make_cell: MakeCell) -> None:
    cell = make_cell()
    cell.until(lambda: cell.safety is not None and cell.safety.can_reset, 10.0, "ready to reset")
    assert cell.state is not None
    assert cell.state.state == State.ABORTED
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED
    for states in cell.drive_states.values():
        assert states.phase is LinePhase.STOPPED
        assert states.is_armed
        assert all(drive.condition is not DriveCondition.OFFLINE for drive in states.drives)
    moved = [name for name in cell.cell.drives if cell.record.last_motion_s(name, 1e-6) is not None]
    assert not moved


def test_three_parts_come_out_good_and_weld_and_grind_overlap(make_cell: MakeCell) -> None:
    cell = make_cell()
    summary = cell.make_parts(3, 120.0)
    assert summary.is_success, f"{summary} {cell.describe()}"
    assert summary.trips == 0, summary.first_trip
    assert summary.overlap_fraction > 0.25
    assert summary.bus_errors == 0
    assert len(cell.plant.delivered) == 3
    assert cell.state is not None
    assert [part.verdict for part in cell.state.parts] == [Verdict.GOOD] * 3


def test_a_part_takes_at_most_fifteen_seconds(make_cell: MakeCell) -> None:
    cell = make_cell()
    summary = cell.make_parts(1, 60.0)
    assert summary.is_success, cell.describe()
    assert summary.duration_s <= 15.0


def test_the_same_seed_makes_the_same_run_and_another_seed_another(make_cell: MakeCell) -> None:
    def run(seed: int) -> tuple[float, int, tuple[float, ...]]:
        cell = make_cell(seed)
        summary = cell.make_parts(1, 60.0)
        results = tuple(v.value for part in cell.state.parts for v in part.results) if cell.state else ()
        return summary.duration_s, summary.bus_transactions, results

    assert run(3) == run(3)
    assert run(3) != run(4)


@pytest.mark.parametrize(
    ("change", "figure"),
    [
        ({"weld": {"spindle_rpm": 500.0, "traverse_speed_m_s": 0.009}}, "temperature"),
        ({"weld": {"axial_force_n": 3000.0, "heel_plunge_m": 0.00001}}, "force"),
        ({"grind": {"size_m": -0.000010}}, "size"),
    ],
)
def test_a_wrong_recipe_makes_a_bad_part(
    make_cell: MakeCell, change: dict[str, dict[str, float]], figure: str
) -> None:
    cell = make_cell(recipe_change=change)
    summary = cell.make_parts(1, 90.0)
    assert summary.parts_bad == 1 and summary.parts_good == 0, f"{figure}: {cell.describe()}"
