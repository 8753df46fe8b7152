"""A second node of a process, with a thread of its own: what waits there never holds up guarded topics."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

SPIN_S = 0.5

OnDeath = Callable[[str, BaseException], None]
"""Told by a ROS thread, of its name, as it ends by an exception."""


class SideNode:
    """Made at once, spins from `start` to `close`."""

    def __init__(self, parent: Node, name: str, on_death: OnDeath) -> None:
        self.node = Node(
            f"{parent.get_name()}_{name}",
            namespace=parent.get_namespace(),
            context=parent.context,
            use_global_arguments=False,  # a __node remap is meant for the parent
            enable_rosout=False,
            start_parameter_services=False,
        )
        self.executor = SingleThreadedExecutor(context=parent.context)
        self.executor.add_node(self.node)
        self._on_death = on_death
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._spin, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """From here on nothing of the node runs, and what it has may be destroyed."""
        self._is_over.set()
        if self._thread.ident is not None:
            self.executor.wake()
            self._thread.join(timeout=2 * SPIN_S)

    def close(self) -> None:
        self.stop()
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()

    def _spin(self) -> None:
        try:
            while not self._is_over.is_set():
                self.executor.spin_once(timeout_sec=SPIN_S)
        except ExternalShutdownException:
            return
        except BaseException as error:
            self._on_death(self._thread.name, error)
            raise
