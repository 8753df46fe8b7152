"""A running emulated cell as its processes and its simulated machine, found by its namespace."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from cell_controller.bringup.claim import key_of
from cell_controller.bringup.locks import Locks
from cell_controller.config import CellFile, LoadedCell
from cell_controller.plan import CellPlan, load_plan
from cell_sim.live.errors import FaultError, NoRunningCellError, RealHardwareError

ANSWER_S = 5.0  # of the simulator
SIMULATOR = "cell_sim.server"


@dataclass(frozen=True, slots=True)
class RunningCell:
    """What a fault needs to know of a cell; `pids` are those of its processes, and of nobody else's."""

    namespace: str
    cell: CellFile
    plan: CellPlan
    run_dir: Path
    pids: Mapping[str, int]  # by unit; the recorder too

    def sim(self, do: str, **arguments: object) -> dict[str, Any]:
        """One command to the simulated machine; see cell_sim.control."""
        path = self.run_dir / "sim.sock"
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(ANSWER_S)
                link.connect(str(path))
                link.sendall(json.dumps({"do": do, **arguments}).encode() + b"\n")
                answer: dict[str, Any] = json.loads(_line(link))
        except (OSError, ValueError) as error:
            raise FaultError(f"the simulator at {path} does not answer: {error}") from error
        if not answer["ok"]:
            raise FaultError(f"the simulator refused {do}: {answer['error']}")
        return answer


def find(namespace: str) -> RunningCell:
    """The cell that is up on a namespace; FaultError when there is none or it is a real one.

    Whoever holds the lock of the namespace belongs to the cell.
    """
    holders = [pid for pid, _ in Locks().holders_of(key_of(namespace))]
    found = _commands(holders)
    if not any("--unit" in words for _, words in found):
        found = _commands(_children(holders))  # ros2 launch holds the lock alone
    units = {unit: pid for pid, words in found for unit in _options(words, "--unit")}
    node = next((words for _, words in found if "--unit" in words), None)
    if node is None:
        raise NoRunningCellError(namespace, os.environ.get("ROS_DOMAIN_ID", "0"))
    run_dir = Path(_option(node, "--run-dir"))
    loaded, plan = _planned(Path(_option(node, "--cell")))
    cell = loaded.resolve(run_dir)
    real = [name for name, line in cell.lines.items() if line.process is None]
    if real or not any(SIMULATOR in words for _, words in found):
        raise RealHardwareError(namespace, real or cell.lines)
    return RunningCell(namespace, cell, plan, run_dir, units)


@cache
def _planned(file: Path) -> tuple[LoadedCell, CellPlan]:
    """Once per process: half a second of computing beside a cell that runs in real time."""
    return load_plan(file)


def _line(link: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        received = link.recv(65536)
        if not received:
            raise OSError("it hung up")
        data += received
    return data


def _commands(pids: Iterable[int]) -> list[tuple[int, tuple[str, ...]]]:
    """Processes with their command lines; without those that are gone."""
    found = []
    for pid in pids:
        try:
            data = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        found.append((pid, tuple(data.decode(errors="replace").split("\0"))))
    return found


def _children(pids: Iterable[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue  # it ended while we looked
    return found


def _options(words: tuple[str, ...], name: str) -> list[str]:
    """The words after each of an option: a composed process has several Units."""
    return [after for word, after in pairwise(words) if word == name]


def _option(words: tuple[str, ...], name: str) -> str:
    """The word after an option; "" without it."""
    return words[words.index(name) + 1] if name in words[:-1] else ""
