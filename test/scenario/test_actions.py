"""Clients of the actions weld, grind and index: served in Maintenance, refused while production runs."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cell_controller.messages import Outcome, PartEventKind, ResultCode, Verdict
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Action, ports
from cell_sim.host.simcell import SimCell
from support.cell_facts import (
    assert_nothing_moved_since,
    assert_stood_still_in_time,
    assert_tool_left_turning,
    assert_tripped_with_a_suspect_part,
    is_in,
    longest_budget_s,
)
from support.moments import TEST_CELL, Moment

WELD, GRIND, INDEX = ports.WELD, ports.GRIND, ports.INDEX


def must(cell: SimCell, command: Command) -> None:
    answer = cell.ask(command)
    assert answer.code is ResultCode.ACCEPTED, answer.reason


def into_maintenance(cell: SimCell) -> None:
    assert cell.set_mode(Mode.MAINTENANCE).code is ResultCode.ACCEPTED
    cell.run_for(0.2)
    must(cell, Command.RESET)
    cell.reach(State.IDLE)
    must(cell, Command.START)
    cell.reach(State.EXECUTE)


def outcome(cell: SimCell, action: Action, goal_id: str) -> Outcome:
    return Outcome(cell.goal_result(goal_id).code - action.band)


@pytest.fixture(scope="module")
def maintained() -> Moment:
    """In Execute, in Maintenance, one untouched part in the robot's place."""
    cell = SimCell(TEST_CELL)
    cell.start()
    cell.produce(1)
    cell.until(lambda: bool(cell.state and cell.state.parts), 20.0, "a part")
    must(cell, Command.STOP)
    cell.reach(State.STOPPED)
    into_maintenance(cell)
    cell.run_for(1.0)
    if cell.state is not None and cell.state.parts[0].place != "weld":
        assert outcome(cell, INDEX, cell.send_goal(INDEX, "conveyor")) is Outcome.GOOD
        cell.run_for(1.0)
    return Moment(cell)


