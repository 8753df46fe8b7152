"""Alarms as data, lost reading nodes, and what submit_order and get_parts answer."""

from dataclasses import replace

import pytest

from cell_controller.cell.alarms import CATALOGUE, HISTORY_LENGTH, AlarmBook, AlarmId, Condition
from cell_controller.cell.errors import LayoutError
from cell_controller.cell.layout import layout_of
from cell_controller.cell.orders import MAX_QUANTITY
from cell_controller.messages import Guard, Heartbeat, PartQuery, StationState, Trip
from cell_controller.packml import State


def test_every_alarm_of_the_catalogue_has_a_text_and_its_thousands_are_its_category():
    assert set(CATALOGUE) == set(AlarmId)
    assert all(spec.text for spec in CATALOGUE.values())
    book = AlarmBook()
    book.update([Condition(alarm, "x") for alarm in AlarmId], 1.0)
    assert {a.id // 1000 == a.category for a in book.read().active} == {True}


def test_a_condition_is_active_while_it_holds_and_history_afterwards():
    book = AlarmBook()
    condition = Condition(AlarmId.NODE_LOST, "recorder", "recorder")
    assert book.update([condition], 1.0)
    assert not book.update([condition], 2.0)
    assert book.read().active[0].raised_at_s == 1.0
    assert book.update([], 3.0)
    assert book.read().active == ()
    assert [a.is_active for a in book.read().history] == [False]


def test_an_event_stays_until_it_is_acknowledged():
    book = AlarmBook()
    book.raise_event(Condition(AlarmId.TASK_FAILED, "robot", "jam"))
    book.update([], 1.0)
    book.update([], 2.0)
    assert len(book.read().active) == 1
    book.acknowledge()
    book.update([], 3.0)
    assert book.read().active == ()


def test_the_history_is_bounded():
    book = AlarmBook()
    for number in range(HISTORY_LENGTH + 10):
        book.update([Condition(AlarmId.SAFETY_WARNING, f"{number}")], float(number))
    assert len(book.read().history) == HISTORY_LENGTH


def test_of_what_followed_the_first_trip_only_what_is_still_there_is_an_alarm(bench):
    bench.trip("guard guard_closed: open")
    first = replace(bench.safety.trips[0], is_present=False)
    passed = Trip("stale_data", "weld_x", "its data are too old")
    present = Trip("drive_fault", "weld_z", "fault 13", is_present=True)
    bench.safety = replace(bench.safety, trips=(first, passed, present))
    bench.step(0.3)
    trips = [a.source for a in bench.alarms.active if a.id == AlarmId.SAFETY_TRIP]
    assert trips == ["guard guard_closed", "drive_fault weld_z"]


def test_losing_the_recorder_is_an_alarm_and_no_stop(bench):
    bench.start()
    for seq in range(1, 20):
        bench.runner.deliver("heartbeat", Heartbeat(Guard("recorder", 5, seq, 0.0)), bench.now_s)
        bench.step(0.1)
    assert not any(a.id == AlarmId.NODE_LOST for a in bench.alarms.active)
    state = bench.packml
    bench.step(3.0)
    lost = [a.source for a in bench.alarms.active if a.id == AlarmId.NODE_LOST]
    assert lost == ["recorder"]  # the panel never appeared: it is not missed
    assert bench.packml in (state, State.SUSPENDED)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"recipe": "nothing"}, "coupon"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": MAX_QUANTITY + 1}, "quantity"),
        ({"order_id": ""}, "order_id"),
        ({"order_id": "x" * 65}, "order_id"),
    ],
)
def test_a_wrong_order_is_refused_with_the_reason(bench, fields, word):
    reply = bench.submit(**({"quantity": 1} | fields))
    assert not reply.is_accepted
    assert word in reply.reason


def test_one_order_at_a_time(bench):
    assert bench.submit(2).is_accepted
    reply = bench.submit(1, "o2")
    assert not reply.is_accepted
    assert "o1 is active" in reply.reason


def test_asking_again_for_the_same_order_is_accepted_and_makes_no_second_one(bench):
    bench.submit(1)
    assert bench.submit(1).is_accepted
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    assert bench.state.parts_consumed == 1


def test_get_parts_finds_by_part_and_by_order_and_says_what_is_unknown(bench):
    bench.submit(1)
    bench.start()
    bench.until(State.COMPLETE, limit_s=60.0)
    for query, is_found in (
        (PartQuery("q", part_id="o1-1"), True),
        (PartQuery("q", order_id="o1"), True),
        (PartQuery("q", part_id="o1-9"), False),
        (PartQuery("q", order_id="o9"), False),
    ):
        bench.runner.deliver("get_parts_request", query, bench.now_s)
        bench.run_manager()
        assert bench.replies[-1].is_found is is_found
        assert bool(bench.replies[-1].parts) is is_found
        assert bool(bench.replies[-1].reason) is not is_found


def test_a_station_state_of_a_stranger_is_not_believed(bench):
    bench.start()
    stranger = StationState("robot", tool_in_material=True, guard=Guard("spindle", 7, 10**6, 0.0))
    bench.runner.deliver("station_state", stranger, bench.now_s)
    bench.run_manager()
    assert not any(s.tool_in_material for s in bench.state.stations)


def test_two_stations_at_one_place_are_no_layout(bench):
    cell = bench.loaded.cell
    robot = cell.stations["robot"]
    spindle = cell.stations["spindle"].model_copy(update={"place": robot.place})
    twisted = cell.model_copy(update={"stations": cell.stations | {"spindle": spindle}})
    with pytest.raises(LayoutError, match="works there already"):
        layout_of(twisted)
    last = cell.stations["spindle"].model_copy(update={"place": "out"})
    with pytest.raises(LayoutError, match="last place"):
        layout_of(cell.model_copy(update={"stations": cell.stations | {"spindle": last}}))
    with pytest.raises(LayoutError, match="0 conveyors"):
        layout_of(cell.model_copy(update={"stations": {"robot": robot}}))
