"""Counts by kind of error, and latencies over the newest answers only."""

from math import isnan

import pytest

from cell_controller.drives.errors import DriveError
from cell_controller.drives.protocols.errors import (
    CrcError,
    DriveExceptionError,
    WrongLengthError,
    WrongUnitError,
)
from cell_controller.drives.statistics import RENEW_S, WINDOW, Statistics, nearest_rank
from cell_controller.drives.transaction import LineEchoError, NoReplyError

KINDS = ("timeouts", "crc_errors", "exceptions", "echo_errors", "other_errors")


def counts(statistics: Statistics) -> dict[str, int]:
    return {kind: n for kind in KINDS if (n := getattr(statistics, kind))}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NoReplyError(1, 0.1), "timeouts"),
        (CrcError(1, b"\x01\x03", 0x1234), "crc_errors"),
        (DriveExceptionError(1, 3, 2), "exceptions"),
        (LineEchoError(1, b"\x01", b""), "echo_errors"),
        (WrongUnitError(1, b"\x02", 2), "other_errors"),
        (WrongLengthError(1, b"\x01", 7), "other_errors"),
    ],
)
def test_every_kind_of_error_is_counted_apart(error: DriveError, kind: str) -> None:
    statistics = Statistics()
    statistics.failed(error)
    assert counts(statistics) == {kind: 1}
    assert statistics.transactions == 1
    assert isnan(statistics.p50_s), "an error says nothing of how soon a drive answers"


def test_a_reply_of_another_size_than_its_block_is_no_second_transaction() -> None:
    statistics = Statistics()
    statistics.answered(0.01, 0.0)
    statistics.misfit()
    assert (statistics.transactions, counts(statistics)) == (1, {"other_errors": 1})


def test_percentiles_are_renewed_once_a_second() -> None:
    statistics = Statistics()
    statistics.answered(0.010, 5.0)
    assert statistics.p50_s == statistics.p99_s == statistics.max_s == 0.010
    statistics.answered(0.050, 5.0 + 0.99 * RENEW_S)
    assert statistics.max_s == 0.010
    statistics.answered(0.010, 5.0 + RENEW_S)
    assert (statistics.p50_s, statistics.p99_s, statistics.max_s) == (0.010, 0.050, 0.050)


def test_one_slow_answer_of_two_hundred_is_the_maximum_and_not_the_99th_percentile() -> None:
    statistics = Statistics()
    for number in range(200):
        statistics.answered(0.9 if number == 17 else 0.001 * (1 + number % 2), RENEW_S * number)
    assert (statistics.p50_s, statistics.p99_s, statistics.max_s) == (0.001, 0.002, 0.9)


def test_what_was_slow_is_forgotten_and_the_memory_stays_what_it_is() -> None:
    statistics = Statistics()
    for number in range(WINDOW):
        statistics.answered(0.5, number * 0.001)
    for number in range(WINDOW - 1):
        statistics.answered(0.01, 10.0 + number * 2.0)
    assert statistics.max_s == 0.5, "one old answer is still in the window"
    statistics.answered(0.01, 10_000.0)
    assert statistics.max_s == 0.01
    assert len(statistics._latencies_s) == WINDOW


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [nearest_rank([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.25, 0.5, 0.51, 1.0)] == [
        1.0, 1.0, 2.0, 3.0, 4.0,
    ]  # fmt: skip
