"""The watcher of simulated cells finds what it is there for; test/scenario has a broken cell for each."""

from __future__ import annotations

import pytest

from cell_controller.config import CELL_MANAGER, INTERLOCK
from cell_controller.messages import (
    Allowed,
    CellCommand,
    CellPermit,
    CellState,
    CommandResult,
    DriveStates,
    Echo,
    Guard,
    LineCommand,
    LineDrive,
    LinePhase,
    PartEvent,
    PartEventKind,
    RecoveryAction,
    RecoveryCommand,
    ResultCode,
    SafetyPhase,
    SafetyState,
    Tx,
    Verdict,
    ZoneOwner,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Sent
from cell_sim.host.invariants import InvariantError
from cell_sim.host.simcell import SimCell
from cell_sim.host.watch_parts import BELIEVED_S
from cell_sim.plant.record import MotionSample, SetpointWrite
from support.moments import TEST_CELL

LINE = "weld_line"


@pytest.fixture
def cell() -> SimCell:
    """A cell whose processes have just started; nothing runs but what a test says."""
    cell = SimCell(TEST_CELL)
    cell.start()
    return cell


def hear(cell: SimCell, now_s: float, source: str, message: object) -> None:
    cell.invariants.hear(now_s, source, Sent("port", message))


def permit(cell: SimCell, now_s: float, allowed: Allowed, *, seq: int, echo_s: float, epoch: int = 1) -> None:
    """A command of this line reaches its bus."""
    runner = cell.host.nodes[LINE].runner
    assert runner is not None
    drives = (LineDrive("weld_x", allowed, program="weld_retract"), LineDrive("weld_z", allowed))
    echo = Echo(LINE, runner.session, echo_s)
    command = LineCommand(LINE, epoch, echo, 0.1, drives, Guard(INTERLOCK, 7, seq, now_s))
    cell.invariants.wire.take_command(now_s, LINE, command)


def write(cell: SimCell, now_s: float, drive: str, kind: str, value: float) -> None:
    """The bus sends a request; 5 ms later the drive has taken it."""
    hear(cell, now_s, LINE, Tx(b""))
    cell.invariants.see(SetpointWrite(now_s + 0.005, drive, kind, value))


def phase(cell: SimCell, now_s: float, phase: LinePhase, epoch: int = 1) -> None:
    hear(cell, now_s, LINE, DriveStates(LINE, phase, epoch))


def tell(cell: SimCell, now_s: float, state: State, seq: int) -> None:
    hear(cell, now_s, CELL_MANAGER, CellState(state, state, False, Mode.PRODUCTION, seq, heartbeat=1))


def broken(cell: SimCell) -> list[int]:
    return [v.invariant for v in cell.invariants.violations]


def test_a_move_to_zero_without_a_permit_is_found(cell: SimCell) -> None:
    write(cell, 1.0, "weld_x", "move", 0.0)
    with pytest.raises(InvariantError, match="invariant 1: weld_x was told to move 0, never permitted"):
        cell.invariants.check()


def test_a_permit_counts_from_its_delivery_to_the_end_of_its_echo(cell: SimCell) -> None:
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.98)
    write(cell, 1.05, "weld_x", "move", 0.1)
    assert broken(cell) == []
    write(cell, 1.081, "weld_x", "move", 0.1)
    assert broken(cell) == [1]


def test_a_permit_that_is_still_under_way_is_none(cell: SimCell) -> None:
    permit(cell, 1.01, Allowed.MOTION, seq=1, echo_s=0.98)
    write(cell, 1.0, "weld_x", "move", 0.1)
    assert broken(cell) == [1]


def test_a_command_that_one_of_another_line_has_overtaken_counts_for_nothing(cell: SimCell) -> None:
    """The stream is one for all lines: the bus throws the older message away, whatever line it is for."""
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.99)
    other = LineCommand("grind_line", 1, Echo(LINE, 1, 1.0), 0.1, (), Guard(INTERLOCK, 7, 3, 1.01))
    cell.invariants.wire.take_command(1.01, LINE, other)
    permit(cell, 1.02, Allowed.STOP_PROGRAM, seq=2, echo_s=1.0)
    write(cell, 1.03, "weld_x", "move", 0.3)
    assert broken(cell) == []


