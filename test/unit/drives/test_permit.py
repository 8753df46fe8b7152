"""What a bus may obey: echo of its own session, newest epoch, fresh by its own clock."""

from dataclasses import replace
from math import inf, nextafter

import pytest

from cell_controller.drives.permit import PermitBook
from cell_controller.messages import Allowed, Echo, LineCommand, LineDrive

SESSION = 77


def command(
    epoch: int = 3, stamp_s: float = 10.0, allowed: Allowed = Allowed.MOTION, valid_for_s: float = 0.1
) -> LineCommand:
    drives = (LineDrive("x", allowed), LineDrive("z", allowed))
    return LineCommand("line", epoch, Echo("line", SESSION, stamp_s), valid_for_s, drives)


@pytest.fixture
def book() -> PermitBook:
    return PermitBook("line", ("x", "z"), 0.1)


def test_a_fresh_command_of_a_newer_epoch_may_be_obeyed(book: PermitBook) -> None:
    assert book.take((command(),), SESSION, 10.02)
    assert book.may_obey(10.02)
    assert book.of("x").allowed is Allowed.MOTION


def test_freshness_counts_from_the_echoed_stamp_and_not_from_the_arrival(book: PermitBook) -> None:
    book.take((command(stamp_s=10.0),), SESSION, 10.09)
    assert book.may_obey(10.0999)
    assert not book.may_obey(10.1001)
    assert book.expires_at_s == pytest.approx(10.1)


def test_no_command_is_valid_for_longer_than_the_cap(book: PermitBook) -> None:
    book.take((command(valid_for_s=60.0),), SESSION, 10.0)
    assert not book.may_obey(10.11)


def test_a_shorter_validity_is_kept(book: PermitBook) -> None:
    book.take((command(valid_for_s=0.05),), SESSION, 10.0)
    assert not book.may_obey(10.06)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(command(), echo=Echo("line", SESSION + 1, 10.0)),  # echoes a former start of this bus
        replace(command(), echo=Echo("line", SESSION, 99.0)),  # echoes the future
        replace(command(), epoch=0),
        replace(command(), valid_for_s=float("nan")),
        replace(command(), drives=(LineDrive("x", Allowed.MOTION),)),
        replace(command(), drives=(LineDrive("x"), LineDrive("x"))),
        replace(command(), drives=(LineDrive("x"), LineDrive("other"))),
    ],
)
def test_an_unsound_command_is_discarded_and_counted(book: PermitBook, wrong: LineCommand) -> None:
    assert not book.take((wrong,), SESSION, 10.02)
    assert book.discarded == 1
    assert book.epoch == 0
    assert not book.may_obey(10.02)


def test_commands_of_other_lines_are_none_of_our_business(book: PermitBook) -> None:
    assert not book.take((replace(command(), line="other"),), SESSION, 10.0)
    assert book.discarded == 0


def test_an_older_epoch_is_discarded_even_when_fresh(book: PermitBook) -> None:
    book.take((command(epoch=5, allowed=Allowed.STOP_PROGRAM), command(epoch=4)), SESSION, 10.0)
    assert book.epoch == 5
    assert book.is_stop
    assert not book.may_obey(10.0)


def test_after_a_stop_nothing_of_the_same_epoch_is_obeyed(book: PermitBook) -> None:
    book.take((command(epoch=3),), SESSION, 10.0)
    book.close()
    book.take((command(epoch=3, stamp_s=10.05),), SESSION, 10.05)
    assert not book.may_obey(10.05)
    book.take((command(epoch=4, stamp_s=10.06),), SESSION, 10.06)
    assert book.may_obey(10.06)


def test_a_stop_needs_no_freshness(book: PermitBook) -> None:
    book.take((command(stamp_s=1.0, allowed=Allowed.STOP_PROGRAM),), SESSION, 10.0)
    assert book.is_stop
    assert not book.is_fresh(10.0)


def test_before_the_first_command_nothing_is_allowed(book: PermitBook) -> None:
    assert not book.may_obey(0.0)
    assert book.of("x").allowed is Allowed.NONE


def test_a_new_book_permits_nothing_and_forbids_no_epoch(book: PermitBook) -> None:
    assert (book.epoch, book.stopped_epoch, book.command, book.is_stop) == (0, 0, None, False)
    assert (book.expires_at_s, book.discarded) == (-inf, 0)
    assert book.take((command(epoch=1),), SESSION, 10.0)
    assert book.may_obey(10.0), "the first epoch of all"


def test_the_last_of_several_commands_counts_whatever_stands_among_them(book: PermitBook) -> None:
    foreign, unsound = replace(command(), line="other"), replace(command(), epoch=0)
    newest = command(stamp_s=10.01)
    assert book.take((foreign, command(), unsound, foreign, unsound, newest), SESSION, 10.02)
    assert book.command is newest
    assert book.discarded == 2
    assert book.take((command(stamp_s=10.02), foreign), SESSION, 10.02)
    assert not book.take((), SESSION, 10.02)


def test_a_permit_ends_at_its_time_and_not_after_it(book: PermitBook) -> None:
    book.take((command(stamp_s=8.0, valid_for_s=0.0625),), SESSION, 8.0)
    assert book.expires_at_s == 8.0625
    assert book.may_obey(nextafter(8.0625, 0.0))
    assert not book.may_obey(8.0625)


def test_an_echo_of_this_very_moment_is_sound(book: PermitBook) -> None:
    assert book.take((command(stamp_s=10.0),), SESSION, 10.0)
    assert not book.take((command(stamp_s=nextafter(10.0, inf)),), SESSION, 10.0)


def test_a_shorter_validity_of_the_cell_is_kept() -> None:
    book = PermitBook("line", ("x", "z"), 0.0625)
    book.take((command(stamp_s=8.0),), SESSION, 8.0)
    assert book.expires_at_s == 8.0625
    long = PermitBook("line", ("x", "z"), 5.0)
    long.take((command(stamp_s=8.0, valid_for_s=5.0),), SESSION, 8.0)
    assert long.expires_at_s == 8.1


def test_one_drive_that_is_to_stop_stops_the_line(book: PermitBook) -> None:
    drives = (LineDrive("x", Allowed.MOTION), LineDrive("z", Allowed.STOP_PROGRAM))
    book.take((replace(command(), drives=drives),), SESSION, 10.0)
    assert book.is_stop
    assert not book.may_obey(10.0)
    book.take((command(stamp_s=10.01),), SESSION, 10.01)
    assert not book.is_stop
