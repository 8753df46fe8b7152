"""Ties a process to the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def follow_parent(pid: int) -> None:
    """Have the kernel send SIGTERM when the process that started this one dies, however it dies."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != pid:  # it died before the line above
        os.kill(os.getpid(), signal.SIGTERM)
