"""The watcher of simulated cells finds what it is there for."""

from __future__ import annotations

import pytest

from cell_controller.messages import (
    Allowed,
    CellCommand,
    CommandResult,
    DriveStates,
    JournalWrite,
    LineCommand,
    LineDrive,
    LinePhase,
    PartEvent,
    PartEventKind,
    ResultCode,
)
from cell_controller.runtime import Sent
from cell_sim.host.invariants import InvariantError
from cell_sim.host.simcell import SimCell
from cell_sim.plant.record import MotionSample, SetpointWrite
from support.moments import TEST_CELL


@pytest.fixture
def cell() -> SimCell:
    return SimCell(TEST_CELL)


def hear(cell: SimCell, now_s: float, message: object) -> None:
    source = "cell_manager" if isinstance(message, CommandResult) else "test"
    cell.invariants.hear(now_s, source, Sent("port", message))


def permit(cell: SimCell, now_s: float, allowed: Allowed) -> None:
    hear(cell, now_s, LineCommand("weld_line", drives=(LineDrive("weld_x", allowed),)))


def test_a_move_without_a_permit_is_found(cell: SimCell) -> None:
    cell.invariants.see(SetpointWrite(1.0, "weld_x", "move", 0.1))
    with pytest.raises(InvariantError, match=r"weld_x was told to move 0\.1, never permitted"):
        cell.invariants.check()


def test_a_move_long_after_its_permit_is_found_and_one_in_time_is_not(cell: SimCell) -> None:
    permit(cell, 1.0, Allowed.MOTION)
    cell.invariants.see(SetpointWrite(1.05, "weld_x", "move", 0.1))
    cell.invariants.check()
    permit(cell, 1.1, Allowed.HOLD)
    cell.invariants.see(SetpointWrite(2.0, "weld_x", "move", 0.1))
    with pytest.raises(InvariantError, match="after its permit"):
        cell.invariants.check()


def test_a_stop_program_may_move_without_a_permit(cell: SimCell) -> None:
    hear(cell, 1.0, DriveStates("weld_line", phase=LinePhase.STOPPING))
    cell.invariants.see(SetpointWrite(3.0, "weld_z", "move", 0.02))
    cell.invariants.check()


def test_a_tool_in_the_zone_of_a_moving_belt_is_found(cell: SimCell) -> None:
    cell.plant.axes["belt"].speed_m_s = 0.1
    cell.invariants.see(MotionSample(1.0, "belt", 0.0, 0.1, 0.0))
    cell.invariants.check()  # the tools are up
    cell.plant.axes["weld_z"].position_m = 0.001
    cell.invariants.see(MotionSample(1.0, "belt", 0.0, 0.1, 0.0))
    with pytest.raises(InvariantError, match="weld_place: weld_z is inside while belt moves"):
        cell.invariants.check()


def test_a_wheel_over_its_speed_is_found(cell: SimCell) -> None:
    cell.invariants.see(MotionSample(1.0, "grind_wheel", 0.0, 3100.0, 0.0))
    with pytest.raises(InvariantError, match="grind_wheel turns at 3100 rpm"):
        cell.invariants.check()


def test_a_part_with_two_records_is_found(cell: SimCell) -> None:
    created = PartEvent("p1", PartEventKind.CREATED)
    hear(cell, 1.0, JournalWrite(1, (created,)))
    hear(cell, 2.0, JournalWrite(2, (created,)))
    with pytest.raises(InvariantError, match="p1 was created 2 times"):
        cell.invariants.check()


def test_a_command_without_an_answer_is_found_and_so_is_a_second_answer(cell: SimCell) -> None:
    cell.start()
    hear(cell, 0.0, CellCommand("c1", "ann", 1))
    cell.host.scheduler.now_s = 1.0
    with pytest.raises(InvariantError, match=r"c1 of t=0\.000 s: 0 answers to 1"):
        cell.invariants.check()
    answer = CommandResult("c1", "ann", 1, ResultCode.ACCEPTED)
    hear(cell, 1.0, answer)
    cell.invariants.check()
    hear(cell, 1.1, answer)
    with pytest.raises(InvariantError, match="2 answers to 1"):
        cell.invariants.check()
