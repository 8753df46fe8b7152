"""Real-time priority for what guards the cell, its memory locked and its processors its own, where granted.

Under SCHED_FIFO a node's thread runs as soon as it has something to do, however busy the machine is. Root
has these rights, and so has a user with limits of his own (docs/realtime.md). Without them the cell runs all
the same, and a machine that is too busy stops it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import threading
from collections.abc import Collection
from pathlib import Path

NICENESS = -10  # second best: more of the ordinary scheduler's time, for those who may
# linux/mman.h. ONFAULT: what is used stays in memory, what is only reserved takes none. Without it an empty
# ROS node grows from 65 to 306 MB, most of them stacks of threads, and stands still for 0.2 s meanwhile.
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
CAP_IPC_LOCK = 14  # linux/capability.h
HOW = "docs/realtime.md says how to grant it"


def make_urgent(priority: int, pid: int | None = None) -> bool:
    """Gives all threads of a process (None: this one) a SCHED_FIFO priority; False without the right.

    Threads that they start later inherit it. The kernel keeps 5 % of the time for others
    (sched_rt_runtime_us): a runaway loop does not freeze the machine.
    """
    if priority <= 0:
        return False
    process = os.getpid() if pid is None else pid
    try:
        for thread in _threads(process):
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        _be_less_nice(process)
        return False
    except (ProcessLookupError, FileNotFoundError):
        return False  # it has just ended
    return True


def pin(cpus: Collection[int]) -> bool:
    """All threads of this process run on these processors alone; False when none of them is ours to use."""
    try:
        for thread in _threads(os.getpid()):
            os.sched_setaffinity(thread, cpus)
    except OSError:
        return False
    return True


def lock_memory() -> bool:
    """Keeps this process' pages in memory, also those that it has yet to use; False without the right."""
    if not may_lock_memory():
        return False
    return bool(ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)


def may_lock_memory() -> bool:
    """Under a limit locking might succeed now, and let an allocation fail later: then rather not at all."""
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return limit == resource.RLIM_INFINITY or _has_capability(CAP_IPC_LOCK)


def may_be_urgent(priority: int) -> bool:
    """Tried in a thread that ends at once: containers refuse it for reasons that no limit shows."""
    found: list[bool] = []

    def ask() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except PermissionError:
            found.append(False)
        else:
            found.append(True)

    thread = threading.Thread(target=ask, name="may be urgent")
    thread.start()
    thread.join()
    return found == [True]


def losses(priority: int, *, locks_memory: bool) -> tuple[str, ...]:
    """What a cell on this machine has to do without, in words for whoever starts it."""
    found = []
    if not may_be_urgent(priority):
        found.append(
            "no right to real-time priority: while this machine is busy, interlock and drive buses are late, "
            f"and a step that is too late stops the cell; {HOW}"
        )
    if locks_memory and not may_lock_memory():
        found.append(
            f"no right to lock memory: a machine short of it delays interlock and drive buses; {HOW}"
        )
    return tuple(found)


def _threads(pid: int) -> tuple[int, ...]:
    return tuple(int(name) for name in os.listdir(f"/proc/{pid}/task"))


def _has_capability(number: int) -> bool:
    status = Path("/proc/self/status").read_text().splitlines()
    effective = next((line.split()[1] for line in status if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> number & 1)


def _be_less_nice(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    except (PermissionError, ProcessLookupError):
        return
