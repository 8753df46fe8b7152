"""Death and hang of every process during a weld."""

from __future__ import annotations

from math import inf

import pytest

from cell_controller.config import CELL_MANAGER, INTERLOCK
from cell_controller.messages import Disposition, ResultCode
from cell_controller.packml import Command, State
from cell_sim.host.simcell import SimCell
from support.cell_facts import (
    assert_no_motion_frame_after_its_program,
    assert_nothing_moved_since,
    assert_stood_still_in_time,
    assert_tool_left_turning,
    assert_tripped_with_a_suspect_part,
    is_in,
    last_motion_s,
    longest_budget_s,
)
from support.moments import Moment

WELD_LINE, SAFETY_LINE = "weld_line", "safety_line"
BUSES = (WELD_LINE, "grind_line", "conveyor_line", "io_line", SAFETY_LINE)
JUST_NOT_REPLACED_S = 1.8  # the supervisor ends a process that is silent for 2 s
GUARDING = (*BUSES, INTERLOCK, "robot", "spindle", "conveyor", CELL_MANAGER)


def fail(cell: SimCell, victim: str, kind: str) -> float:
    """Kill or hang a process and let the longest budget pass; returns when it happened."""
    fault_at_s = cell.now_s
    (cell.host.kill if kind == "kill" else cell.host.hang)(victim)
    cell.run_for(longest_budget_s(cell))
    return fault_at_s


@pytest.mark.parametrize("kind", ["kill", "hang", "unplug"])
def test_a_belt_without_a_watchdog_stands_soon_after_its_own_line_alone_is_lost(
    indexing: Moment, kind: str
) -> None:
    """The module of its enable is on a line that lives on: the interlock opens it, and at once."""

    def case(cell: SimCell) -> None:
        at_s = cell.now_s
        if kind == "unplug":
            cell.serials["conveyor_line"].unplug()
        else:
            (cell.host.kill if kind == "kill" else cell.host.hang)("conveyor_line")
        cell.run_for(8.0)
        assert last_motion_s(cell, "belt") > at_s
        assert last_motion_s(cell, "belt") - at_s <= cell.plan.drives["belt"].coast_s

    indexing.play(case)


def replace(cell: SimCell, victim: str) -> None:
    """What the supervisor does: end a process without a heartbeat, start another."""
    cell.host.kill(victim)
    cell.start(victim)


def retract_budget_s(cell: SimCell) -> float:
    """The line's time from a death or a hang to standstill includes the program's last step, the ramp."""
    return cell.plan.lines[WELD_LINE].stop_time_s


def assert_only_clear_leads_on(cell: SimCell) -> None:
    """Reset and Start are illegal, Clear is refused: a part is undisposed."""
    for command in (Command.RESET, Command.START, Command.UNHOLD):
        assert cell.ask(command).code is ResultCode.ILLEGAL
    answer = cell.ask(Command.CLEAR)
    assert answer.code is ResultCode.REFUSED
    assert "disposition" in answer.reason


def wait_for_clear(cell: SimCell) -> None:
    """Tool out, part away: nothing is in the way of Clear any more."""
    cell.rescue_tools()
    cell.dispose_all(Disposition.SCRAP)
    cell.until(
        lambda: is_in(cell, State.ABORTED) and cell.state is not None and not cell.state.clear_hindrance,
        10.0,
        "nothing in the way of Clear",
    )


def make_a_good_part(cell: SimCell) -> None:
    """Clear, Reset, Start, as a person does them."""
    summary = cell.make_parts(1, 40.0)
    assert summary.is_success, cell.describe()
    assert len(cell.plant.delivered) == 1


@pytest.mark.parametrize("kind", ["kill", "hang"])
@pytest.mark.parametrize("victim", GUARDING)
def test_death_or_hang_in_a_weld_stops_the_cell_until_a_person_gets_it_going(
    welding: Moment, victim: str, kind: str
) -> None:
    def case(cell: SimCell) -> None:
        fault_at_s = fail(cell, victim, kind)
        assert_stood_still_in_time(cell, fault_at_s)
        replaced_at_s = cell.now_s
        replace(cell, victim)
        cell.until(lambda: is_in(cell, State.ABORTED), 3.0, "Aborted")
        cell.run_for(1.0)
        assert_tripped_with_a_suspect_part(cell)
        assert_only_clear_leads_on(cell)
        assert_no_motion_frame_after_its_program(cell, fault_at_s)
        assert_nothing_moved_since(cell, replaced_at_s)
        if victim != WELD_LINE:
            assert_tool_left_turning(cell, fault_at_s, retract_budget_s(cell))
        wait_for_clear(cell)
        if kind == "kill":  # a hung process ends as a killed one: the way back is the same
            make_a_good_part(cell)

    welding.play(case)


