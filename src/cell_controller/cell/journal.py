"""The manager's end of the part journal: what waits to be synced, in order, and whether it can be."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

from cell_controller.messages import (
    JournalFailed,
    JournalLoaded,
    JournalSynced,
    JournalWrite,
    PartEvent,
)
from cell_controller.runtime import Inputs, ports

RETRY_S = 1.0  # a full disk or a lock does not go away faster, and each try costs an fsync
ANSWER_LIMIT_S = 2.0  # an fsync that takes longer hangs; healthy disks need milliseconds


class Status(Enum):
    """What became of an intention."""

    PENDING = "pending"
    SYNCED = "synced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Entry:
    number: int
    events: tuple[PartEvent, ...]
    is_fact: bool


class JournalQueue:
    """Writes leave one at a time and in order.

    A fact has happened: it is retried until it is on disk. An intention has not: when it cannot be
    synced it fails, and whoever asked must not act on it.
    """

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._sent_at_s: float | None = None
        self._retry_at_s = 0.0
        self._number = 0
        self._status: dict[int, Status] = {}
        self.is_loaded = False
        self.failure = "the part journal has not been read"

    @property
    def is_healthy(self) -> bool:
        """Read at the start, and the newest write is on disk."""
        return self.is_loaded and not self.failure

    @property
    def is_idle(self) -> bool:
        """Nothing waits to be synced."""
        return not self._entries

    def record(self, events: tuple[PartEvent, ...]) -> None:
        """Facts: nothing is lost while the journal cannot sync."""
        if events:
            self._append(events, is_fact=True)

    def intend(self, events: tuple[PartEvent, ...]) -> int:
        """An intention, or with no events a proof that the journal can sync; ask its status by the number."""
        number = self._append(events, is_fact=False)
        self._status[number] = Status.PENDING
        if not self.is_healthy:
            self._fail_waiting()
        return number

    def status(self, number: int) -> Status:
        """Status of an intention; a final one is told once."""
        status = self._status[number]
        if status is not Status.PENDING:
            del self._status[number]
        return status

    def take(self, inputs: Inputs, now_s: float) -> JournalLoaded | None:
        """Process the host's answers; returns what the journal holds when it arrives."""
        for synced in inputs.new(ports.JOURNAL_SYNCED.name, JournalSynced):
            self._take_synced(synced.number)
        for failed in inputs.new(ports.JOURNAL_FAILED.name, JournalFailed):
            self._take_failed(failed, now_s)
        if self._sent_at_s is not None and now_s - self._sent_at_s >= ANSWER_LIMIT_S:
            self.failure = f"the part journal has not answered for {ANSWER_LIMIT_S:g} s"
            self._fail_waiting()
        for loaded in inputs.new(ports.JOURNAL_LOADED.name, JournalLoaded):
            if not self.is_loaded:
                self.is_loaded, self.failure = True, ""
                return loaded
        return None

    def outgoing(self, now_s: float) -> JournalWrite | None:
        """The next write, when the last one is answered."""
        if not self.is_loaded or self._sent_at_s is not None or now_s < self._retry_at_s:
            return None
        if not self._entries:
            if not self.failure:
                return None
            self._append((), is_fact=True)  # an empty write finds out when the disk is well again
        entry = self._entries[0]
        self._sent_at_s = now_s
        return JournalWrite(entry.number, entry.events)

    def _append(self, events: tuple[PartEvent, ...], *, is_fact: bool) -> int:
        self._number += 1
        self._entries.append(_Entry(self._number, events, is_fact))
        return self._number

    def _in_flight(self, number: int) -> _Entry | None:
        if self._sent_at_s is None or not self._entries or self._entries[0].number != number:
            return None
        self._sent_at_s = None
        return self._entries[0]

    def _take_synced(self, number: int) -> None:
        entry = self._in_flight(number)
        if entry is None:
            return
        self._entries.popleft()
        self.failure = ""
        if not entry.is_fact:
            self._status[number] = Status.SYNCED

    def _take_failed(self, failed: JournalFailed, now_s: float) -> None:
        entry = self._in_flight(failed.number)
        self.failure = failed.reason or "the part journal failed without a reason"
        if entry is None:
            return
        self._retry_at_s = now_s + RETRY_S
        self._fail_waiting()

    def _fail_waiting(self) -> None:
        """Intentions do not wait for a disk that is not well; one being written waits for its answer."""
        for entry in tuple(self._entries):
            is_in_flight = self._sent_at_s is not None and entry is self._entries[0]
            if not entry.is_fact and not is_in_flight:
                self._entries.remove(entry)
                self._status[entry.number] = Status.FAILED
