"""An ordinary rclpy client of one action, as any other node has it, with limits to every wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from support.ros_units import wait_until

ANSWER_S = 10.0  # a discovery and two busy cores


class Client:
    """Sends goals; keeps the feedback of all of them."""

    def __init__(self, node: Node, action: Any, name: str, executor: SingleThreadedExecutor) -> None:
        self._client: Any = ActionClient(node, action, name)
        self._executor = executor
        self.feedback: list[Any] = []

    def _ask(self, ask: Callable[[], Any], timeout_s: float, what: str) -> Any:
        """The answer to what `ask` sends, from the executor's thread.

        rclpy 7.1 notes who waits only after it has sent: in another thread a quick answer comes before that
        and is thrown away ("Ignoring unexpected goal response").
        """
        asked = self._executor.create_task(ask)
        wait_until(asked.done, ANSWER_S, f"a question for {what}")
        answered = asked.result()
        wait_until(answered.done, timeout_s, what)
        return answered.result()

    def send(self, goal: Any) -> Any:
        """The handle of a goal that the server has taken."""
        handle = self.offer(goal)
        assert handle.accepted
        return handle

    def offer(self, goal: Any) -> Any:
        """The handle of a goal, taken or not."""
        assert self._client.wait_for_server(ANSWER_S), "no server"
        return self._ask(
            lambda: self._client.send_goal_async(goal, lambda m: self.feedback.append(m.feedback)),
            ANSWER_S,
            "an answer to the goal",
        )

    def result(self, handle: Any, timeout_s: float = ANSWER_S) -> Any:
        """Status and result."""
        return self._ask(handle.get_result_async, timeout_s, "a result")

    def cancel(self, handle: Any) -> None:
        answer = self._ask(handle.cancel_goal_async, ANSWER_S, "an answer to the cancel")
        assert len(answer.goals_canceling) == 1

    def close(self) -> None:
        self._client.destroy()


@contextmanager
def action_client(namespace: str, action: Any, name: str) -> Iterator[Client]:
    """A client with a node and a thread of its own."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node("tester", namespace=namespace, context=context)
    executor = SingleThreadedExecutor(context=context)
    client = Client(node, action, name, executor)
    executor.add_node(node)
    is_over: list[bool] = []

    def spin() -> None:
        while not is_over:
            executor.spin_once(timeout_sec=0.1)

    thread = Thread(target=spin, name="action_client")
    thread.start()
    try:
        yield client
    finally:
        is_over.append(True)
        thread.join(5.0)
        executor.shutdown()
        client.close()
        node.destroy_node()
        rclpy.try_shutdown(context=context)
