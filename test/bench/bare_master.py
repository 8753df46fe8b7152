"""The least that a master can be: prepared requests, the silence, replies counted by their bytes.

python -m bench.bare_master DEVICE SILENCE_S and then REQUEST:REPLY_BYTES, the request in hexadecimal.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import tty

from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.bringup.urgency import make_urgent

TIMEOUT_S = 0.1  # nothing is late here but a machine that stands still
READ_BYTES = 4096


def main(device: str, silence_s: float, exchanges: list[tuple[bytes, int]]) -> None:
    port = os.open(device, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    make_urgent(PRIORITIES[Role.BUS])
    while not over:
        for request, length in exchanges:
            os.write(port, request)
            got = 0
            while got < length and select.select([port], [], [], TIMEOUT_S)[0]:
                got += len(os.read(port, READ_BYTES))
            begin_s = time.monotonic() + silence_s
            while (left_s := begin_s - time.monotonic()) > 0.0:
                select.select([], [], [], left_s)
    os.close(port)


def _exchange(word: str) -> tuple[bytes, int]:
    request, _, length = word.partition(":")
    return bytes.fromhex(request), int(length)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), [_exchange(word) for word in sys.argv[3:]])
