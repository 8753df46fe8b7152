"""Several Units in one process: each has its own thread, node and session, and they come and go together."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

from cell_controller.nodes.host import RosHost

LOOK_S = 0.1  # how long the others outlive one that ended by itself
LEAVE_S = 5.0  # as the supervisor has it
_NODE_NAME = "__node:="


def run_together(hosts: Sequence[RosHost], *, leave_s: float = LEAVE_S) -> int:
    """Until SIGINT, SIGTERM, or one of them ends; returns the exit code of the process. Main thread only.

    The hosts are made with handles_signals=False: who asks them to end is this function.
    """
    codes: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    former = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)  # before the threads, which inherit it
    threads = [threading.Thread(target=_serving(host, codes)) for host in hosts]
    try:
        for thread in threads:
            thread.start()
        while signal.sigtimedwait(numbers, LOOK_S) is None and all(t.is_alive() for t in threads):
            continue
    finally:
        for host in hosts:
            host.end()
        for thread in threads:
            thread.join(leave_s)
        signal.pthread_sigmask(signal.SIG_SETMASK, former)
    return max(codes, default=1) if len(codes) == len(hosts) else 1  # whoever raised has no code


def for_each(ros_arguments: Sequence[str]) -> list[str]:
    """ROS arguments without the name of the node: one name for all would be no name."""
    words = list(ros_arguments)
    for at in reversed([n for n, word in enumerate(words) if word.startswith(_NODE_NAME)]):
        del words[at - 1 : at + 1]  # with the -r before it
    return words


def _serving(host: RosHost, codes: list[int]) -> Callable[[], None]:
    def serve() -> None:
        codes.append(host.run())

    return serve
