"""Parts that nobody announced have ids of their own, for ever."""

from __future__ import annotations

from cell_controller.cell.parts import PartBook
from cell_controller.messages import PartEvent, PartEventKind, Verdict


def test_an_unknown_parts_id_is_not_given_again_after_its_record_was_let_go() -> None:
    book = PartBook()
    given = set()
    for _ in range(1100):  # more than the closed records that are kept
        part_id = book.new_unknown_id()
        assert part_id not in given
        given.add(part_id)
        book.apply(PartEvent(part_id, PartEventKind.CREATED, place="load"))
        book.apply(
            PartEvent(
                part_id, PartEventKind.DISPOSED, place="removed", verdict=Verdict.SCRAPPED, operator="a"
            )
        )


def test_ids_go_on_where_the_journal_ended() -> None:
    book = PartBook()
    book.load([PartEvent("unknown-7", PartEventKind.CREATED, place="load")])
    assert book.new_unknown_id() == "unknown-8"