def test_a_part_goes_its_whole_way_by_goals(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        phases = {}
        for action, station in ((WELD, "robot"), (INDEX, "conveyor"), (GRIND, "spindle")):
            goal_id = cell.send_goal(action, station)
            assert outcome(cell, action, goal_id) is Outcome.GOOD, cell.goal_results[goal_id]
            feedback = cell.goal_feedback[goal_id]
            shares = [f.progress for f in feedback]
            assert all(0.0 <= a <= b <= 1.0 for a, b in pairwise(shares)), shares
            assert shares[-1] > 0.8, "the phases of its way are known"
            phases[action.name] = {f.phase for f in feedback}
            cell.run_for(1.0)
        assert phases["weld"] >= {"approach", "plunge", "traverse", "retract"}
        assert phases["grind"] >= {"rough", "finish", "retract"}
        assert cell.state is not None
        (part,) = cell.state.parts
        assert (part.verdict, part.needs_disposition) == (Verdict.GOOD, False)
        welded = next(r for r in cell.goal_results.values() if r.code == WELD.code(Outcome.GOOD))
        assert {v.name for v in welded.values} <= {v.name for v in part.results}
        assert welded.values
        assert not cell.plant.parts[0].weld.flaws(cell.plant.parts[0].seam_m)

    maintained.play(case)


def test_the_process_is_in_the_journal_before_anything_moves(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        before, sent_s = len(cell.journal.events), cell.now_s
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: len(cell.journal.events) > before, 5.0, "a line in the journal")
        assert_nothing_moved_since(cell, sent_s)
        assert cell.stations["robot"].phase == "idle"
        started = cell.journal.events[before]
        assert (started.kind, started.process) == (PartEventKind.PROCESS_STARTED, "weld")
        assert outcome(cell, WELD, goal_id) is Outcome.GOOD
        cell.run_for(0.5)
        assert cell.journal.events[-1].kind is PartEventKind.PROCESS_ENDED
        assert cell.journal.events[-1].verdict is Verdict.GOOD

    maintained.play(case)


def test_goals_are_refused_while_production_runs(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        for action, station in ((WELD, "robot"), (GRIND, "spindle"), (INDEX, "conveyor")):
            goal_id = cell.send_goal(action, station)
            assert outcome(cell, action, goal_id) is Outcome.REFUSED_OWNED
            assert "mode Production" in cell.goal_results[goal_id].detail
        cell.reach(State.COMPLETE, 30.0)
        assert cell.state is not None
        assert [p.verdict for p in cell.state.parts] == [Verdict.GOOD]

    welding.play(case)


def test_a_weld_cancelled_before_contact_stops_and_the_part_is_untouched(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "approach", 10.0, "the approach")
        cell.cancel_goal(WELD, goal_id)
        assert outcome(cell, WELD, goal_id) is Outcome.STOPPED
        cell.run_for(1.0)
        assert is_in(cell, State.EXECUTE)
        assert cell.state is not None
        assert (cell.state.parts[0].verdict, cell.state.parts[0].needs_disposition) == (Verdict.NONE, False)
        assert outcome(cell, WELD, cell.send_goal(WELD, "robot")) is Outcome.GOOD

    maintained.play(case)


def test_a_weld_cancelled_in_contact_reacts_by_its_phase_table(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "traverse", 15.0, "the traverse")
        cell.run_for(0.3)
        asked_s = cell.now_s
        cell.cancel_goal(WELD, goal_id)
        assert outcome(cell, WELD, goal_id) is Outcome.SUSPECT
        assert_tool_left_turning(cell, asked_s, longest_budget_s(cell))
        cell.run_for(0.5)
        assert cell.state is not None
        assert cell.state.parts[0].needs_disposition
        assert is_in(cell, State.EXECUTE)

    maintained.play(case)


def test_an_abort_in_contact_aborts_the_goal_and_the_part_is_suspect(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "traverse", 15.0, "the traverse")
        cell.run_for(0.3)
        asked_s = cell.now_s
        must(cell, Command.ABORT)
        assert outcome(cell, WELD, goal_id) is Outcome.ABORTED
        cell.run_for(longest_budget_s(cell))
        assert_stood_still_in_time(cell, asked_s)
        assert_tool_left_turning(cell, asked_s, longest_budget_s(cell))
        assert_tripped_with_a_suspect_part(cell)

    maintained.play(case)


def test_an_emergency_stop_aborts_the_goal_and_says_why(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "traverse", 15.0, "the traverse")
        cell.run_for(0.3)
        cell.plant.press_estop()
        assert outcome(cell, WELD, goal_id) is Outcome.ABORTED
        assert "estop" in cell.goal_results[goal_id].detail

    maintained.play(case)


def test_a_goal_goes_on_after_hold_and_unhold(maintained: Moment) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "approach", 10.0, "the approach")
        must(cell, Command.HOLD)
        cell.reach(State.HELD)
        cell.run_for(1.0)
        assert goal_id not in cell.goal_results
        must(cell, Command.UNHOLD)
        assert outcome(cell, WELD, goal_id) is Outcome.GOOD
        shares = [f.progress for f in cell.goal_feedback[goal_id]]
        assert all(a <= b for a, b in pairwise(shares))

    maintained.play(case)


@pytest.mark.parametrize(
    ("command", "state"), [(Command.UNHOLD, State.EXECUTE), (Command.STOP, State.STOPPED)]
)
def test_a_cancel_in_held_moves_nothing_and_ends_the_goal_when_the_cell_leaves_held(
    maintained: Moment, command: Command, state: State
) -> None:
    def case(cell: SimCell) -> None:
        goal_id = cell.send_goal(WELD, "robot")
        cell.until(lambda: cell.stations["robot"].phase == "approach", 10.0, "the approach")
        must(cell, Command.HOLD)
        cell.reach(State.HELD)
        cell.run_for(1.0)
        asked_s = cell.now_s
        cell.cancel_goal(WELD, goal_id)
        cell.run_for(2.0)
        assert_nothing_moved_since(cell, asked_s)
        assert cell.plant.welds["robot"].clamp.is_closed, "the part stays clamped"
        assert goal_id not in cell.goal_results
        must(cell, command)
        assert outcome(cell, WELD, goal_id) is Outcome.STOPPED
        cell.reach(state)
        assert cell.state is not None
        assert (cell.state.parts[0].verdict, cell.state.parts[0].needs_disposition) == (Verdict.NONE, False)
        if state is State.EXECUTE:
            cell.run_for(0.5)
            assert outcome(cell, WELD, cell.send_goal(WELD, "robot")) is Outcome.GOOD

    maintained.play(case)
