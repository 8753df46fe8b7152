"""Goals of ROS clients: an ordinary task in Maintenance, a refusal in words anywhere else."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cell_controller.cell.goals import outcome_of
from cell_controller.cell.tasks import Ended, Task
from cell_controller.messages import (
    Directive,
    Outcome,
    PartEventKind,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import ports

WELD, GRIND, INDEX = ports.WELD, ports.GRIND, ports.INDEX


def maintain(bench):
    """From Stopped to Execute in Maintenance."""
    assert bench.set_mode(Mode.MAINTENANCE).code == 0, bench.results[-1].reason
    bench.restart()


@pytest.fixture
def empty(bench):
    """In Execute, in Maintenance, no part anywhere."""
    bench.clear()
    maintain(bench)
    return bench


@pytest.fixture
def loaded(bench):
    """The same with one untouched part on the first place."""
    bench.submit(1)
    bench.start()
    bench.until_true(lambda: bench.state.parts)
    bench.send(Command.STOP)
    bench.until(State.STOPPED)
    maintain(bench)
    bench.step(1.0)
    return bench


@pytest.fixture
def at_weld(loaded):
    """The same with that part in the robot's place."""
    if not loaded.belt[1]:
        assert loaded.result(loaded.goal(INDEX, "conveyor")).code == INDEX.code(Outcome.GOOD)
    loaded.step(1.0)
    assert loaded.state.parts[0].place == "weld"
    return loaded


def refused(bench, action, station, **fields):
    """The code and reason of a goal that changes nothing."""
    before = (len(bench.disk), [s.task_id for s in bench.stations.values()], bench.state.state_seq)
    goal_id = bench.goal(action, station, **fields)
    assert goal_id in bench.goal_results, "a refusal comes at once"
    bench.step(0.5)
    assert (len(bench.disk), [s.task_id for s in bench.stations.values()], bench.state.state_seq) == before
    result = bench.goal_results[goal_id]
    return Outcome(result.code - action.band), result.detail


def test_a_weld_goal_is_a_weld_like_any_other(at_weld):
    on_disk = []

    def look(bench):
        if bench.stations["robot"].result is TaskResult.RUNNING and not on_disk:
            on_disk.extend(e for e in bench.disk if e.process == "weld")

    at_weld.watch = look
    goal_id = at_weld.goal(WELD, "robot", recipe="coupon")
    result = at_weld.result(goal_id)
    assert (result.code, Outcome(result.code - WELD.band)) == (701, Outcome.GOOD)
    assert [(e.kind, e.operator) for e in on_disk] == [(PartEventKind.PROCESS_STARTED, "ben")], "before it"
    assert at_weld.stations["robot"].zones_seen[-1] == ("weld_place",)
    at_weld.step(0.5)
    part = at_weld.state.parts[0]
    assert (part.verdict, part.needs_disposition, part.process) == (Verdict.GOOD, False, "")
    assert at_weld.disk[-1].kind is PartEventKind.PROCESS_ENDED
    assert at_weld.packml is State.EXECUTE


def test_feedback_names_the_phase_and_never_falls_back(at_weld):
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.result(goal_id)
    feedback = at_weld.goal_feedback[goal_id]
    assert {f.phase for f in feedback} == {"working"}
    assert len(feedback) >= 10
    shares = [f.progress for f in feedback]
    assert all(0.0 <= a <= b <= 1.0 for a, b in pairwise(shares))


def test_production_goes_on_with_what_goals_have_done(at_weld):
    assert at_weld.result(at_weld.goal(WELD, "robot")).code == 701
    at_weld.send(Command.STOP)
    at_weld.until(State.STOPPED)
    at_weld.set_mode(Mode.PRODUCTION)
    at_weld.restart()
    at_weld.until(State.COMPLETE)
    assert at_weld.stations["robot"].taken.count(TaskKind.WELD) == 1
    assert [p.verdict for p in at_weld.state.parts] == [Verdict.GOOD]


def test_the_whole_way_of_a_part_by_goals(at_weld):
    assert at_weld.result(at_weld.goal(WELD, "robot")).code == 701
    at_weld.step(1.0)
    assert at_weld.result(at_weld.goal(INDEX, "conveyor")).code == 721
    at_weld.step(1.0)
    assert at_weld.result(at_weld.goal(GRIND, "spindle")).code == 711
    at_weld.step(1.0)
    at_weld.is_emptying = False
    assert at_weld.result(at_weld.goal(INDEX, "conveyor")).code == 721
    at_weld.step(1.0)
    assert refused(at_weld, INDEX, "conveyor") == (
        Outcome.REFUSED_STATE,
        "o1-1 lies at out, the last place",
    )
    at_weld.is_emptying = True
    at_weld.step(2.0)
    assert at_weld.disk[-1].kind is PartEventKind.DELIVERED


