"""Orders flow through the cell: overlap, counts, starvation, blocking, bad parts."""

from cell_controller.messages import (
    Order,
    PartEventKind,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.packml import Command, State


def test_the_cell_starts_aborted_and_moves_nothing(bench):
    bench.step(1.0)
    assert bench.packml is State.ABORTED
    assert all(order.task_id == 0 for _, order in bench.orders)


def test_three_parts_flow_through_and_weld_and_grind_overlap(bench):
    bench.submit(3)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    state = bench.state
    assert (state.parts_good, state.parts_bad, state.parts_consumed, state.parts_processed) == (3, 0, 3, 3)
    assert bench.stations["robot"].taken.count(TaskKind.WELD) == 3
    assert bench.stations["spindle"].taken.count(TaskKind.GRIND) == 3
    assert bench.overlap_s > 3.0
    assert 0.3 < state.overlap_fraction < 1.0
    assert not any(bench.belt)
    assert 0.0 < state.oee <= state.availability * 1.0 + 1.0
    assert [p.verdict for p in state.parts] == [Verdict.GOOD] * 3


def test_every_part_has_one_record_and_is_delivered_once(bench):
    bench.submit(3)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    kinds = [(e.part_id, e.kind) for e in bench.disk]
    for part in ("o1-1", "o1-2", "o1-3"):
        assert kinds.count((part, PartEventKind.CREATED)) == 1
        assert kinds.count((part, PartEventKind.DELIVERED)) == 1
    assert {part for part, _ in kinds} == {"o1-1", "o1-2", "o1-3"}


def test_no_order_leaves_before_its_start_is_on_disk(bench):
    started: list[tuple[str, str]] = []

    def check(b):
        on_disk = [(e.part_id, e.process) for e in b.disk if e.kind is PartEventKind.PROCESS_STARTED]
        for station in b.stations.values():
            if station.kind in (TaskKind.WELD, TaskKind.GRIND) and station.result is TaskResult.RUNNING:
                key = (station.order.part_id, station.kind.name.lower())
                started.append(key)
                assert key in on_disk

    bench.watch = check
    bench.submit(2)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    assert len(set(started)) == 4


def test_zones_have_one_owner_and_the_belt_moves_only_with_all_of_them(bench):
    bench.submit(2)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    conveyor = bench.stations["conveyor"]
    indexed = [z for k, z in zip(conveyor.taken, conveyor.zones_seen, strict=True) if k is TaskKind.INDEX]
    assert indexed
    assert all(set(zones) == {"weld_place", "grind_place"} for zones in indexed)
    robot = bench.stations["robot"]
    assert all(zones == ("weld_place",) for zones in robot.zones_seen)
    for permit in bench.permits:
        assert [z.zone for z in permit.zone_owners] == ["weld_place", "grind_place"]


def test_no_zone_is_given_while_its_owner_is_not_clear(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    robot = bench.stations["robot"]
    robot.is_clear = False
    bench.until_true(lambda: robot.result is TaskResult.DONE)
    bench.step(5.0)
    assert bench.stations["conveyor"].taken.count(TaskKind.INDEX) == 1
    assert all(z.owner == "robot" for z in bench.permits[-1].zone_owners if z.zone == "weld_place")
    robot.is_clear = True
    bench.until(State.COMPLETE, limit_s=60.0)


def test_a_bad_weld_passes_the_spindle_untouched_and_counts_as_bad(bench):
    bench.stations["robot"].verdict = Verdict.BAD
    bench.submit(1)
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert (bench.state.parts_good, bench.state.parts_bad) == (0, 1)
    assert TaskKind.GRIND not in bench.stations["spindle"].taken


def test_a_cell_without_an_order_suspends_starved_and_goes_on_with_the_next_order(bench):
    bench.start()
    bench.until(State.SUSPENDED)
    assert bench.state.is_starved
    assert "amber flashing" in bench.state.stack_light
    bench.submit(1)
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 1


def test_a_loader_without_parts_suspends_the_cell_and_does_not_hold_it(bench):
    bench.is_feeding = False
    bench.submit(1)
    bench.start()
    bench.until(State.SUSPENDED)
    bench.step(3.0)
    assert bench.packml is State.SUSPENDED
    bench.is_feeding = True
    bench.until(State.COMPLETE, limit_s=60.0)


def test_a_full_last_place_suspends_the_cell_as_blocked(bench):
    bench.is_emptying = False
    bench.submit(2)
    bench.start()
    bench.until(State.SUSPENDED, limit_s=60.0)
    assert bench.state.is_blocked
    bench.is_emptying = True
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 2


def test_an_operators_suspend_finishes_the_parts_in_process_and_stays(bench):
    bench.submit(2)
    bench.start()
    bench.until_working(TaskKind.WELD)
    assert bench.send(Command.SUSPEND).code == 0
    bench.until(State.SUSPENDED)
    assert bench.stations["robot"].result is TaskResult.DONE
    bench.step(20.0)
    assert bench.packml is State.SUSPENDED
    assert bench.send(Command.UNSUSPEND).code == 0
    bench.until(State.COMPLETE, limit_s=60.0)


def test_stations_that_are_not_ready_go_home_in_starting_and_the_belt_last(bench):
    for station in bench.stations.values():
        station.is_ready = False
    bench.stations["conveyor"].is_clear = False
    bench.submit(1)
    bench.start()
    homed = [(t, o.station) for t, o in bench.orders if o.kind is TaskKind.HOME]
    first = {name: min(t for t, n in homed if n == name) for name in bench.stations}
    assert first["conveyor"] > max(first["robot"], first["spindle"])


def test_complete_runs_the_belt_empty_and_closes_the_order(bench):
    bench.submit(10)
    bench.start()
    bench.until_working(TaskKind.GRIND)
    assert bench.send(Command.COMPLETE).code == 0
    bench.until(State.COMPLETE, limit_s=60.0)
    assert not any(bench.belt)
    assert bench.state.parts_good == bench.state.parts_consumed
    assert bench.submit(1, "o2").is_accepted


def test_a_second_order_counts_from_zero(bench):
    bench.submit(1)
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.submit(2, "o2").is_accepted
    bench.restart()
    bench.until(State.COMPLETE, limit_s=90.0)
    assert (bench.state.parts_ordered, bench.state.parts_good) == (2, 2)


def test_hold_waits_for_the_hold_point_and_unhold_goes_on(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.GRIND)
    assert bench.send(Command.HOLD).code == 0
    bench.until(State.HELD)
    bench.step(1.0)
    assert bench.stations["spindle"].result is TaskResult.RUNNING
    assert bench.send(Command.UNHOLD).code == 0
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_good == 1


def test_the_load_request_is_off_while_the_belt_moves(bench):
    seen: list[Order] = []

    def check(b):
        conveyor = b.stations["conveyor"]
        if conveyor.kind is TaskKind.INDEX and conveyor.result is TaskResult.RUNNING:
            seen.append(conveyor.order)
            assert conveyor.order.parameters[-1].value == 0.0

    bench.watch = check
    bench.submit(3)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    assert seen
