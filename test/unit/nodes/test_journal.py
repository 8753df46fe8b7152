"""The part journal's file: what was reported as synced is there afterwards, whatever happens to the rest."""

import os
import queue
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from cell_controller.messages import (
    JournalFailed,
    JournalLoaded,
    JournalSynced,
    JournalWrite,
    Parameter,
    PartEvent,
    PartEventKind,
    Verdict,
)
from cell_controller.nodes.journal import JournalError, JournalIo, PartJournal
from cell_controller.runtime import Sent


def event(number: int, kind: PartEventKind = PartEventKind.CREATED) -> PartEvent:
    return PartEvent(
        f"o1-{number}",
        kind,
        order_id="o1",
        recipe="coupon",
        recipe_hash="abc",
        place="load",
        process="weld",
        verdict=Verdict.GOOD,
        detail='it\'s "quoted" ü',
        operator="ann",
        results=(Parameter("axial_force_mean_n", 6012.5), Parameter("size_m", float("inf"))),
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "parts.sqlite"


@pytest.fixture
def journal(path):
    journal = PartJournal(path)
    journal.open()
    yield journal
    journal.close()


def stored(path) -> tuple[PartEvent, ...]:
    journal = PartJournal(path)
    try:
        return journal.open()
    finally:
        journal.close()


def test_events_come_back_as_they_went_in_and_in_order(path, journal):
    journal.append(1, (event(1), event(2)))
    journal.append(2, (event(1, PartEventKind.PROCESS_STARTED),))
    journal.close()
    assert stored(path) == (event(1), event(2), event(1, PartEventKind.PROCESS_STARTED))


def test_a_batch_repeated_with_its_number_is_stored_once(path, journal):
    journal.append(1, (event(1),))
    journal.append(1, (event(1),))
    assert stored(path) == (event(1),)


def test_an_empty_batch_is_a_real_write(path, journal):
    journal.append(1, ())
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM batches").fetchone() == (1,)
    connection.close()


def test_every_commit_is_synced(journal):
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert journal._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_events_can_be_neither_changed_nor_removed(journal):
    journal.append(1, (event(1),))
    for statement in ("UPDATE events SET verdict = 1", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            journal._connection.execute(statement)


def test_the_parts_view_shows_one_line_per_part_with_its_newest_event(path, journal):
    journal.append(1, (event(1), event(2), event(1, PartEventKind.DELIVERED)))
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT part_id, events FROM parts ORDER BY part_id").fetchall()
    connection.close()
    assert rows == [("o1-1", 2), ("o1-2", 1)]


def test_a_full_disk_fails_the_batch_whole_and_later_ones_succeed(path, journal):
    journal.append(1, (event(1),))
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = tuple(event(number) for number in range(2000))
    with pytest.raises(JournalError, match="full"):
        journal.append(2, many)
    journal.append(2, (event(2),))  # reopened, without the limit: the disk has room again
    assert stored(path) == (event(1), event(2))


def test_a_locked_file_fails_with_a_reason_and_goes_on_when_it_is_free(path, journal, monkeypatch):
    monkeypatch.setattr("cell_controller.nodes.journal.BUSY_TIMEOUT_S", 0.05)
    journal.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(JournalError, match="locked"):
        journal.append(1, (event(1),))
    other.execute("ROLLBACK")
    other.close()
    journal.append(1, (event(1),))
    assert stored(path) == (event(1),)


@pytest.mark.parametrize("damage", [b"this is not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_damaged_file_is_refused_and_left_as_it_is(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage)
    with pytest.raises(JournalError, match=str(path)):
        PartJournal(path).open()
    assert path.read_bytes() == damage


def test_an_sqlite_file_of_somebody_else_is_refused(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE friends (name TEXT)")
    connection.close()
    with pytest.raises(JournalError, match="not a part journal"):
        PartJournal(path).open()


def test_a_file_that_was_removed_or_replaced_fails_instead_of_swallowing(path, journal):
    journal.append(1, (event(1),))
    path.rename(path.with_suffix(".old"))
    with pytest.raises(JournalError, match="removed"):
        journal.append(2, (event(2),))
    path.write_bytes(b"")
    with pytest.raises(JournalError, match="replaced"):
        journal.append(2, (event(2),))


def test_what_was_synced_survives_a_kill(path):
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from cell_controller.messages import PartEvent, PartEventKind
        from cell_controller.nodes.journal import PartJournal
        journal = PartJournal(Path(sys.argv[1]))
        journal.open()
        number = 0
        while True:
            number += 1
            journal.append(number, (PartEvent(f"p-{number}", PartEventKind.CREATED),))
            print(number, flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(5):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        told = 5 + sum(1 for line in process.stdout if line.endswith("\n"))
    parts = [e.part_id for e in stored(path)]
    assert len(parts) >= told
    assert parts == [f"p-{number}" for number in range(1, len(parts) + 1)]


class Posted:
    """Answers of a JournalIo, in order."""

    def __init__(self) -> None:
        self.answers: queue.Queue[tuple[str, object]] = queue.Queue()

    def __call__(self, port: str, message: object) -> None:
        self.answers.put((port, message))

    def next(self) -> tuple[str, object]:
        return self.answers.get(timeout=10.0)


def test_the_host_end_loads_first_and_answers_every_write(path):
    posted, io = Posted(), JournalIo(path)
    io.begin(posted)
    try:
        assert posted.next() == ("journal_loaded", JournalLoaded(()))
        io.handle(Sent("journal_write", JournalWrite(1, (event(1),))))
        assert posted.next() == ("journal_synced", JournalSynced(1))
        path.unlink()
        io.handle(Sent("journal_write", JournalWrite(2, (event(2),))))
        port, failed = posted.next()
        assert (port, failed.number) == ("journal_failed", 2)
        assert "removed" in failed.reason
    finally:
        io.close()


def test_the_host_end_tells_why_it_cannot_open_and_opens_when_it_can(path, monkeypatch):
    monkeypatch.setattr("cell_controller.nodes.journal.RETRY_S", 0.02)
    path.parent.mkdir()
    path.write_bytes(b"not a database, but long enough to be looked at" * 50)
    posted, io = Posted(), JournalIo(path)
    io.begin(posted)
    try:
        port, failed = posted.next()
        assert port == "journal_failed"
        assert isinstance(failed, JournalFailed)
        assert failed.number == 0
        path.unlink()
        assert posted.next() == ("journal_loaded", JournalLoaded(()))
    finally:
        io.close()


def test_closing_writes_what_is_queued(path):
    posted, io = Posted(), JournalIo(path)
    io.begin(posted)
    for number in range(1, 21):
        io.handle(Sent("journal_write", JournalWrite(number, (event(number),))))
    io.close()
    assert len(stored(path)) == 20


def test_a_host_end_that_never_opened_closes_at_once(path):
    path.parent.mkdir()
    path.write_bytes(b"x" * 4096)
    posted, io = Posted(), JournalIo(path)
    io.begin(posted)
    posted.next()
    io.close()
