"""Grants of zones on measured clearance alone; the rhythm and determinism of what the manager sends."""

from hypothesis import given
from hypothesis import strategies as st

from cell_controller.cell.layout import layout_of
from cell_controller.cell.view import View
from cell_controller.cell.zones import ZoneBook
from cell_controller.messages import (
    CellPermit,
    CellState,
    Echo,
    Order,
    StationState,
    TaskKind,
)
from cell_controller.packml import State

STATIONS = ("robot", "spindle", "conveyor")


def view_of(clear, heard=STATIONS):
    stations = {name: StationState(name, is_clear=name in clear) for name in heard}
    return View(0.0, None, Echo(), stations)


def owners(zones):
    return {z.zone: z.owner for z in zones.owners()}


def test_after_a_start_nobody_owns_a_zone(bench):
    assert set(owners(ZoneBook(layout_of(bench.loaded.cell))).values()) == {""}


def test_a_station_that_is_not_measured_clear_keeps_others_out(bench):
    zones = ZoneBook(layout_of(bench.loaded.cell))
    assert not zones.grant("robot", view_of(("robot", "spindle")), ())
    assert not zones.grant("robot", view_of(STATIONS, heard=("robot", "spindle")), ())
    assert not zones.grant("robot", view_of(STATIONS), ("conveyor",))
    assert not zones.grant("nobody", view_of(STATIONS), ())
    assert set(owners(zones).values()) == {""}
    assert zones.grant("robot", view_of(STATIONS), ())
    assert owners(zones) == {"weld_place": "robot", "grind_place": ""}


def test_the_belt_gets_all_its_zones_or_none(bench):
    zones = ZoneBook(layout_of(bench.loaded.cell))
    assert not zones.grant("conveyor", view_of(("conveyor", "robot")), ())
    assert set(owners(zones).values()) == {""}
    assert zones.grant("conveyor", view_of(("robot", "spindle")), ())  # its own clearance is not asked
    assert set(owners(zones).values()) == {"conveyor"}


@given(st.lists(st.tuples(st.sampled_from(STATIONS), st.sets(st.sampled_from(STATIONS))), max_size=20))
def test_a_zone_never_passes_from_an_owner_that_is_not_clear(bench_of, steps):
    zones = ZoneBook(layout_of(bench_of().loaded.cell))
    for station, clear in steps:
        before = owners(zones)
        zones.grant(station, view_of(clear), ())
        for zone, owner in owners(zones).items():
            if owner != before[zone] and before[zone]:
                assert before[zone] in clear


def test_the_belt_starts_only_when_the_load_request_has_been_off_for_a_while(bench):
    bench.submit(3)
    bench.start()
    bench.until(State.COMPLETE, limit_s=90.0)
    requested_s = -1.0
    starts = 0
    indexing = 0
    for at_s, order in bench.orders:
        if order.station != "conveyor":
            continue
        if order.parameters[-1].value == 1.0:
            requested_s = at_s
        if order.kind is TaskKind.INDEX and order.task_id != indexing:
            indexing = order.task_id
            starts += 1
            assert at_s - requested_s >= 0.25
    assert starts >= 4


def test_permits_and_orders_leave_every_50_ms_and_the_state_every_100(bench):
    begun_s = bench.now_s
    times = {CellPermit: [], Order: [], CellState: []}
    for _ in range(80):
        bench.sent.clear()
        bench.step()
        for kind, seen in times.items():
            seen += [bench.now_s] * any(isinstance(s.message, kind) for s in bench.sent)
    tick_s = 0.0255  # the bench steps the manager at its own ticks of 25 ms only
    for kind, period_s in ((CellPermit, 0.05), (Order, 0.05), (CellState, 0.1)):
        gaps = [b - a for a, b in zip([begun_s, *times[kind]], times[kind], strict=False)]
        assert len(gaps) >= 15
        assert max(gaps) <= period_s + tick_s


def test_the_permit_echoes_the_newest_safety_state(bench):
    echo = bench.permits[-1].echo
    assert (echo.source, echo.session) == ("interlock", bench.safety_session)
    assert bench.now_s - 0.05 <= echo.stamp_s <= bench.now_s


def test_two_runs_of_the_same_inputs_send_the_same_messages(bench_of):
    def run():
        bench = bench_of()
        bench.step(0.2)
        bench.submit(2)
        bench.start()
        bench.until(State.COMPLETE, limit_s=60.0)
        return bench.sent

    assert run() == run()


def test_a_trip_reaches_the_stations_in_the_step_that_sees_it(bench):
    bench.submit(1)
    bench.start()
    bench.until_working(TaskKind.WELD)
    bench.trip()
    at_s = bench.now_s
    bench.until(State.ABORTING, State.ABORTED)
    assert bench.now_s - at_s <= 0.1
