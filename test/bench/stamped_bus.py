"""A drive bus as in any cell, whose port says when it has written each frame.

python -m bench.stamped_bus SOCKET and then the arguments of a node.
"""

from __future__ import annotations

import socket
import struct
import sys
import time

from cell_controller.bringup import node
from cell_controller.nodes.serial_port import SerialPort

STAMP = struct.Struct("<d")  # CLOCK_MONOTONIC, then the frame


class Stamps:
    """The sending end of a datagram socket."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(path)

    def send(self, at_s: float, data: bytes) -> None:
        self._socket.send(STAMP.pack(at_s) + data)


def main(argv: list[str]) -> int:
    stamps = Stamps(argv[0])

    class StampedPort(SerialPort):
        def _write(self, data: bytes) -> None:
            super()._write(data)
            stamps.send(time.monotonic(), data)

    node.SerialPort = StampedPort  # type: ignore[misc,attr-defined]
    return node.main(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