def test_a_hold_ends_a_permit_and_a_repeated_command_does_not_bring_it_back(cell: SimCell) -> None:
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.99)
    permit(cell, 1.01, Allowed.HOLD, seq=2, echo_s=1.0)
    permit(cell, 1.02, Allowed.MOTION, seq=1, echo_s=0.99)
    write(cell, 1.03, "weld_x", "velocity", 0.1)
    assert broken(cell) == [1]


def test_a_stop_plays_the_program_in_force_and_nothing_else(cell: SimCell) -> None:
    phase(cell, 0.9, LinePhase.PERMITTED)
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.99)
    phase(cell, 1.1, LinePhase.STOPPING)
    write(cell, 1.2, "weld_z", "move", 0.020)
    assert broken(cell) == []
    write(cell, 1.3, "weld_z", "move", 0.021)
    write(cell, 1.4, "weld_x", "move", 0.020)
    write(cell, 1.5, "weld_z", "velocity", 0.01)
    assert broken(cell) == [2, 2, 2]


def test_a_line_that_has_stopped_in_an_epoch_obeys_nothing_more_in_it(cell: SimCell) -> None:
    phase(cell, 0.9, LinePhase.PERMITTED)
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.99)
    phase(cell, 1.1, LinePhase.STOPPING)
    phase(cell, 1.2, LinePhase.PERMITTED)
    permit(cell, 1.3, Allowed.MOTION, seq=2, echo_s=1.29)
    write(cell, 1.31, "weld_x", "move", 0.1)
    assert broken(cell) == [2]
    permit(cell, 1.4, Allowed.MOTION, seq=3, echo_s=1.39, epoch=2)
    write(cell, 1.41, "weld_x", "move", 0.1)
    assert broken(cell) == [2]


def test_motion_after_the_stop_time_of_the_line_is_found_once(cell: SimCell) -> None:
    stop_s = cell.plan.lines[LINE].stop_time_s
    cell.plant.guard.is_locked = True
    permit(cell, 1.0, Allowed.MOTION, seq=1, echo_s=0.99)
    cell.invariants.see(MotionSample(1.0 + stop_s, "weld_x", 0.0, 0.1, 0.0))
    assert broken(cell) == []
    for late_s in (0.1, 0.2):
        cell.invariants.see(MotionSample(1.0 + stop_s + late_s, "weld_x", 0.0, 0.1, 0.0))
    assert broken(cell) == [2]


def answered(cell: SimCell, now_s: float, command: Command) -> None:
    command_id = f"c{now_s}"
    hear(cell, now_s, "operator", CellCommand(command_id, "ann", int(command)))
    result = CommandResult(command_id, "ann", int(command), ResultCode.ACCEPTED)
    hear(cell, now_s + 0.01, CELL_MANAGER, result)


def let_move(cell: SimCell, now_s: float, allowed: Allowed = Allowed.MOTION) -> None:
    hear(cell, now_s, INTERLOCK, LineCommand(LINE, drives=(LineDrive("weld_x", allowed),)))


def test_motion_takes_clear_reset_and_start_in_this_order_since_the_last_trip(cell: SimCell) -> None:
    for at_s, command in ((1.0, Command.CLEAR), (1.1, Command.RESET)):
        answered(cell, at_s, command)
    let_move(cell, 1.2)
    assert broken(cell) == [3]
    answered(cell, 1.3, Command.START)
    let_move(cell, 1.4)
    assert broken(cell) == [3]
    for safety in (SafetyPhase.MOTION, SafetyPhase.TRIPPED):
        hear(cell, 1.5, INTERLOCK, SafetyState(safety))
    answered(cell, 1.6, Command.RESET)
    answered(cell, 1.7, Command.START)
    let_move(cell, 1.8)
    assert broken(cell) == [3, 3]


def test_a_pressed_button_ends_what_start_began_also_when_the_interlock_does_not_see_it(
    cell: SimCell,
) -> None:
    for at_s, command in ((1.0, Command.CLEAR), (1.1, Command.RESET), (1.2, Command.START)):
        answered(cell, at_s, command)
    cell.plant.advance(2.0)
    cell.plant.press_estop()
    let_move(cell, 2.2)
    assert broken(cell) == []
    let_move(cell, 2.5)
    assert broken(cell) == [3]


