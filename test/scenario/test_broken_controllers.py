"""Eight deliberately broken controllers, one per invariant: the watcher catches each in a short run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from cell_controller.config import INTERLOCK
from cell_controller.packml import Command
from cell_sim.host.invariants import InvariantError
from cell_sim.host.simcell import SimCell
from cell_sim.host.transport import LinkFault
from support import broken
from support.moments import TEST_CELL

TRAVERSE = "traverse"
Schedule = Callable[[SimCell], None]


def weld(cell: SimCell) -> None:
    cell.produce(1)
    cell.until(
        lambda: "robot" in cell.stations and cell.stations["robot"].phase == TRAVERSE,
        20.0,
        "the tool at work",
    )


def weld_and_press(cell: SimCell) -> None:
    weld(cell)
    cell.plant.press_estop()
    cell.run_for(1.5)


def weld_with_late_commands(cell: SimCell) -> None:
    """Longer under way than a permit is valid, and in order: only the echo tells how old they are."""
    weld(cell)
    fault = LinkFault("line_command", INTERLOCK, cell.now_s + 1.0, extra_delay_s=0.15)
    cell.host.transport.faults.append(fault)
    cell.run_for(1.0)


def wait(cell: SimCell) -> None:
    """Nobody does anything."""
    cell.run_for(5.0)


def ask_out_of_turn(cell: SimCell) -> None:
    cell.run_for(1.0)
    cell.command(Command.START)
    cell.run_for(1.0)


SCHEDULES: dict[int, Schedule] = {
    1: weld_with_late_commands,
    2: weld_and_press,
    3: wait,
    4: weld,
    5: weld_and_press,
    6: weld_and_press,
    7: weld_and_press,
    8: ask_out_of_turn,
}


@pytest.mark.parametrize("invariant", broken.CONTROLLERS)
def test_the_watcher_catches_a_controller_that_breaks_this_invariant(invariant: int) -> None:
    cell = SimCell(TEST_CELL, make=broken.CONTROLLERS[invariant])
    cell.start()
    with contextlib.suppress(TimeoutError):  # a broken controller need not come as far as a sound one
        SCHEDULES[invariant](cell)
    assert cell.invariants.violations, cell.describe()
    assert cell.invariants.violations[0].invariant == invariant, cell.invariants.violations[:3]
    with pytest.raises(InvariantError, match=f"invariant {invariant}:"):
        cell.invariants.check()


@pytest.mark.parametrize("schedule", dict.fromkeys(SCHEDULES.values()))
def test_the_same_schedule_is_no_violation_with_a_sound_controller(schedule: Schedule) -> None:
    cell = SimCell(TEST_CELL)
    cell.start()
    schedule(cell)
    cell.invariants.check()
