"""The garbage collector of a process that must not be late: it works while nobody waits.

Left to itself, Python collects whenever so many objects have been made, which is in the middle of a step. All
that a Unit makes in a step is freed by its reference count; the collector finds next to nothing, and its look
at what has grown old takes milliseconds.
"""

from __future__ import annotations

import gc

PERIOD_S = 1.0
FREE_S = 0.003  # until the next deadline; a look at the young takes 0.1 ms, at all some 1 ms
PATIENCE_S = 10.0  # then also a process that is never free cleans up
FULL_EVERY = 60  # looks


class Housekeeping:
    """One per process; `begin` when everything is loaded, `end` when the process goes on without it."""

    def __init__(self) -> None:
        self._due_s = 0.0
        self._looks = 0

    def begin(self, now_s: float) -> None:
        """What lives now is never looked at again."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._due_s = now_s + PERIOD_S

    def end(self) -> None:
        """As Python has it."""
        gc.enable()

    def use(self, now_s: float, free_s: float) -> None:
        """Called before every wait, which will take `free_s` if nothing arrives."""
        if now_s < self._due_s or (free_s < FREE_S and now_s < self._due_s + PATIENCE_S):
            return
        self._looks += 1
        gc.collect(1 if self._looks % FULL_EVERY else 2)
        self._due_s = now_s + PERIOD_S