def test_no_clear_takes_an_emergency_stop_or_an_open_guard_away(cell: SimCell) -> None:
    cell.plant.advance(1.0)
    cell.plant.press_estop()
    for at_s, command in ((1.5, Command.CLEAR), (1.6, Command.RESET), (1.7, Command.START)):
        answered(cell, at_s, command)
    let_move(cell, 2.0)
    assert broken(cell) == [3]
    cell.plant.advance(3.0)
    cell.plant.release_estop()
    for at_s, command in ((3.1, Command.CLEAR), (3.2, Command.RESET), (3.3, Command.START)):
        answered(cell, at_s, command)
    let_move(cell, 4.0)
    assert broken(cell) == [3]


def test_recovery_is_held_by_a_person_and_for_that_station_only(cell: SimCell) -> None:
    let_move(cell, 1.0, Allowed.RECOVERY)
    assert broken(cell) == [3]
    hear(cell, 2.0, "operator", RecoveryCommand("r1", "ann", "spindle", RecoveryAction.JOG))
    let_move(cell, 2.1, Allowed.RECOVERY)
    assert broken(cell) == [3, 3]
    hear(cell, 3.0, "operator", RecoveryCommand("r2", "ann", "robot", RecoveryAction.JOG))
    let_move(cell, 3.1, Allowed.RECOVERY)
    assert broken(cell) == [3, 3]


def test_a_tool_in_the_zone_of_a_moving_belt_is_found(cell: SimCell) -> None:
    cell.plant.guard.is_locked = True
    cell.plant.axes["belt"].speed_m_s = 0.1
    moving = MotionSample(0.5, "belt", 0.0, 0.1, 0.0)
    cell.invariants.plant.see_motion(moving)
    assert broken(cell) == []  # the tools are up
    cell.plant.axes["weld_z"].position_m = 0.001
    cell.invariants.plant.see_motion(moving)
    with pytest.raises(InvariantError, match="4: zone weld_place: weld_z is inside while belt moves"):
        cell.invariants.check()


def test_a_zone_with_two_owners_or_given_away_under_a_tool_is_found(cell: SimCell) -> None:
    hear(cell, 1.0, CELL_MANAGER, CellPermit(zone_owners=(ZoneOwner("weld_place", "conveyor"),)))
    assert broken(cell) == []
    owners = (ZoneOwner("weld_place", "conveyor"), ZoneOwner("weld_place", "robot"))
    hear(cell, 1.1, CELL_MANAGER, CellPermit(zone_owners=owners))
    assert broken(cell) == [4]
    cell.plant.axes["weld_z"].position_m = 0.001
    hear(cell, 1.2, CELL_MANAGER, CellPermit(zone_owners=(ZoneOwner("weld_place", "conveyor"),)))
    assert broken(cell) == [4, 4]


def test_a_wheel_over_its_speed_is_found(cell: SimCell) -> None:
    cell.plant.guard.is_locked = True
    cell.invariants.plant.see_motion(MotionSample(1.0, "grind_wheel", 0.0, 3100.0, 0.0))
    with pytest.raises(InvariantError, match="5: grind_wheel turns faster than 2900 rpm"):
        cell.invariants.check()


def test_motion_behind_a_guard_that_was_never_locked_is_found_and_behind_a_forced_one_is_not(
    cell: SimCell,
) -> None:
    moving = MotionSample(1.0, "weld_x", 0.0, 0.1, 0.0)
    cell.plant.open_guard(force=True)
    cell.invariants.plant.see_motion(moving)
    assert broken(cell) == []
    cell.plant.close_guard()
    cell.invariants.plant.see_motion(moving)
    assert broken(cell) == [5]


def synced(cell: SimCell, now_s: float, *events: PartEvent) -> None:
    cell.invariants.parts.take_synced(now_s, events)


def test_a_record_without_a_part_is_found_and_so_is_a_second_record(cell: SimCell) -> None:
    created = PartEvent("p1", PartEventKind.CREATED)
    synced(cell, 1.0, created)
    assert broken(cell) == [6]  # the loader has made none
    synced(cell, 2.0, created)
    assert broken(cell) == [6, 6]


def test_a_part_that_falls_off_the_belt_is_found(cell: SimCell) -> None:
    belt = next(iter(cell.plant.belts.values()))
    belt.lost.append(belt.loader.make(0.0))
    with pytest.raises(InvariantError, match="6: 1 parts have fallen off the belt"):
        cell.invariants.check()


