"""A virtual line on a pseudo-terminal, paced by the clock: what cell_sim.server does, for one line."""

from __future__ import annotations

from pathlib import Path

from cell_sim.drives import VirtualLine
from cell_sim.ptys import Pty

QUIET_S = 0.003  # longer than the gap after a frame
LOOK_S = 0.005


class PacedLine:
    """Knows when its line is quiet."""

    def __init__(self, wire: VirtualLine, path: Path) -> None:
        self.pty = Pty(path)
        self._wire = wire
        self._busy_s = 0.0
        self._is_answered = True

    @property
    def fds(self) -> list[int]:
        """To wait for, while the bus has its end open."""
        return [self.pty.fd] if self.pty.has_user and self.pty.fd is not None else []

    def take(self, now_s: float) -> None:
        """The bus has written."""
        self.answer(now_s)
        self._wire.write(self.pty.read(), now_s)
        self._is_answered, self._busy_s = False, now_s

    def answer(self, now_s: float) -> None:
        """What the drives have said by now."""
        data = self._wire.read(now_s)
        if data:
            self.pty.write(data)
            self._is_answered, self._busy_s = True, now_s

    def due_s(self, now_s: float) -> float:
        """The next byte, or the moment at which the line may have become quiet."""
        quiet_s = self._busy_s + QUIET_S
        return min(self._wire.next_event_s(), quiet_s if quiet_s > now_s else now_s + LOOK_S)

    def is_quiet(self, now_s: float) -> bool:
        """No frame on the line, and the gap after the last one is over."""
        return self._is_answered and now_s - self._busy_s >= QUIET_S
