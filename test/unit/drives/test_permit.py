"""What a bus may obey: echo of its own session, newest epoch, fresh by its own clock."""

from dataclasses import replace

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
