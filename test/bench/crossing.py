"""How long a byte is under way through a pseudo-terminal before it has woken the process at the other end.

An adapter begins to send when it is written to; what stands for the drives learns of it that much later.

python -m bench.crossing PATH PRIORITY writes stamps to a pseudo-terminal.
"""

from __future__ import annotations

import os
import select
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

from bench.stage import child_environment, urgently
from cell_sim.ptys import Pty

STAMP = struct.Struct("<d")  # CLOCK_MONOTONIC
STAMPS, PERIOD_S, SETTLE_S = 400, 0.005, 0.5


def crossing_s(run_dir: Path, priority: int) -> float:
    """The median, between two processes of this priority."""
    pty = Pty(run_dir / "crossing")
    pty.open()
    assert pty.fd is not None
    found: list[float] = []
    words = [sys.executable, "-m", "bench.crossing", str(run_dir / "crossing"), str(priority)]
    child = subprocess.Popen(words, env=child_environment())
    try:
        with urgently(priority):
            while child.poll() is None:
                ready, _, _ = select.select([pty.fd], [], [], PERIOD_S) if pty.has_user else ([], [], [])
                now_s = time.monotonic()
                data = pty.read() if ready else b""
                if len(data) == STAMP.size:
                    found.append(now_s - STAMP.unpack(data)[0])
    finally:
        child.kill()
        child.wait()
        pty.close()
    if not found:
        raise RuntimeError("nothing came through the pseudo-terminal")
    return statistics.median(found)


def main(path: str, priority: str) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    with urgently(int(priority)):
        time.sleep(SETTLE_S)
        for _ in range(STAMPS):
            os.write(descriptor, STAMP.pack(time.monotonic()))
            time.sleep(PERIOD_S)
    os.close(descriptor)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
