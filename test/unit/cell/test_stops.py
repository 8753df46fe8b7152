"""Hold, Stop, Abort, trips, lost and restarted stations: what becomes of tasks and parts."""

import pytest

from cell_controller.messages import (
    Directive,
    DisposeRequest,
    Disposition,
    PartEventKind,
    Permit,
    ResultCode,
    SafetyPhase,
    StopRequested,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import ports


def part(bench, part_id):
    return next(p for p in bench.parts().parts if p.part_id == part_id)


def indexing(bench):
    """The belt carries a part that nothing has touched."""
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.INDEX)


def welding(bench, quantity=2):
    bench.submit(quantity)
    bench.start()
    bench.until_working(TaskKind.WELD)


def last_order(bench, station):
    return next(o for _, o in reversed(bench.orders) if o.station == station)


def test_a_trip_aborts_with_the_first_trip_as_stop_reason_and_the_part_is_suspect(bench):
    welding(bench)
    bench.trip("guard guard_closed: open")
    bench.until(State.ABORTED)
    assert "guard guard_closed: open" in bench.state.stop_reason.text
    assert bench.permits[-1].permit is Permit.NONE
    assert last_order(bench, "robot").directive is Directive.ABORT
    found = part(bench, "o1-1")
    assert (found.verdict, found.needs_disposition, found.place) == (Verdict.SUSPECT, True, "weld")
    assert any(e.kind is PartEventKind.SUSPECT and e.part_id == "o1-1" for e in bench.disk)


def test_a_part_that_was_not_touched_before_the_abort_is_worked_on_again(bench):
    bench.stations["robot"].stop_verdict = Verdict.NONE
    welding(bench, 1)
    bench.trip()
    bench.until(State.ABORTED)
    assert part(bench, "o1-1").verdict is Verdict.NONE
    bench.safety = bench.safety.__class__(trips=())
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 1
    assert bench.stations["robot"].taken.count(TaskKind.WELD) == 2


def test_a_suspect_part_must_be_disposed_of_and_taken_away_before_clear(bench):
    welding(bench)
    bench.trip()
    bench.until(State.ABORTED)
    refused = bench.send(Command.CLEAR)
    assert refused.code is ResultCode.REFUSED
    assert "o1-1 at weld" in refused.reason
    assert bench.dispose("o1-1").is_accepted
    bench.step(0.2)
    refused = bench.send(Command.CLEAR)
    assert refused.code is ResultCode.REFUSED
    assert "still lie" in refused.reason
    bench.belt[1] = False
    bench.step(0.2)
    assert bench.send(Command.CLEAR).code is ResultCode.ACCEPTED
    bench.until(State.STOPPED)
    bench.restart()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert (bench.state.parts_good, bench.state.parts_bad) == (1, 1)


@pytest.mark.parametrize(
    ("disposition", "verdict"),
    [
        (Disposition.SCRAP, Verdict.SCRAPPED),
        (Disposition.REWORK, Verdict.REWORK),
        (Disposition.RETURN, Verdict.RETURNED),
    ],
)
def test_each_disposition_ends_the_record_with_its_verdict(bench, disposition, verdict):
    indexing(bench)
    bench.trip()
    bench.until(State.ABORTED)
    assert bench.dispose("o1-1", disposition).is_accepted
    found = part(bench, "o1-1")
    assert (found.verdict, found.place, found.needs_disposition) == (verdict, "removed", False)
    assert not bench.dispose("o1-1").is_accepted


@pytest.mark.parametrize("begin", ["weld", "grind"])
def test_a_part_that_a_tool_may_have_touched_does_not_go_back_to_stock(bench, begin):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind[begin.upper()])
    bench.trip()
    bench.until(State.ABORTED)
    refused = bench.dispose("o1-1", Disposition.RETURN)
    assert not refused.is_accepted
    assert "cannot go back to stock" in refused.reason
    assert part(bench, "o1-1").needs_disposition
    assert bench.dispose("o1-1", Disposition.REWORK).is_accepted


