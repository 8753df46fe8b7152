"""How the exchanges with one drive ended: counts since the bus started, and how soon the drive answered."""

from __future__ import annotations

from math import ceil, inf, nan

from cell_controller.drives.errors import DriveError
from cell_controller.drives.protocols.errors import CrcError, DriveExceptionError
from cell_controller.drives.transaction import LineEchoError, NoReplyError

WINDOW = 256  # newest answers: 3 s of a drive that is read 80 times a second, and 10 kB for four of them
RENEW_S = 1.0  # sorting the window at every reading would cost more than the reading


class Statistics:
    """Constant memory; a reply costs one store, the percentiles a sort once a second."""

    def __init__(self) -> None:
        self.transactions = 0
        self.timeouts = self.crc_errors = self.exceptions = self.echo_errors = self.other_errors = 0
        self.p50_s = self.p99_s = self.max_s = nan
        self._latencies_s: list[float] = []
        self._next = 0
        self._renew_at_s = -inf

    @property
    def errors(self) -> int:
        """Of every kind."""
        return self.timeouts + self.crc_errors + self.exceptions + self.echo_errors + self.other_errors

    def answered(self, latency_s: float, now_s: float) -> None:
        """A reply that may be used."""
        self.transactions += 1
        if len(self._latencies_s) < WINDOW:
            self._latencies_s.append(latency_s)
        else:
            self._latencies_s[self._next] = latency_s
            self._next = (self._next + 1) % WINDOW
        if now_s >= self._renew_at_s:
            self._renew(now_s)

    def failed(self, error: DriveError) -> None:
        """No reply, or none that may be used."""
        self.transactions += 1
        if isinstance(error, NoReplyError):
            self.timeouts += 1
        elif isinstance(error, CrcError):
            self.crc_errors += 1
        elif isinstance(error, DriveExceptionError):
            self.exceptions += 1
        elif isinstance(error, LineEchoError):
            self.echo_errors += 1
        else:
            self.other_errors += 1

    def misfit(self) -> None:
        """An answered exchange brought something else than was asked for."""
        self.other_errors += 1

    def _renew(self, now_s: float) -> None:
        self._renew_at_s = now_s + RENEW_S
        ordered = sorted(self._latencies_s)
        self.p50_s = nearest_rank(ordered, 0.5)
        self.p99_s = nearest_rank(ordered, 0.99)
        self.max_s = ordered[-1]


def nearest_rank(ordered: list[float], share: float) -> float:
    """Percentile by the nearest rank: a value that was measured, never one between two."""
    return ordered[max(ceil(share * len(ordered)), 1) - 1]