@pytest.mark.parametrize("hung_s", [0.5, JUST_NOT_REPLACED_S])
@pytest.mark.parametrize("victim", GUARDING)
def test_a_process_that_hangs_for_a_while_in_a_weld_leaves_the_cell_to_a_person(
    welding: Moment, victim: str, hung_s: float
) -> None:
    def case(cell: SimCell) -> None:
        hung_at_s = cell.now_s
        cell.host.hang(victim)
        cell.run_for(hung_s)
        woken_at_s = cell.now_s
        cell.host.go_on(victim)
        cell.run_for(longest_budget_s(cell))
        cell.until(lambda: is_in(cell, State.ABORTED), 3.0, "Aborted")
        cell.run_for(1.0)
        assert_stood_still_in_time(cell, hung_at_s)
        assert_no_motion_frame_after_its_program(cell, hung_at_s)
        assert_tripped_with_a_suspect_part(cell)
        assert_only_clear_leads_on(cell)
        if hung_s == JUST_NOT_REPLACED_S:  # everything has come to rest before it wakes
            assert_nothing_moved_since(cell, woken_at_s)
        if victim != WELD_LINE:
            assert_tool_left_turning(cell, hung_at_s, retract_budget_s(cell))
        if hung_s == JUST_NOT_REPLACED_S:
            wait_for_clear(cell)

    welding.play(case)


def test_a_dead_interlock_opens_the_drives_enable_after_their_stop_program(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        died_at_s = cell.now_s
        cell.host.kill(INTERLOCK)
        opened_s, torque_off_s = inf, inf
        while torque_off_s == inf and cell.now_s < died_at_s + cell.cell.safety.relay.delay_s + 1.0:
            cell.run_for(0.05)
            if not cell.plant.relay.is_enabled:
                opened_s = min(opened_s, cell.now_s)
            if cell.plant.is_sto:
                torque_off_s = cell.now_s
        assert opened_s < died_at_s + 0.3, "the enable is a permit of 0.1 s, the module's bus and a poll"
        stood_s = max(last_motion_s(cell, name) for name in ("weld_x", "weld_z", "weld_spindle"))
        assert died_at_s < stood_s < torque_off_s
        assert torque_off_s < inf
        assert_tool_left_turning(cell, died_at_s, retract_budget_s(cell))

    welding.play(case)


@pytest.mark.parametrize("line", BUSES)
def test_an_unplugged_line_aborts_naming_the_line_and_plugging_it_back_moves_nothing(
    welding: Moment, line: str
) -> None:
    def case(cell: SimCell) -> None:
        unplugged_at_s = cell.now_s
        cell.serials[line].unplug()
        cell.run_for(longest_budget_s(cell))
        assert_stood_still_in_time(cell, unplugged_at_s)
        assert is_in(cell, State.ABORTED)
        assert cell.state is not None
        assert line in f"{cell.state.stop_reason.source} {cell.state.stop_reason.text}"
        plugged_at_s = cell.now_s
        cell.serials[line].plug()
        cell.run_for(2.5)
        assert all(states.is_armed for states in cell.drive_states.values())
        assert_nothing_moved_since(cell, plugged_at_s)
        assert_tripped_with_a_suspect_part(cell)

    welding.play(case)


def test_power_loss_in_a_weld_leaves_the_part_suspect_in_the_journal(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        lost_at_s = cell.now_s
        cell.power_loss()
        cell.run_for(longest_budget_s(cell))
        assert_stood_still_in_time(cell, lost_at_s)
        back_at_s = cell.now_s
        cell.start()
        cell.run_for(2.0)
        assert_nothing_moved_since(cell, back_at_s)
        assert_tripped_with_a_suspect_part(cell)
        assert cell.plant.tool_in_material, "its own drives have stopped it where it was"
        wait_for_clear(cell)

    welding.play(case)