def test_a_welded_part_whose_place_is_lost_does_not_go_back_to_stock_either(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    bench.until_working(TaskKind.INDEX)
    bench.trip()
    bench.until(State.ABORTED)
    found = part(bench, "o1-1")
    assert (found.verdict, found.needs_disposition) == (Verdict.GOOD, True)
    assert not bench.dispose("o1-1", Disposition.RETURN).is_accepted


def test_a_part_cannot_be_disposed_of_while_the_cell_works(bench):
    welding(bench)
    reply = bench.dispose("o1-1")
    assert not reply.is_accepted
    assert "Execute" in reply.reason
    assert not bench.dispose("nobody").is_accepted


def test_clear_is_refused_while_a_tool_is_in_the_material(bench):
    bench.stations["robot"].tool_in_material = True
    bench.step(0.1)
    result = bench.send(Command.CLEAR)
    assert result.code is ResultCode.REFUSED
    assert "tool in the material: robot" in result.reason
    assert bench.state.clear_hindrance == result.reason


def test_a_part_that_a_stop_left_a_tool_in_says_so_in_its_record_once(bench):
    welding(bench)
    robot = bench.stations["robot"]
    robot.tool_in_material = True
    bench.step(0.5)
    assert "TOOL_IN_MATERIAL" not in part(bench, "o1-1").detail  # that is what a weld is
    bench.trip("bus weld_line: lost")
    bench.until(State.ABORTED)
    assert "TOOL_IN_MATERIAL" not in part(bench, "o1-1").detail  # its stop program is being played
    robot.is_stranded = True
    bench.step(1.0)
    found = part(bench, "o1-1")
    assert found.detail.startswith("TOOL_IN_MATERIAL: ")
    assert (found.verdict, found.needs_disposition, found.place) == (Verdict.SUSPECT, True, "weld")
    marked = [e for e in bench.disk if e.detail.startswith("TOOL_IN_MATERIAL")]
    assert [e.part_id for e in marked] == ["o1-1"]
    robot.is_stranded = robot.tool_in_material = False
    bench.step(0.5)
    assert part(bench, "o1-1").detail == found.detail


@pytest.mark.parametrize("is_full", [False, True])
def test_nothing_is_written_of_a_part_behind_its_disposal(bench, is_full):
    """The operator decides in the moment in which the stop turns out to have left a tool in the part."""
    welding(bench)
    robot = bench.stations["robot"]
    robot.tool_in_material = True
    bench.trip("bus weld_line: lost")
    bench.until(State.ABORTED)
    answer, slow = bench._write, []
    bench._write = slow.append  # a disk that takes its time
    request = DisposeRequest("d", "ann", "o1-1", Disposition.SCRAP, "test")
    bench.runner.deliver(ports.DISPOSE_PART.request_port, request, bench.now_s)
    bench.step(0.1)
    robot.is_stranded = True
    bench.step(0.3)
    bench._write = answer
    bench.journal_error = "no space left" if is_full else ""
    for write in slow:
        answer(write)
    bench.step(0.1)
    bench.journal_error = ""
    bench.step(3.0)
    newest = [e for e in bench.disk if e.part_id == "o1-1"][-1]
    if is_full:  # she was told so, and the part is still there with the tool in it
        assert newest.kind is PartEventKind.SUSPECT
        assert newest.detail.startswith("TOOL_IN_MATERIAL")
    else:
        assert newest.kind is PartEventKind.DISPOSED


def test_clear_is_refused_with_the_interlocks_hindrance(bench):
    bench.can_reset = False
    bench.step(0.1)
    result = bench.send(Command.CLEAR)
    assert result.code is ResultCode.REFUSED
    assert "close the guard" in result.reason


def test_an_interlock_that_does_not_reset_sends_clearing_back_to_aborted(bench):
    seq = bench.state.state_seq
    bench.can_reset = False
    bench.send(Command.CLEAR, state_seq=seq)
    bench.until(State.ABORTED, limit_s=5.0)
    bench.step(0.1)
    assert bench.permits[-1].permit is Permit.NONE


def test_every_clear_carries_a_clear_id_of_its_own(bench):
    ids = []
    for _ in range(3):
        bench.clear()
        ids.append(bench.permits[-1].clear_id)
        bench.send(Command.ABORT)
        bench.until(State.ABORTED)
    assert len(set(ids)) == 3
    assert 0 not in ids


def test_a_missing_safety_state_aborts(bench):
    welding(bench)
    bench.is_safety_alive = False
    bench.step(0.3)
    assert bench.packml in (State.ABORTING, State.ABORTED)
    assert "interlock" in bench.state.stop_reason.text
    bench.until(State.ABORTED)


def test_a_restarted_station_loses_its_task_and_its_part_is_suspect(bench):
    welding(bench)
    bench.stations["robot"].restart()
    bench.until(State.ABORTED)
    assert bench.state.stop_reason.source == "robot"
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT
    ended = [e for e in bench.disk if e.kind is PartEventKind.PROCESS_ENDED and e.part_id == "o1-1"]
    assert "station_restarted" in ended[-1].detail


def test_a_dead_station_aborts_and_its_part_is_suspect(bench):
    welding(bench)
    bench.stations["robot"].is_alive = False
    bench.until(State.ABORTED)
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT
    assert "not heard: robot" in bench.state.clear_hindrance


def test_a_station_that_never_takes_its_task_stops_the_cell(bench):
    bench.submit(1)
    bench.start()
    bench.stations["robot"].is_deaf = True
    bench.until(State.STOPPING, State.STOPPED)
    assert "not taken" in bench.state.stop_reason.text
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT


def test_a_refused_task_stops_the_cell_and_leaves_the_part_as_it_was(bench):
    bench.stations["robot"].ending = TaskResult.REFUSED
    bench.stations["robot"].verdict = Verdict.NONE
    bench.submit(1)
    bench.start()
    bench.until(State.STOPPED)
    assert part(bench, "o1-1").verdict is Verdict.NONE


def test_stop_ends_the_weld_and_the_part_is_suspect(bench):
    welding(bench)
    assert bench.send(Command.STOP).code is ResultCode.ACCEPTED
    bench.until(State.STOPPED)
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT
    refused = bench.send(Command.RESET)
    assert refused.code is ResultCode.REFUSED
    assert "disposition" in refused.reason


def test_stopping_waits_until_the_station_is_clear(bench):
    welding(bench)
    bench.stations["robot"].is_clear = False
    bench.send(Command.STOP)
    bench.step(3.0)
    assert bench.packml is State.STOPPING
    bench.stations["robot"].is_clear = True
    bench.until(State.STOPPED)


def test_hold_now_leaves_the_material_and_the_part_is_never_resumed(bench):
    welding(bench)
    assert bench.send(Command.HOLD, hold_now=True).code is ResultCode.ACCEPTED
    bench.step(0.05)
    assert last_order(bench, "robot").directive is Directive.HOLD_NOW
    bench.until(State.HELD)
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT
    refused = bench.send(Command.UNHOLD)
    assert refused.code is ResultCode.REFUSED
    bench.dispose("o1-1")
    bench.belt[1] = False
    bench.step(0.2)
    assert bench.send(Command.UNHOLD).code is ResultCode.ACCEPTED
    bench.until(State.COMPLETE, limit_s=60.0)


def test_a_hold_that_takes_too_long_becomes_a_stop(bench):
    welding(bench)
    bench.stations["robot"].is_deaf = True
    bench.send(Command.HOLD)
    robot = bench.stations["robot"]
    robot.ends_at_s = float("inf")
    bench.until(State.STOPPING, limit_s=130.0)
    assert any(a.id == 5001 for a in bench.alarms.active)


def test_an_interrupted_index_leaves_no_part_with_a_place(bench):
    bench.submit(2)
    bench.start()
    bench.until_working(TaskKind.INDEX)
    bench.trip()
    bench.until(State.ABORTED)
    found = part(bench, "o1-1")
    assert (found.place, found.needs_disposition) == ("unknown", True)
    bench.step(2.0)
    assert len(bench.parts().parts) == 1  # what the sensors see is that part, not another
    bench.dispose("o1-1")
    bench.step(0.2)
    assert bench.send(Command.CLEAR).code is ResultCode.REFUSED
    bench.belt = [False] * 4
    bench.step(0.2)
    bench.clear()


def test_a_part_that_nobody_announced_stops_the_cell_and_needs_a_disposition(bench):
    welding(bench)
    bench.belt[2] = True
    bench.until(State.STOPPING, State.STOPPED)
    found = part(bench, "unknown-1")
    assert (found.place, found.verdict, found.needs_disposition) == ("grind", Verdict.SUSPECT, True)
    bench.step(2.0)
    assert [p.part_id for p in bench.parts().parts].count("unknown-1") == 1


def test_a_part_that_disappears_stops_the_cell(bench):
    welding(bench)
    bench.belt[1] = False
    bench.until(State.STOPPED)
    assert part(bench, "o1-1").place == "unknown"
    assert part(bench, "o1-1").needs_disposition


def test_a_part_on_the_load_place_without_a_request_is_not_taken_for_an_order(bench):
    bench.belt[0] = True
    bench.step(1.0)
    assert [p.part_id for p in bench.state.parts] == ["unknown-1"]
    assert "unknown-1 at load" in bench.state.clear_hindrance


def test_nothing_moves_in_held_suspended_idle_and_stopped(bench):
    welding(bench)
    bench.send(Command.HOLD)
    bench.until(State.HELD)
    bench.step(0.1)
    assert bench.permits[-1].permit is Permit.HOLD
    assert bench.safety.phase is SafetyPhase.HOLD


def test_in_manual_and_maintenance_execute_touches_no_part(bench):
    bench.submit(1)
    for mode in (Mode.MANUAL, Mode.MAINTENANCE):
        assert bench.set_mode(mode).code is ResultCode.ACCEPTED
        bench.start()
        bench.step(5.0)
        assert bench.packml is State.EXECUTE
        assert not any(bench.belt)
        bench.send(Command.ABORT)
        bench.until(State.ABORTED)


def test_sigterm_stops_the_cell_and_then_lets_the_process_end(bench):
    welding(bench)
    bench.runner.deliver("stop_requested", StopRequested("SIGTERM"), bench.now_s)
    bench.until(State.STOPPED)
    bench.step(0.2)
    assert sum(s.port == "finished" for s in bench.sent) == 1
    assert part(bench, "o1-1").verdict is Verdict.SUSPECT


def test_an_index_that_was_stopped_leaves_the_parts_where_they_were(bench):
    bench.stations["conveyor"].ending = TaskResult.STOPPED
    bench.submit(1)
    bench.start()
    bench.until(State.STOPPED)
    found = part(bench, "o1-1")
    assert (found.place, found.process, found.needs_disposition) == ("load", "", False)
    bench.stations["conveyor"].ending = TaskResult.DONE
    bench.restart()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 1


def test_sensors_that_are_not_known_yet_make_no_part_disappear(bench):
    welding(bench)
    bench.belt = []
    bench.is_feeding = False
    conveyor = bench.stations["conveyor"]
    bench._plant = lambda: None
    bench.step(2.0)
    assert part(bench, "o1-1").place == "weld"
    assert conveyor.is_alive


def test_a_stop_while_a_lost_belt_is_homed_leaves_it_where_it_is(bench):
    """It is in its zones until it is homed: no reason to wait for it."""
    belt = bench.stations["conveyor"]
    belt.is_ready = belt.is_clear = False
    bench.submit(1)
    bench.clear()
    bench.send(Command.RESET)
    bench.until(State.IDLE)
    bench.send(Command.START)
    bench.until_working(TaskKind.HOME)
    bench.send(Command.STOP)
    bench.until(State.STOPPED, limit_s=2.0)
    assert belt.result is TaskResult.STOPPED
    assert not belt.is_clear