# refusals


def test_goals_are_refused_while_the_manager_runs_production(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    for action, station in ((WELD, "robot"), (GRIND, "spindle"), (INDEX, "conveyor")):
        goal_id = bench.goal(action, station)
        result = bench.goal_results[goal_id]
        assert result.code == action.code(Outcome.REFUSED_OWNED)
        assert result.detail == (
            "the cell is in Execute, mode Production: the manager uses the stations itself; "
            "goals are taken in Execute, mode Maintenance"
        )
    bench.until(State.COMPLETE)
    assert bench.stations["robot"].taken.count(TaskKind.WELD) == 1


def test_goals_are_refused_outside_execute_and_in_manual(bench):
    for _ in range(2):
        outcome, reason = refused(bench, INDEX, "conveyor")
        assert outcome is Outcome.REFUSED_STATE
        assert bench.packml.name.title() in reason
        if bench.packml is State.ABORTED:
            bench.clear()
    bench.set_mode(Mode.MANUAL)
    bench.restart()
    outcome, reason = refused(bench, INDEX, "conveyor")
    assert outcome is Outcome.REFUSED_STATE
    assert "mode Manual" in reason


def test_one_goal_per_station_and_none_beside_a_moving_belt(at_weld):
    weld = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    assert refused(at_weld, WELD, "robot") == (Outcome.REFUSED_OWNED, "robot is at work: weld o1-1")
    outcome, reason = refused(at_weld, INDEX, "conveyor")
    assert outcome is Outcome.REFUSED_STATE
    assert "robot" in reason
    at_weld.result(weld)
    at_weld.step(0.5)
    index = at_weld.goal(INDEX, "conveyor")
    at_weld.step(0.2)
    assert refused(at_weld, GRIND, "spindle") == (Outcome.REFUSED_STATE, "the belt is about to move")
    at_weld.result(index)


def test_two_goals_for_one_zone_in_one_step_start_one_task(at_weld):
    at_weld.runner.deliver(WELD.goal_port, WELD.goal("a", "robot", "ben"), at_weld.now_s)
    at_weld.runner.deliver(INDEX.goal_port, INDEX.goal("b", "conveyor", "ben"), at_weld.now_s)
    at_weld.runner.deliver(WELD.goal_port, WELD.goal("c", "robot", "ben"), at_weld.now_s)
    at_weld.run_manager()
    assert at_weld.goal_results["b"].code == INDEX.code(Outcome.REFUSED_STATE)
    assert at_weld.goal_results["c"].code == WELD.code(Outcome.REFUSED_OWNED)
    assert at_weld.result("a").code == 701


def test_a_goal_that_arrives_twice_is_one_task(at_weld):
    goal_id = at_weld.goal(WELD, "robot", goal_id="again")
    at_weld.goal(WELD, "robot", goal_id="again")
    assert at_weld.result(goal_id).code == 701
    assert at_weld.stations["robot"].taken.count(TaskKind.WELD) == 1


def test_a_recipe_that_is_not_the_parts_is_refused(at_weld):
    assert refused(at_weld, WELD, "robot", recipe="cake") == (
        Outcome.REFUSED_RECIPE,
        "recipe 'cake' is not known; known are: coupon",
    )


def test_a_goal_without_its_part_is_refused(empty):
    assert refused(empty, WELD, "robot") == (Outcome.REFUSED_STATE, "no part lies at weld")


def test_another_part_or_one_that_is_done_is_refused(at_weld):
    outcome, reason = refused(at_weld, WELD, "robot", part_id="o1-7")
    assert (outcome, reason) == (Outcome.REFUSED_STATE, "o1-1 lies at weld, not 'o1-7'")
    at_weld.result(at_weld.goal(WELD, "robot", part_id="o1-1"))
    at_weld.step(0.5)
    assert refused(at_weld, WELD, "robot") == (Outcome.REFUSED_STATE, "o1-1 at weld is done there: weld")


def test_no_part_is_carried_past_a_station_that_has_not_worked_on_it(at_weld):
    assert refused(at_weld, INDEX, "conveyor") == (
        Outcome.REFUSED_STATE,
        "parts are to be worked on first, or disposed of: o1-1 at robot",
    )


def test_a_station_that_is_not_ready_is_refused(at_weld):
    at_weld.stations["robot"].is_ready = False
    at_weld.step(0.2)
    outcome, reason = refused(at_weld, WELD, "robot")
    assert (outcome, reason) == (Outcome.REFUSED_STATE, "robot is not ready, idle")


def test_a_belt_that_differs_from_the_records_is_refused(at_weld):
    at_weld.belt[2] = True
    at_weld.step(0.1)
    outcome, reason = refused_now(at_weld, WELD, "robot")
    assert outcome is Outcome.REFUSED_STATE
    assert "differ" in reason


def refused_now(bench, action, station):
    result = bench.goal_results[bench.goal(action, station)]
    return Outcome(result.code - action.band), result.detail


@pytest.mark.parametrize(
    ("station", "operator", "reason"),
    [
        ("welder", "ben", "station 'welder' does not weld; those that do: robot"),
        ("conveyor", "ben", "station 'conveyor' does not weld; those that do: robot"),
        ("robot", "", "operator_name must have 1 to 128 characters"),
    ],
)
def test_a_goal_that_nobody_could_do_fails(at_weld, station, operator, reason):
    assert refused(at_weld, WELD, station, operator=operator) == (Outcome.FAILED, reason)


# interruptions


def test_a_cancelled_weld_stops_its_station_alone(at_weld):
    robot = at_weld.stations["robot"]
    robot.stop_verdict = Verdict.NONE  # the pin has not touched the part
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    at_weld.cancel(WELD, goal_id)
    at_weld.step(0.1)
    assert at_weld.stations["conveyor"].order.directive is Directive.RUN
    result = at_weld.result(goal_id)
    assert result.code == WELD.code(Outcome.STOPPED)
    at_weld.step(1.0)
    assert at_weld.packml is State.EXECUTE
    assert not at_weld.state.parts[0].needs_disposition
    assert at_weld.result(at_weld.goal(WELD, "robot")).code == 701, "and the part can be welded after all"


def test_a_weld_that_is_cancelled_in_the_material_leaves_a_suspect_part(at_weld):
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    at_weld.cancel(WELD, goal_id)
    assert at_weld.result(goal_id).code == WELD.code(Outcome.SUSPECT)
    at_weld.step(0.5)
    part = at_weld.state.parts[0]
    assert (part.verdict, part.needs_disposition) == (Verdict.SUSPECT, True)
    assert at_weld.packml is State.EXECUTE
    outcome, reason = refused(at_weld, WELD, "robot")
    assert (outcome, reason) == (Outcome.REFUSED_STATE, "o1-1 at weld waits for a disposition")
    outcome, reason = refused(at_weld, INDEX, "conveyor")
    assert (outcome, reason) == (Outcome.REFUSED_STATE, "parts need a disposition: o1-1 at weld")


def test_a_goal_cancelled_before_its_journal_is_synced_never_starts(at_weld):
    at_weld.is_journal_alive = False
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.1)
    at_weld.cancel(WELD, goal_id)
    at_weld.step(0.2)
    assert goal_id not in at_weld.goal_results
    at_weld.is_journal_alive = True
    write = next(s.message for s in reversed(at_weld.sent) if s.port == "journal_write")
    at_weld._write(write)
    assert at_weld.result(goal_id).code == WELD.code(Outcome.STOPPED)
    assert TaskKind.WELD not in at_weld.stations["robot"].taken


