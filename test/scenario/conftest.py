"""A whole cell on simulated time, for scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from cell_sim.host.simcell import SimCell
from support.moments import TEST_CELL, Moment

TRAVERSE = "traverse"
INTO_TRAVERSE_S = 0.3  # the tool moves along the seam by then


@pytest.fixture
def make_cell() -> Iterator[Callable[..., SimCell]]:
    """Builds the test cell with all processes started; its invariants are checked when the test is over."""
    made: list[SimCell] = []

    def make(seed: int = 1, recipe_change: Mapping[str, Mapping[str, float]] | None = None) -> SimCell:
        cell = SimCell(TEST_CELL, seed=seed, recipe_change=recipe_change)
        cell.start()
        made.append(cell)
        return cell

    yield make
    for cell in made:
        cell.invariants.check()


def weld_until_traverse() -> SimCell:
    cell = SimCell(TEST_CELL)
    cell.start()
    cell.produce(1)
    cell.until(
        lambda: "robot" in cell.stations and cell.stations["robot"].phase == TRAVERSE, 30.0, "the traverse"
    )
    cell.run_for(INTO_TRAVERSE_S)
    return cell


@pytest.fixture(scope="session")
def welding() -> Moment:
    """A cell whose robot is on its way along the seam of the only part."""
    return Moment(weld_until_traverse())


@pytest.fixture(scope="session")
def indexing() -> Moment:
    """A cell whose belt is on its way, at half its speed or more."""
    cell = SimCell(TEST_CELL)
    cell.start()
    cell.produce(1)
    belt = cell.cell.drives["belt"]
    fast_m_s = 0.15  # of 0.3
    assert belt.profile == "fastech_ezi_servo", "a drive without a watchdog"
    cell.until(lambda: cell.plant.axes["belt"].speed_m_s > fast_m_s, 30.0, "an index")
    return Moment(cell)


@pytest.fixture(scope="session")
def stranded() -> Moment:
    """An aborted cell with the tool in the material: the bus of the weld line has died and is back."""
    cell = weld_until_traverse()
    cell.host.kill("weld_line")
    cell.run_for(cell.plan.lines["weld_line"].stop_time_s)
    cell.start("weld_line")
    cell.until(lambda: _is_recoverable(cell), 5.0, "drives armed again and the relay closed")
    return Moment(cell)


def _is_recoverable(cell: SimCell) -> bool:
    trips = cell.safety.trips if cell.safety is not None else ()
    is_armed = all(states.is_armed for states in cell.drive_states.values())
    return is_armed and not any(t.is_present and not t.is_recoverable for t in trips)
