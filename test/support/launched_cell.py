"""The processes of a cell that somebody else has started, such as `ros2 launch`, found by command lines."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from math import inf
from pathlib import Path

from cell_controller.bringup.claim import Claim
from cell_controller.bringup.table import Arguments, build
from cell_controller.bringup.watch import Settling, Sight
from cell_controller.config import CellFile
from cell_controller.nodes.host import SETTLED_S
from cell_controller.nodes.operator_client import OperatorClient

LOOK_S = 0.1  # between two looks through /proc, for those who ask again with every message


class LaunchedCell:
    """What CellUp knows of its children, seen from outside; the run directory tells whose they are."""

    def __init__(self, arguments: Arguments, client: OperatorClient) -> None:
        self._claim = Claim(arguments)  # which is not taken: that is for whoever starts the cell
        self._specs = {spec.name: spec for spec in build(arguments)}
        self._client = client
        self._settling = Settling(SETTLED_S)
        self._lives: dict[str, dict[int, float]] = {name: {} for name in self._specs}  # pid: first seen
        self._found: dict[str, int] = {}
        self._looked_at_s = -inf

    @property
    def arguments(self) -> Arguments:
        return self._claim.arguments

    @property
    def cell(self) -> CellFile:
        return self._claim.cell

    @property
    def run_dir(self) -> Path:
        return self._claim.run_dir

    def pids(self) -> dict[str, int]:
        """Of those that run now, or a moment ago."""
        if time.monotonic() - self._looked_at_s >= LOOK_S:
            self._found = self._look()
            self._looked_at_s = time.monotonic()
        return self._found

    def starts(self, name: str) -> int:
        """As often as somebody looked in time."""
        self.pids()
        return len(self._lives[name])

    def missing(self) -> list[str]:
        """Names of the processes that are not up yet, or not any more."""
        now_s, pids = time.monotonic(), self.pids()
        missing = [n for n in self._specs if not self._settling.is_settled(n, self._sight(n, pids), now_s)]
        return missing or ([] if self._client.state else ["cell_manager"])

    def exit_codes(self) -> Mapping[str, tuple[int, ...]]:
        """Known to whoever started them alone."""
        return {}

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """A signal to one process; returns its pid."""
        pid = self._look()[name]
        os.kill(pid, number)
        return pid

    def _look(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0") if entry.name.isdigit() else []
            except OSError:
                continue  # it has just ended
            name = self._name_of(words)
            if name is not None:
                found[name] = int(entry.name)
                self._lives[name].setdefault(found[name], time.monotonic())
        return found

    def _name_of(self, words: list[str]) -> str | None:
        if str(self.run_dir) not in words:
            return None
        if "--unit" in words:
            return words[words.index("--unit") + 1]
        return next((n for n, s in self._specs.items() if not s.is_node and s.module in words), None)

    def _sight(self, name: str, pids: Mapping[str, int]) -> Sight:
        lives, spec = self._lives[name], self._specs[name]
        return Sight(
            is_running=name in pids,
            is_node=spec.is_node,
            started_at_s=lives.get(pids.get(name, 0), 0.0),
            heard_at_s=self._client.heard_at_s(name),
            starts=len(lives),
            respawns=spec.respawns,
        )
