"""What a host does for its own Unit besides ROS: serial port and journal. One protocol, two answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from rclpy.node import Node

from cell_controller.runtime import Sent

Post = Callable[[str, object], None]
"""Put a local message into the Unit's inbox; callable from any thread."""


class LocalIo(Protocol):
    """Handler of some LOCAL ports of one Unit."""

    ports: frozenset[str]

    def begin(self, post: Post) -> None:
        """Called once before the first step."""

    def fileno(self) -> int | None:
        """Descriptor to wait for, None when there is nothing to wait for now."""

    def on_readable(self, now_s: float) -> None:
        """The descriptor has something."""

    def handle(self, sent: Sent) -> None:
        """One local message of the Unit. Must not block."""

    def close(self) -> None:
        """Release everything."""


@runtime_checkable
class NodeIo(Protocol):
    """A LocalIo that needs the host's node: for messages that are not the cell's own."""

    def connect(self, node: Node) -> None:
        """Called once, before `begin`; what it makes is destroyed with the node."""
