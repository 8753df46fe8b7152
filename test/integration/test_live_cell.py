"""One running cell, from its first state over every kind of death to a good part. The order matters."""

import signal

import pytest

from support.live_cell import LiveCell

from . import action_cases, cases, fault_cases


def test_the_cell_comes_up_aborted_and_tripped_and_nothing_moves(live_cell: LiveCell) -> None:
    cases.comes_up_aborted_and_tripped(live_cell)


def test_illegal_stale_repeated_and_malformed_commands_change_nothing(live_cell: LiveCell) -> None:
    cases.commands_that_are_illegal_stale_repeated_or_malformed_change_nothing(live_cell)


def test_stop_type_commands_are_never_refused_for_staleness(live_cell: LiveCell) -> None:
    cases.stop_type_commands_are_never_refused_for_staleness(live_cell)


def test_an_old_abort_is_obeyed_and_no_start_is_obeyed_twice(live_cell: LiveCell) -> None:
    cases.an_old_abort_is_obeyed_and_no_start_is_obeyed_twice(live_cell)


def test_the_state_seq_changes_with_the_state_and_with_nothing_else(live_cell: LiveCell) -> None:
    cases.a_state_seq_changes_with_the_state_and_with_nothing_else(live_cell)


def test_the_commands_of_the_readme_work(live_cell: LiveCell) -> None:
    cases.the_commands_of_the_readme_work(live_cell)


def test_goals_are_refused_in_production_and_served_in_maintenance(live_cell: LiveCell) -> None:
    action_cases.goals_are_refused_in_production_and_served_in_maintenance(live_cell)


def test_losing_the_recorder_is_an_alarm_and_no_stop(live_cell: LiveCell) -> None:
    cases.losing_the_recorder_is_an_alarm_and_no_stop(live_cell)


@pytest.mark.parametrize(
    ("victim", "number"),
    [
        ("weld_line", signal.SIGKILL),
        ("interlock", signal.SIGKILL),
        ("robot", signal.SIGKILL),
        ("grind_line", signal.SIGSTOP),
        ("cell_manager", signal.SIGSTOP),
    ],
    ids=lambda v: v.name if isinstance(v, signal.Signals) else v,
)
def test_a_weld_survives_nothing_but_a_person(
    live_cell: LiveCell, victim: str, number: signal.Signals
) -> None:
    cases.a_weld_survives_nothing_but_a_person(live_cell, victim, number)


def test_a_station_is_deactivated_in_a_weld_and_nobody_else_may_be(live_cell: LiveCell) -> None:
    cases.a_station_is_deactivated_in_a_weld_and_nobody_else_may_be(live_cell)


def test_an_unplugged_line_aborts_the_cell_and_plugging_it_back_moves_nothing(live_cell: LiveCell) -> None:
    cases.an_unplugged_line_aborts_the_cell_and_plugging_it_back_moves_nothing(live_cell)


def test_an_order_is_refused_while_the_disk_is_full(live_cell: LiveCell) -> None:
    fault_cases.an_order_is_refused_while_the_disk_is_full(live_cell)


def test_what_may_stop_nothing_leaves_a_good_part(live_cell: LiveCell) -> None:
    fault_cases.what_may_stop_nothing_leaves_a_good_part(live_cell)


@pytest.mark.parametrize(("key", "cause"), list(fault_cases.STOPS.items()))
def test_a_fault_stops_the_cell_in_time(live_cell: LiveCell, key: str, cause: str) -> None:
    fault_cases.a_fault_stops_the_cell_in_time(live_cell, key, cause)


def test_after_all_that_a_good_part_is_made(live_cell: LiveCell) -> None:
    cases.a_good_part_is_made(live_cell)