def test_a_cancel_of_an_unknown_goal_changes_nothing(at_weld):
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.cancel(WELD, "nobody's")
    assert at_weld.result(goal_id).code == 701


def test_an_abort_ends_the_goal_and_makes_the_part_suspect(at_weld):
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    at_weld.send(Command.ABORT)
    result = at_weld.result(goal_id)
    assert result.code == WELD.code(Outcome.ABORTED)
    assert "Abort by ann" in result.detail
    at_weld.until(State.ABORTED)
    assert at_weld.state.parts[0].verdict is Verdict.SUSPECT


def test_a_goal_waits_in_held_and_goes_on(at_weld):
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    at_weld.send(Command.HOLD)
    at_weld.until(State.HELD)
    at_weld.step(5.0)
    assert goal_id not in at_weld.goal_results
    at_weld.send(Command.UNHOLD)
    assert at_weld.result(goal_id).code == 701


@pytest.mark.parametrize(
    ("command", "state"), [(Command.UNHOLD, State.EXECUTE), (Command.STOP, State.STOPPED)]
)
def test_a_goal_that_is_cancelled_while_it_is_held_ends_when_the_cell_leaves_held(at_weld, command, state):
    at_weld.stations["robot"].stop_verdict = Verdict.NONE
    goal_id = at_weld.goal(WELD, "robot")
    at_weld.step(0.5)
    at_weld.send(Command.HOLD)
    at_weld.until(State.HELD)
    at_weld.cancel(WELD, goal_id)
    at_weld.step(1.0)
    assert goal_id not in at_weld.goal_results
    assert at_weld.packml is State.HELD
    at_weld.send(command)
    at_weld.until(state)
    assert at_weld.result(goal_id).code == WELD.code(Outcome.STOPPED)


