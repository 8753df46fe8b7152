"""Death and hang of every process that guards, each during a weld of one running cell; then a good part."""

import signal

import pytest

from support.live_cell import LiveCell

from . import cases

VICTIMS = (
    *("weld_line", "grind_line", "conveyor_line", "io_line", "safety_line"),
    *("interlock", "robot", "spindle", "conveyor", "cell_manager"),
)

pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["death", "hang"])
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_weld_survives_nothing_but_a_person(
    live_cell: LiveCell, victim: str, number: signal.Signals
) -> None:
    cases.a_weld_survives_nothing_but_a_person(live_cell, victim, number)


@pytest.mark.parametrize("line", VICTIMS[:5])
def test_an_unplugged_line_aborts_the_cell_and_plugging_it_back_moves_nothing(
    live_cell: LiveCell, line: str
) -> None:
    cases.an_unplugged_line_aborts_the_cell_and_plugging_it_back_moves_nothing(live_cell, line)


def test_after_all_that_a_good_part_is_made(live_cell: LiveCell) -> None:
    cases.a_good_part_is_made(live_cell)
