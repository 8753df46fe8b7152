"""The cell's epoch: one number that only rises."""

from __future__ import annotations

from collections.abc import Iterable


class Epochs:
    """Counts from one more than the largest that any bus knows; until all were heard there is none."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._unheard = dict.fromkeys(lines)
        self._largest_heard = 0
        self.present = 0  # 0: not taken yet
        self.has_predecessor = False  # a bus had obeyed another interlock when the epoch was taken
        self.is_superseded = False  # another interlock has raised it: this one is silent for good

    def hear(self, line: str, epoch: int) -> None:
        """What a bus reports as the newest it has seen."""
        self._largest_heard = max(self._largest_heard, epoch)
        self._unheard.pop(line, None)
        if not self.present:
            if not self._unheard:
                self.present = self._largest_heard + 1
                self.has_predecessor = self._largest_heard > 0
        elif epoch > self.present:
            self.is_superseded = True

    def advance(self) -> None:
        """At each trip, each reset and each recovery permit and its end."""
        if self.present:
            self.present += 1

    @property
    def may_command(self) -> bool:
        """The epoch is taken, and no other interlock has gone past it."""
        return self.present > 0 and not self.is_superseded

    @property
    def unheard(self) -> tuple[str, ...]:
        """Lines that have not reported since the start."""
        return tuple(self._unheard)
