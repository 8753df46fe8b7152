"""What `cell up` does beside the processes: end those that are silent, start the dead ones again."""

from __future__ import annotations

from cell_sim.host.node import Life
from cell_sim.host.simcell import SimCell

LOOK_S = 0.1
HANG_S = 2.0  # as long as the real supervisor waits for a heartbeat
START_S = 0.4  # interpreter, imports and discovery of a new process, on a fast machine
MOST_STARTS = 4  # the first, and three respawns


class Supervisor:
    """Looks ten times a second, as long as the simulation runs."""

    def __init__(self, cell: SimCell, names: tuple[str, ...]) -> None:
        self._cell, self._names = cell, names
        self._since_s: dict[str, float] = {}  # hung or dead since
        self._starts = dict.fromkeys(names, 1)
        self.is_on = True
        self._look()

    @property
    def lost(self) -> tuple[str, ...]:
        """Processes that are dead for good."""
        nodes = self._cell.host.nodes
        return tuple(n for n in self._names if self._starts[n] >= MOST_STARTS and nodes[n].life is Life.DEAD)

    def begin_anew(self) -> None:
        """`cell up` has been started again: all respawns are there again."""
        self._since_s.clear()
        self._starts = dict.fromkeys(self._names, 1)

    def _look(self) -> None:
        cell = self._cell
        if self.is_on:
            for name in self._names:
                self._look_at(name, cell.now_s)
        cell.host.scheduler.at(cell.now_s + LOOK_S, self._look)

    def _look_at(self, name: str, now_s: float) -> None:
        life = self._cell.host.nodes[name].life
        if life is Life.RUNNING:
            self._since_s.pop(name, None)
            return
        since_s = self._since_s.setdefault(name, now_s)
        if life is Life.HUNG:
            if now_s - since_s >= HANG_S:
                self._cell.host.kill(name)
                self._since_s[name] = now_s
        elif now_s - since_s >= START_S and self._starts[name] < MOST_STARTS:
            self._starts[name] += 1
            self._cell.start(name)
