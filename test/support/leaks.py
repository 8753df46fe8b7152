"""Threads and processes that a test leaves behind."""

import ctypes
import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
GRACE_S = 2.0  # a thread that was told to end may need a moment on a busy machine


def adopt_orphans() -> None:
    """Makes this process the parent of its descendants' orphans, so that they are found like its children."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


@dataclass(frozen=True, slots=True)
class Process:
    """One line of /proc: a pid may be used again, but not with the same start time."""

    pid: int
    started_ticks: int
    name: str
    state: str

    @property
    def identity(self) -> tuple[int, int]:
        return self.pid, self.started_ticks

    def __str__(self) -> str:
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            words = []
        return f"process {self.pid} ({b' '.join(words).decode(errors='replace').strip() or self.name})"


def children() -> list[Process]:
    """The child processes of this one, zombies included."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:  # the thread ended while we looked
            continue
        for pid in pids:
            try:
                text = Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            name, rest = text[text.index("(") + 1 : text.rindex(")")], text[text.rindex(")") + 2 :].split()
            found.append(Process(int(pid), int(rest[19]), name, rest[0]))
    return found


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The threads and child processes at one moment."""

    threads: frozenset[int]
    processes: frozenset[tuple[int, int]]

    @classmethod
    def take(cls) -> Self:
        return cls(
            frozenset(thread.ident or 0 for thread in threading.enumerate()),
            frozenset(process.identity for process in children()),
        )

    def assert_nothing_new(self, grace_s: float = GRACE_S) -> None:
        """Fails, naming them, when threads or processes appeared since; the processes are killed first."""
        deadline_s = time.monotonic() + grace_s
        for thread in self._new_threads():
            thread.join(max(0.0, deadline_s - time.monotonic()))
        processes = self._living_new_processes()
        while processes and time.monotonic() < deadline_s:
            time.sleep(0.01)
            processes = self._living_new_processes()
        left = [f"thread {thread.name!r}" for thread in self._new_threads()] + [str(p) for p in processes]
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            os.waitpid(process.pid, 0)
        assert not left, f"left running: {', '.join(left)}"

    def _new_threads(self) -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.ident not in self.threads]

    def _living_new_processes(self) -> list[Process]:
        """New children that still run; zombies, which are adopted orphans that ended well, are reaped."""
        living = []
        for process in children():
            if process.identity in self.processes:
                continue
            if process.state == "Z":
                os.waitpid(process.pid, 0)
            else:
                living.append(process)
        return living