def test_a_part_that_leaves_without_a_record_is_found(cell: SimCell) -> None:
    belt = next(iter(cell.plant.belts.values()))
    belt.delivered.append(belt.loader.make(0.0))
    with pytest.raises(InvariantError, match="6: 1 parts have left, and there are 0 records"):
        cell.invariants.check()


def test_a_lying_sensor_excuses_counts_while_it_is_believed_and_no_longer(cell: SimCell) -> None:
    sensor = next(iter(cell.cell.conveyors.values())).part_present[0]
    signal = cell.cell.signals.inputs[sensor]
    cell.plant.force_input(signal.module, signal.channel, True)
    synced(cell, 1.0, PartEvent("p1", PartEventKind.CREATED))
    cell.plant.force_input(signal.module, signal.channel, None)
    assert broken(cell) == []
    synced(cell, BELIEVED_S + 1.0, PartEvent("p2", PartEventKind.CREATED))
    assert broken(cell) == [6]


def test_work_on_a_suspect_part_and_its_delivery_are_found(cell: SimCell) -> None:
    belt = next(iter(cell.plant.belts.values()))
    belt.parts.append(belt.loader.make(0.0))
    synced(cell, 1.0, PartEvent("p1", PartEventKind.CREATED))
    synced(cell, 2.0, PartEvent("p1", PartEventKind.SUSPECT, verdict=Verdict.SUSPECT))
    assert broken(cell) == []
    synced(cell, 3.0, PartEvent("p1", PartEventKind.PROCESS_STARTED, process="weld"))
    synced(cell, 4.0, PartEvent("p1", PartEventKind.DELIVERED))
    synced(cell, 5.0, PartEvent("p1", PartEventKind.MOVED))
    assert broken(cell) == [6, 6, 6]


def test_a_command_without_an_answer_is_found_and_so_is_a_second_answer(cell: SimCell) -> None:
    hear(cell, 0.0, "operator", CellCommand("c1", "ann", 1))
    cell.host.scheduler.now_s = 1.0
    with pytest.raises(InvariantError, match=r"8: command c1 of t=0\.000 s: 0 answers to 1"):
        cell.invariants.check()
    answer = CommandResult("c1", "ann", 1, ResultCode.ACCEPTED)
    hear(cell, 1.0, CELL_MANAGER, answer)
    hear(cell, 1.1, CELL_MANAGER, answer)
    assert broken(cell) == [8, 8]


@pytest.mark.parametrize(
    ("command", "code", "reason", "legal"),
    [
        (Command.STOP, ResultCode.STALE, "the present state_seq is 7", (3,)),
        (Command.RESET, ResultCode.ILLEGAL, "", (3,)),
        (Command.RESET, ResultCode.REFUSED, "a part is undisposed", ()),
    ],
    ids=["stale_stop", "no_reason", "nothing_legal"],
)
def test_an_answer_that_says_less_than_it_owes_is_found(
    cell: SimCell, command: Command, code: ResultCode, reason: str, legal: tuple[int, ...]
) -> None:
    hear(cell, 1.0, "operator", CellCommand("c1", "ann", int(command)))
    tell(cell, 1.0, State.STOPPED, 7)
    hear(cell, 1.1, CELL_MANAGER, CommandResult("c1", "ann", int(command), code, reason, legal, 7))
    tell(cell, 1.2, State.STOPPED, 7)
    assert broken(cell) == [8]


@pytest.mark.parametrize(("before", "after"), [(6, 7), (7, 8)], ids=["told_after", "told_before"])
def test_nothing_is_legal_while_aborting_whether_told_before_the_answer_or_after(
    cell: SimCell, before: int, after: int
) -> None:
    states = {6: State.EXECUTE, 7: State.ABORTING, 8: State.ABORTED}
    hear(cell, 1.0, "operator", CellCommand("c1", "ann", Command.ABORT))
    tell(cell, 1.0, states[before], before)
    hear(
        cell, 1.1, CELL_MANAGER, CommandResult("c1", "ann", Command.ABORT, ResultCode.ILLEGAL, "it is", (), 7)
    )
    tell(cell, 1.1, states[after], after)
    assert broken(cell) == []