def test_a_goal_whose_start_cannot_be_journalled_fails_and_holds_the_cell(at_weld):
    at_weld.journal_error = "disk full"
    goal_id = at_weld.goal(WELD, "robot")
    result = at_weld.result(goal_id)
    assert result.code == WELD.code(Outcome.FAILED)
    assert "disk full" in result.detail
    at_weld.until(State.HELD)
    assert TaskKind.WELD not in at_weld.stations["robot"].taken


def test_a_station_that_fails_a_goal_stops_the_cell_as_in_production(at_weld):
    at_weld.stations["robot"].ending = TaskResult.FAILED
    at_weld.stations["robot"].verdict = Verdict.NONE
    goal_id = at_weld.goal(WELD, "robot")
    assert at_weld.result(goal_id).code == WELD.code(Outcome.FAILED)
    at_weld.until(State.STOPPED)
    assert "robot weld" in at_weld.state.stop_reason.text


def test_a_bad_weld_is_done_and_told_as_bad(at_weld):
    at_weld.stations["robot"].verdict = Verdict.BAD
    assert at_weld.result(at_weld.goal(WELD, "robot")).code == WELD.code(Outcome.BAD)
    at_weld.step(0.5)
    assert at_weld.state.parts[0].verdict is Verdict.BAD


def test_an_empty_belt_can_be_indexed(empty):
    assert empty.result(empty.goal(INDEX, "conveyor")).code == 721


# the one function that maps ends to outcomes

NO, GOOD, BAD, SUSPECT = Verdict.NONE, Verdict.GOOD, Verdict.BAD, Verdict.SUSPECT
R = TaskResult


@pytest.mark.parametrize(
    ("kind", "result", "verdict", "outcome"),
    [
        (TaskKind.GRIND, R.DONE, GOOD, Outcome.GOOD),
        (TaskKind.GRIND, R.DONE, BAD, Outcome.BAD),
        (TaskKind.GRIND, R.DONE, NO, Outcome.SUSPECT),
        (TaskKind.GRIND, R.STOPPED, NO, Outcome.STOPPED),
        (TaskKind.GRIND, R.STOPPED, SUSPECT, Outcome.SUSPECT),
        (TaskKind.GRIND, R.FAILED, NO, Outcome.FAILED),
        (TaskKind.GRIND, R.FAILED, SUSPECT, Outcome.SUSPECT),
        (TaskKind.GRIND, R.REFUSED, NO, Outcome.FAILED),
        (TaskKind.GRIND, R.ABORTED, SUSPECT, Outcome.ABORTED),
        (TaskKind.GRIND, R.STATION_RESTARTED, SUSPECT, Outcome.SUSPECT),
        (TaskKind.INDEX, R.DONE, NO, Outcome.GOOD),
        (TaskKind.INDEX, R.STOPPED, NO, Outcome.STOPPED),
        (TaskKind.INDEX, R.FAILED, NO, Outcome.SUSPECT),
        (TaskKind.INDEX, R.REFUSED, NO, Outcome.FAILED),
        (TaskKind.INDEX, R.ABORTED, NO, Outcome.ABORTED),
        (TaskKind.INDEX, R.STATION_RESTARTED, NO, Outcome.SUSPECT),
    ],
)
def test_every_end_of_a_task_has_its_outcome(kind, result, verdict, outcome):
    assert outcome_of(Ended(Task(1, "any", kind), result, verdict)) is outcome


def test_the_code_of_an_outcome_is_in_the_band_of_its_action():
    assert [GRIND.code(o) for o in Outcome] == [0, *range(711, 720)]
