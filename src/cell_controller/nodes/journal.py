"""The part journal on disk: SQLite, append-only, synced before it says so.

`PartJournal` is the file; `JournalIo` is the manager's host end of it, with a thread of its own because
an fsync may take long. Write-ahead logging with synchronous=FULL syncs the log at every commit
(sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cell_controller.errors import CellError
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
from cell_controller.nodes.local_io import Post
from cell_controller.runtime import Sent, ports

SCHEMA_VERSION = 1
APPLICATION_ID = 0x43454C4C  # "CELL": tells our files from other SQLite files

BUSY_TIMEOUT_S = 1.0  # another process reads the file; a reader never needs longer
RETRY_S = 1.0  # between two tries to open a journal that cannot be opened

_SCHEMA = """
CREATE TABLE batches (
    id INTEGER PRIMARY KEY, session TEXT NOT NULL, number INTEGER NOT NULL, UNIQUE (session, number));
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL REFERENCES batches (id),
    part_id TEXT NOT NULL, kind INTEGER NOT NULL, order_id TEXT NOT NULL, recipe TEXT NOT NULL,
    recipe_hash TEXT NOT NULL, place TEXT NOT NULL, process TEXT NOT NULL, verdict INTEGER NOT NULL,
    detail TEXT NOT NULL, operator TEXT NOT NULL, results TEXT NOT NULL);
CREATE INDEX events_of_part ON events (part_id);
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER events_are_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE VIEW parts AS
    SELECT part_id, order_id, recipe, recipe_hash, place, process, verdict, detail, count(*) AS events,
           max(id) AS newest
    FROM events GROUP BY part_id;
"""

_INSERT = "INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = (
    "SELECT part_id, kind, order_id, recipe, recipe_hash, place, process, verdict, detail, operator, results "
    "FROM events ORDER BY id"
)


class JournalError(CellError):
    """The journal cannot be opened, read or synced; what was on disk before still is."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"part journal {path}: {reason}")


class PartJournal:
    """One journal file. `open` before use, `close` after; not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._session = secrets.token_hex(8)
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None

    def open(self) -> tuple[PartEvent, ...]:
        """Open or create the file, check it, and return all its events, oldest first."""
        with self._explained():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connect()
            try:
                self._check(connection)
                rows = connection.execute(_SELECT).fetchall()
                events = tuple(_event(row) for row in rows)
            except BaseException:
                connection.close()
                raise
            _sync_directory(self.path.parent)
            self._connection, self._inode = connection, self.path.stat().st_ino
        return events

    def append(self, number: int, events: tuple[PartEvent, ...]) -> None:
        """Store a batch and sync it; returns when it is on disk. A number seen before is stored once."""
        with self._explained():
            self._check_file()
            if self._connection is None:
                self._connection = self._connect()
            try:
                self._store(self._connection, number, events)
            except BaseException:
                self.close()  # also rolls back; a connection after an I/O error is not to be trusted
                raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        """Create the tables in an empty file; refuse a damaged one or one that is not ours."""
        found = connection.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise JournalError(self.path, f"the file is damaged: {found}")
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            connection.executescript(
                f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {SCHEMA_VERSION};COMMIT;"
            )
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise JournalError(self.path, "the file is an SQLite file, but not a part journal")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            raise JournalError(self.path, f"schema version {version}, this program knows {SCHEMA_VERSION}")

    def _check_file(self) -> None:
        """A file that was removed or replaced would swallow every write."""
        if self._inode is None:
            raise JournalError(self.path, "it is not open")
        if not self.path.exists():
            raise JournalError(self.path, "the file was removed while it was in use")
        if self.path.stat().st_ino != self._inode:
            raise JournalError(self.path, "the file was replaced while it was in use")

    def _store(self, connection: sqlite3.Connection, number: int, events: tuple[PartEvent, ...]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        known = connection.execute(
            "SELECT 1 FROM batches WHERE session = ? AND number = ?", (self._session, number)
        ).fetchone()
        if known is None:
            cursor = connection.execute(
                "INSERT INTO batches (session, number) VALUES (?, ?)", (self._session, number)
            )
            connection.executemany(_INSERT, [(cursor.lastrowid, *_row(event)) for event in events])
        connection.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise JournalError(self.path, str(error) or type(error).__name__) from error


class JournalIo:
    """Journal ports of the manager: loads at the start, then one answer per JournalWrite."""

    ports = frozenset({ports.JOURNAL_WRITE.name})

    def __init__(self, path: Path) -> None:
        self._journal = PartJournal(path)
        self._writes: queue.SimpleQueue[JournalWrite | None] = queue.SimpleQueue()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, post: Post) -> None:
        """Start the thread that opens, loads and writes; its answers go through `post`."""
        self._thread = threading.Thread(target=self._run, args=(post,), name="part-journal")
        self._thread.start()

    def fileno(self) -> int | None:
        return None

    def on_readable(self, now_s: float) -> None:
        """Never called: there is no descriptor."""

    def handle(self, sent: Sent) -> None:
        """Queue a write; its answer comes when it is on disk."""
        if isinstance(sent.message, JournalWrite):
            self._writes.put(sent.message)

    def close(self) -> None:
        """Write what is queued, then close the file."""
        self._is_closing.set()
        self._writes.put(None)
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, post: Post) -> None:
        try:
            if not self._open(post):
                return
            while (write := self._writes.get()) is not None:
                post(*self._written(write))
        finally:
            self._journal.close()

    def _open(self, post: Post) -> bool:
        """Try until the file can be opened; the reason is told when it changes."""
        told = ""
        while True:
            try:
                events = self._journal.open()
            except JournalError as error:
                if str(error) != told:
                    told = str(error)
                    post(ports.JOURNAL_FAILED.name, JournalFailed(0, told))
                if self._is_closing.wait(RETRY_S):
                    return False
            else:
                post(ports.JOURNAL_LOADED.name, JournalLoaded(events))
                return True

    def _written(self, write: JournalWrite) -> tuple[str, object]:
        try:
            self._journal.append(write.number, write.events)
        except JournalError as error:
            return ports.JOURNAL_FAILED.name, JournalFailed(write.number, str(error))
        return ports.JOURNAL_SYNCED.name, JournalSynced(write.number)


def _row(event: PartEvent) -> tuple[str | int, ...]:
    return (
        event.part_id,
        int(event.kind),
        event.order_id,
        event.recipe,
        event.recipe_hash,
        event.place,
        event.process,
        int(event.verdict),
        event.detail,
        event.operator,
        json.dumps([[parameter.name, parameter.value] for parameter in event.results]),
    )


def _event(row: tuple[str | int, ...]) -> PartEvent:
    part_id, kind, order_id, recipe, recipe_hash, place, process, verdict, detail, operator, results = row
    return PartEvent(
        part_id=str(part_id),
        kind=PartEventKind(int(kind)),
        order_id=str(order_id),
        recipe=str(recipe),
        recipe_hash=str(recipe_hash),
        place=str(place),
        process=str(process),
        verdict=Verdict(int(verdict)),
        detail=str(detail),
        operator=str(operator),
        results=tuple(Parameter(str(name), float(value)) for name, value in json.loads(str(results))),
    )


def _sync_directory(directory: Path) -> None:
    """Make the file's own entry durable: a new file is lost with its directory otherwise."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
