"""Services of a Unit on ROS: requests become inbox messages, replies are matched by request_id.

Servers have a node and a thread of their own, so that a request that waits for its reply never holds up
the guarded topics.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from cell_controller.nodes import convert
from cell_controller.nodes.local_io import Post
from cell_controller.runtime import Service

REPLY_LIMIT_S = 5.0  # the journal's slowest sync is well below; after that the caller hears of a failure
SPIN_S = 0.5


class ServiceServers:
    """Answers the services of one Unit."""

    def __init__(self, services: Sequence[Service], post: Post, parent: Node) -> None:
        self.senders: dict[str, Callable[[object], None]] = {}
        self._post = post
        self._numbers = count(1)
        self._waiting: dict[str, tuple[threading.Event, list[object]]] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._node: Node | None = None
        if not services:
            return
        self._node = Node(
            f"{parent.get_name()}_services",
            namespace=parent.get_namespace(),
            context=parent.context,
            use_global_arguments=False,  # a __node remap is meant for the parent
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=parent.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="services", daemon=True)
        for service in services:
            self.senders[service.reply_port] = self._take_reply
            self._node.create_service(convert.ros_service(service), service.name, self._server(service))

    def start(self) -> None:
        if self._node is not None:
            self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        if self._node is not None:
            with self._lock:
                for event, _ in self._waiting.values():
                    event.set()
            if self._thread.ident is not None:
                self._executor.wake()
                self._thread.join(timeout=2 * SPIN_S)
            self._executor.shutdown(timeout_sec=1.0)
            self._node.destroy_node()

    def _server(self, service: Service) -> Callable[[Any, Any], Any]:
        decode, encode = convert.request_from_ros(service), convert.reply_to_ros(service)

        def serve(request: Any, response: Any) -> Any:
            request_id = f"{service.name}-{next(self._numbers)}"
            event = threading.Event()
            answer: list[object] = []
            with self._lock:
                self._waiting[request_id] = (event, answer)
            try:
                self._post(service.request_port, decode(request, request_id))
                event.wait(REPLY_LIMIT_S)
            except ValueError as error:
                response.reason = str(error)
                return response
            finally:
                with self._lock:
                    self._waiting.pop(request_id, None)
            if not answer:
                response.reason = f"no answer within {REPLY_LIMIT_S:g} s"
                return response
            return encode(answer[0])

        return serve

    def _take_reply(self, reply: Any) -> None:
        with self._lock:
            waiting = self._waiting.get(reply.request_id)
            if waiting is not None:
                waiting[1].append(reply)
                waiting[0].set()

    def _spin(self) -> None:
        try:
            while not self._is_over.is_set():
                self._executor.spin_once(timeout_sec=SPIN_S)
        except ExternalShutdownException:
            return


class ServiceClients:
    """Calls the services that one Unit asks for; the reply comes back into its inbox."""

    def __init__(self, services: Sequence[Service], post: Post, node: Node) -> None:
        self.senders: dict[str, Callable[[object], None]] = {}
        for service in services:
            client = node.create_client(convert.ros_service(service), service.name)
            self.senders[service.request_port] = _caller(service, client, post)


def _caller(service: Service, client: Any, post: Post) -> Callable[[object], None]:
    encode, decode = convert.request_to_ros(service), convert.reply_from_ros(service)

    def call(request: Any) -> None:
        if not client.service_is_ready():
            return  # the Unit asks again when no reply comes
        client.call_async(encode(request)).add_done_callback(
            lambda done: post(service.reply_port, answer(done, request.request_id))
        )

    def answer(done: Any, request_id: str) -> object:
        try:
            return decode(done.result(), request_id)
        except ValueError as error:
            return f"{service.name}: {error}"

    return call
