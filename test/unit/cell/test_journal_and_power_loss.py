"""The part journal: intentions wait for it, facts are never lost, and a restart believes only it."""

import pytest

from cell_controller.messages import (
    JournalFailed,
    OrderRequest,
    PartEventKind,
    ResultCode,
    TaskKind,
    Verdict,
)
from cell_controller.packml import Command, State


def part(bench, part_id):
    return next(p for p in bench.parts().parts if p.part_id == part_id)


def test_an_order_is_accepted_only_after_the_journal_has_proved_that_it_syncs(bench):
    bench.is_journal_alive = False
    bench.runner.deliver("submit_order_request", order_request(), bench.now_s)
    bench.step(0.5)
    assert bench.replies == []
    assert bench.state.order_id == ""


def order_request():
    return OrderRequest("r", "o1", "ann", "coupon", 1)


def test_a_new_order_is_refused_when_the_journal_cannot_sync(bench):
    bench.journal_error = "no space left on device"
    reply = bench.submit(1)
    assert not reply.is_accepted
    assert "no space left on device" in reply.reason
    assert bench.state.order_id == ""
    assert any(a.id == 4001 for a in bench.alarms.active)


def test_a_journal_that_is_well_again_takes_orders_again(bench):
    bench.journal_error = "no space left on device"
    bench.submit(1)
    bench.journal_error = ""
    bench.step(2.5)
    assert not any(a.id == 4001 for a in bench.alarms.active)
    assert bench.submit(1).is_accepted


def test_a_failing_journal_starts_no_process_holds_the_cell_and_loses_nothing(bench):
    bench.submit(2)
    bench.start()
    bench.until_working(TaskKind.WELD)
    bench.journal_error = "no space left on device"
    bench.until(State.HELD, State.HOLDING, limit_s=60.0)
    bench.until(State.HELD)
    grinds = bench.stations["spindle"].taken.count(TaskKind.GRIND)
    indexed = bench.stations["conveyor"].taken.count(TaskKind.INDEX)
    assert (grinds, indexed) == (0, 1)
    assert bench.send(Command.UNHOLD).code is ResultCode.REFUSED
    assert not any(e.kind is PartEventKind.PROCESS_ENDED for e in bench.disk)
    bench.journal_error = ""
    bench.step(2.5)
    ended = [e for e in bench.disk if e.kind is PartEventKind.PROCESS_ENDED]
    assert [e.part_id for e in ended] == ["o1-1"]
    assert bench.send(Command.UNHOLD).code is ResultCode.ACCEPTED
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 2


def test_a_disposition_that_cannot_be_written_does_not_count(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    bench.trip()
    bench.until(State.ABORTED)
    bench.step(0.5)
    bench.journal_error = "database is locked"
    reply = bench.dispose("o1-1")
    assert not reply.is_accepted
    assert part(bench, "o1-1").needs_disposition
    bench.journal_error = ""
    bench.step(2.5)
    assert bench.dispose("o1-1").is_accepted


def test_clear_is_refused_until_the_journal_has_been_read(bench):
    bench.start_manager(12, is_loaded=False)
    bench.step(0.2)
    result = bench.send(Command.CLEAR)
    assert result.code is ResultCode.REFUSED
    assert "not been read" in result.reason
    bench.runner.deliver("journal_failed", JournalFailed(0, "file is not a database"), bench.now_s)
    bench.step(0.1)
    assert "file is not a database" in bench.send(Command.CLEAR).reason


def test_a_journal_that_does_not_answer_is_an_alarm_and_starts_nothing(bench):
    bench.submit(1)
    bench.start()
    bench.is_journal_alive = False
    bench.step(5.0)
    assert any(a.id == 4001 for a in bench.alarms.active)
    assert bench.stations["conveyor"].taken == []


def restarted(bench, session=99):
    """Power loss: the manager is gone, the stations have forgotten, what is on disk stays."""
    bench.start_manager(session)
    for station in bench.stations.values():
        station.restart()
    bench.trip("startup", is_recoverable=True)
    bench.step(0.5)


def test_after_power_loss_a_part_in_process_is_suspect_and_must_be_disposed_of(bench):
    bench.submit(2)
    bench.start()
    bench.until_working(TaskKind.WELD)
    restarted(bench)
    assert bench.packml is State.ABORTED
    found = part(bench, "o1-1")
    assert (found.verdict, found.needs_disposition, found.place) == (Verdict.SUSPECT, True, "weld")
    assert bench.send(Command.CLEAR).code is ResultCode.REFUSED
    bench.dispose("o1-1")
    assert not bench.submit(1, "o1").is_accepted  # the id lives in the journal
    for loose in bench.parts().parts:
        if loose.needs_disposition:
            assert bench.dispose(loose.part_id).is_accepted
    bench.belt = [False] * 4
    bench.step(0.3)
    bench.submit(1, "o2")
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert (bench.state.parts_good, bench.state.parts_bad) == (1, 0)


def test_a_second_power_loss_adds_no_second_record_and_no_second_recovery(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    restarted(bench, 99)
    count = len(bench.disk)
    restarted(bench, 100)
    assert len(bench.disk) == count
    assert [p.part_id for p in bench.parts().parts] == ["o1-1"]


def test_a_power_loss_at_any_write_loses_and_doubles_no_part(bench_of):
    whole = bench_of()
    whole.step(0.2)
    whole.submit(2)
    whole.start()
    whole.until(State.COMPLETE, limit_s=60.0)
    for length in range(len(whole.disk) + 1):
        bench = bench_of(session=50 + length, events=tuple(whole.disk[:length]))
        bench.step(0.3)
        records = bench.parts().parts
        created = {e.part_id for e in whole.disk[:length] if e.kind is PartEventKind.CREATED}
        assert sorted(p.part_id for p in records) == sorted(created)
        for record in records:
            is_gone = (
                record.place == "out" and record.verdict is Verdict.GOOD and not record.needs_disposition
            )
            assert is_gone or record.needs_disposition
        delivered = [e for e in whole.disk[:length] if e.kind is PartEventKind.DELIVERED]
        assert len([p for p in records if not p.needs_disposition]) == len(delivered)


@pytest.mark.parametrize("task", [TaskKind.WELD, TaskKind.INDEX])
def test_a_disposed_part_that_still_lies_there_gets_no_second_record_from_a_new_manager(bench, task):
    """The manager dies between the decision and the hand that takes the part away."""
    bench.submit(1)
    bench.start()
    bench.until_working(task)
    bench.trip("guard")
    bench.until(State.ABORTED)
    bench.belt = [False, True, False, False]
    assert bench.dispose("o1-1").is_accepted
    restarted(bench)
    bench.step(3.0)
    assert [p.part_id for p in bench.parts().parts] == ["o1-1"]
    assert "o1-1 at weld" in bench.state.clear_hindrance
    bench.belt = [False] * 4
    bench.step(1.0)
    assert "o1-1" not in bench.state.clear_hindrance


def test_a_part_that_came_to_the_place_of_a_disposed_one_is_not_taken_for_it(bench):
    bench.submit(2)
    bench.start()
    bench.until_working(TaskKind.WELD)
    bench.trip("guard")
    bench.until(State.ABORTED)
    bench.dispose("o1-1")
    bench.belt[1] = False
    bench.step(0.5)
    bench.clear()
    bench.send(Command.RESET)
    bench.send(Command.START)
    bench.until_working(TaskKind.WELD)
    restarted(bench)
    bench.step(1.0)
    assert "o1-1" not in bench.state.clear_hindrance
