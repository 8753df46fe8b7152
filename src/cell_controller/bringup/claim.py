"""What a cell has for itself while it runs: its namespace, its serial lines, its run directory."""

from __future__ import annotations

import os
from pathlib import Path

from cell_controller.bringup.locks import Locks
from cell_controller.bringup.table import Arguments, settle


class Claim:
    """Taken before the first process starts, released when the last one is gone.

    The default run directory is emptied before and removed after a run, with everything in it; one that is
    given stays. So a part journal inside {run_dir} of a simulated cell lives as long as the simulated parts;
    the cell file of a real machine names a journal outside.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.arguments, self.cell = settle(arguments)
        self._keeps_run_dir = arguments.run_dir is not None
        self._locks = Locks()

    @property
    def run_dir(self) -> Path:
        assert self.arguments.run_dir is not None
        return self.arguments.run_dir

    @property
    def namespace(self) -> str:
        assert self.arguments.namespace is not None
        return self.arguments.namespace

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To be inherited by the processes, so that the claim lives until the last of them is gone."""
        return self._locks.descriptors

    def take(self) -> None:
        """All of it, or InUseError, which names the processes that have it, and nothing."""
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        try:
            self._locks.take(key_of(self.namespace), f"namespace {self.namespace} (domain {domain})")
            for name, line in self.cell.lines.items():
                device = os.path.realpath(line.device)
                self._locks.take(f"line {device}", f"serial line {name} ({line.device})")
        except BaseException:
            self._locks.release()
            raise
        if not self._keeps_run_dir:
            remove_tree(self.run_dir)
        for directory in (self.run_dir, self.arguments.trace_dir):
            if directory is not None:
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def release(self) -> None:
        """May be called twice."""
        if self._locks.descriptors and not self._keeps_run_dir:
            remove_tree(self.run_dir)
        self._locks.release()


def key_of(namespace: str) -> str:
    """The lock of a namespace in this domain: whoever holds it belongs to the cell that is up there."""
    return f"namespace {os.environ.get('ROS_DOMAIN_ID', '0')} {namespace}"


def remove_tree(directory: Path) -> None:
    """Remove a run directory of ours with all that is in it."""
    if not directory.is_dir():
        return
    for entry in sorted(directory.rglob("*"), reverse=True):
        if entry.is_dir() and not entry.is_symlink():
            entry.rmdir()
        else:
            entry.unlink(missing_ok=True)
    directory.rmdir()
