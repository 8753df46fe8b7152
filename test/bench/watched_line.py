"""A paced line that notes what went over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.line_theory import Exchange, Manners
from cell_sim.drives import VirtualLine
from cell_sim.ptys import Pty


class WatchedLine:
    """One master, one pseudo-terminal; a request without its reply is no exchange."""

    def __init__(
        self, wire: VirtualLine, path: Path, manners: Mapping[int, Manners], crossing_s: float = 0.0
    ) -> None:
        """`crossing_s`: from the master's write to the wake-up here."""
        self.pty = Pty(path)
        self.exchanges: list[tuple[bytes, Exchange]] = []
        self.units: set[int] = set()
        self.manners = manners
        self._wire, self._crossing_s = wire, crossing_s
        self._request = b""

    @property
    def fds(self) -> list[int]:
        """To wait for, while the master has its end open."""
        return [self.pty.fd] if self.pty.has_user and self.pty.fd is not None else []

    @property
    def due_s(self) -> float:
        """The next byte."""
        return self._wire.next_event_s()

    def take(self, now_s: float) -> None:
        """The master has written, a crossing ago."""
        written_s = now_s - self._crossing_s
        self.answer(written_s)
        data = self.pty.read()
        if data:
            self._wire.write(data, written_s)
            self._request = data

    def answer(self, now_s: float) -> None:
        """What the drives have said by now."""
        reply = self._wire.read(now_s)
        if reply and self._request:
            self.pty.write(reply)
            unit = self._request[0]
            self.units.add(unit)
            self.exchanges.append((self._request, Exchange(unit, len(self._request), len(reply))))
            self._request = b""

    def forget(self) -> None:
        """From now on it counts."""
        self.exchanges.clear()
