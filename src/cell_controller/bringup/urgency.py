"""Real-time priority for what guards the cell, where the system grants it.

Under SCHED_FIFO a node's thread runs as soon as it has something to do, however busy the machine is. Root
has the right, and so has a user with an rtprio limit (/etc/security/limits.conf). Without it the cell runs
all the same, and a machine that is too busy stops it.
"""

from __future__ import annotations

import os

NICENESS = -10  # second best: more of the ordinary scheduler's time, for those who may


def make_urgent(priority: int, pid: int | None = None) -> bool:
    """Gives all threads of a process (None: this one) a SCHED_FIFO priority; False without the right.

    Threads that they start later inherit it. The kernel keeps 5 % of the time for others
    (sched_rt_runtime_us): a runaway loop does not freeze the machine.
    """
    if priority <= 0:
        return False
    process = os.getpid() if pid is None else pid
    try:
        for thread in os.listdir(f"/proc/{process}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(priority))
    except PermissionError:
        _be_less_nice(process)
        return False
    except (ProcessLookupError, FileNotFoundError):
        return False  # it has just ended
    return True


def _be_less_nice(pid: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    except (PermissionError, ProcessLookupError):
        return
