"""Whether a drive answers: its error budget, and when it is asked again."""

from __future__ import annotations

from math import inf

OFFLINE_AFTER = 3  # failed exchanges in a row: the error budget of the fault table
SILENT_AFTER = 2  # in a stop program
PROBE_S = 0.5  # between two tries of a silent drive, so that it does not starve the others
RETRY_S = 0.1  # a stop that failed twice lets the reads have their turn before it is tried again


class Contact:
    """Counts failures in a row; offline until it is heard for the first time."""

    def __init__(self) -> None:
        self.is_offline = True
        self.failures = 0
        self.retry_at_s = -inf  # no write before

    def port_opened(self) -> None:
        """It may be asked at once."""
        self.is_offline, self.failures, self.retry_at_s = True, 0, -inf

    @property
    def is_silent(self) -> bool:
        """Did not answer twice in a row; one broken frame is not yet silence."""
        return self.is_offline or self.failures >= SILENT_AFTER

    @property
    def probe_at_s(self) -> float:
        """When a silent drive is asked again."""
        return self.retry_at_s if self.is_offline else -inf

    def may_ask(self, now_s: float) -> bool:
        """A drive that answers any time, a silent one now and then."""
        return not self.is_offline or now_s >= self.retry_at_s

    def heard(self) -> bool:
        """A frame of the drive; True when it was offline before."""
        self.failures = 0
        was_offline, self.is_offline = self.is_offline, False
        return was_offline

    def refused(self, now_s: float) -> None:
        """It answers, and does not do what it was asked."""
        self.retry_at_s = now_s + RETRY_S

    def missed(self, now_s: float, *, is_stop: bool) -> bool:
        """No frame, or none that is one; True when it goes offline by it."""
        self.failures += 1
        was_offline = self.is_offline
        self.is_offline = was_offline or self.failures >= OFFLINE_AFTER
        if self.is_offline:
            self.retry_at_s = now_s + PROBE_S
        elif is_stop and self.failures > 1:  # the first loss is noise, and is repeated at once
            self.retry_at_s = now_s + RETRY_S
        return self.is_offline and not was_offline
