"""Event heap on simulated time."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Scheduler:
    """Runs callbacks in order of time; ties in order of scheduling."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._count = 0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self.events = 0

    def at(self, time_s: float, action: Callable[[], None]) -> None:
        """Run `action` at time_s, or now if that is past."""
        self._count += 1
        heapq.heappush(self._heap, (max(time_s, self.now_s), self._count, action))

    def run_until(self, end_s: float, is_done: Callable[[], bool] | None = None) -> bool:
        """Advance to end_s, or until is_done holds; tells whether it did."""
        while self._heap and self._heap[0][0] <= end_s:
            self.now_s, _, action = heapq.heappop(self._heap)
            self.events += 1
            action()
            if is_done is not None and is_done():
                return True
        self.now_s = max(self.now_s, end_s)
        return is_done is not None and is_done()
