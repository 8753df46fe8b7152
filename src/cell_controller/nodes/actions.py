"""Actions of a Unit on ROS: goals and cancels become inbox messages, answers are matched by goal_id.

A refusal is a result, because only a result has room for words. Rejected without words is only what would
not fit: as many goals are open at most as the Unit's inbox holds, so none that was accepted is ever dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node

from cell_controller.messages import GoalCancel, Outcome
from cell_controller.nodes import convert
from cell_controller.nodes.local_io import Post
from cell_controller.nodes.side_node import OnDeath, SideNode
from cell_controller.runtime import Action, Unit, actions_of

_SUCCEEDED = (Outcome.GOOD, Outcome.BAD)  # done; whether the part is good is the result's to say
_CANCELED = (Outcome.STOPPED, Outcome.SUSPECT)  # when it was asked for


class ActionServers:
    """Serves the actions of one Unit."""

    def __init__(self, unit: Unit, post: Post, parent: Node, on_death: OnDeath) -> None:
        self.senders: dict[str, Callable[[object], None]] = {}
        actions, depths = actions_of(unit), {i.port: i.depth for i in unit.inputs}
        self._side = SideNode(parent, "actions", on_death) if actions else None
        self._served = [_Served(a, depths[a.goal_port], post, self._side.node) for a in actions if self._side]
        for served in self._served:
            self.senders[served.action.feedback_port] = served.tell
            self.senders[served.action.result_port] = served.finish

    @property
    def ports(self) -> tuple[str, ...]:
        """Ports of the Unit that are not topics."""
        return tuple(port for served in self._served for port in served.action.ports)

    def start(self) -> None:
        if self._side is not None:
            self._side.start()

    def close(self) -> None:
        if self._side is not None:
            self._side.stop()
            for served in self._served:
                served.server.destroy()
            self._side.close()


class _DeferringServer(ActionServer):
    """A goal is executing from its acceptance on; its execute callback comes when its result is known.

    rclpy's own way, a callback that waits, would take a thread per goal or a whole core.
    """

    def notify_execute(self, goal_handle: Any, execute_callback: Any) -> None:
        """The Unit is at it."""

    def notify_result(self, goal_handle: Any) -> None:
        """From any thread: the execute callback has something to return."""
        super().notify_execute(goal_handle, None)


class _Served:
    """One action and its goals that wait for their result."""

    def __init__(self, action: Action, most_open: int, post: Post, node: Node) -> None:
        self.action = action
        self._most_open = most_open
        self._post = post
        self._decode = convert.goal_from_ros(action)
        self._encode_feedback = convert.feedback_to_ros(action)
        self._encode_result = convert.result_to_ros(action)
        self._handles: dict[str, Any] = {}
        self._results: dict[str, Any] = {}
        self._lock = threading.Lock()
        self.server = _DeferringServer(
            node,
            convert.ros_action(action),
            action.name,
            execute_callback=self._end,
            goal_callback=self._asked,
            handle_accepted_callback=self._accepted,
            cancel_callback=self._cancelled,
        )

    def _asked(self, _: Any) -> GoalResponse:
        with self._lock:
            has_room = len(self._handles) < self._most_open
        return GoalResponse.ACCEPT if has_room else GoalResponse.REJECT

    def _accepted(self, handle: Any) -> None:
        goal_id = _id_of(handle)
        with self._lock:
            self._handles[goal_id] = handle
        handle.execute()
        self._post(self.action.goal_port, self._decode(handle.request, goal_id))

    def _cancelled(self, handle: Any) -> CancelResponse:
        """The station decides how it stops, and whether it does: a task near its end may be done first."""
        self._post(self.action.cancel_port, GoalCancel(_id_of(handle)))
        return CancelResponse.ACCEPT

    def tell(self, feedback: Any) -> None:
        """From the Unit's thread."""
        with self._lock:
            handle = self._handles.get(feedback.goal_id)
        if handle is not None:
            handle.publish_feedback(self._encode_feedback(feedback))

    def finish(self, result: Any) -> None:
        """From the Unit's thread: the rest is done in the servers' own."""
        with self._lock:
            handle = self._handles.pop(result.goal_id, None)
            if handle is None:
                return
            self._results[result.goal_id] = result
        self.server.notify_result(handle)

    def _end(self, handle: Any) -> Any:
        with self._lock:
            result = self._results.pop(_id_of(handle))
        if result.code in map(self.action.code, _SUCCEEDED):
            handle.succeed()
        elif handle.is_cancel_requested and result.code in map(self.action.code, _CANCELED):
            handle.canceled()
        else:
            handle.abort()
        return self._encode_result(result)


def _id_of(handle: Any) -> str:
    return bytes(handle.goal_id.uuid).hex()
