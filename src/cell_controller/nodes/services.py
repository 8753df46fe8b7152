"""Services of a Unit on ROS: requests become inbox messages, replies are matched by request_id."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from rclpy.node import Node

from cell_controller.nodes import convert
from cell_controller.nodes.local_io import Post
from cell_controller.nodes.side_node import OnDeath, SideNode
from cell_controller.runtime import Service

REPLY_LIMIT_S = 5.0  # the journal's slowest sync is well below; after that the caller hears of a failure


class ServiceServers:
    """Answers the services of one Unit."""

    def __init__(self, services: Sequence[Service], post: Post, parent: Node, on_death: OnDeath) -> None:
        self.senders: dict[str, Callable[[object], None]] = {}
        self._post = post
        self._numbers = count(1)
        self._waiting: dict[str, tuple[threading.Event, list[object]]] = {}
        self._lock = threading.Lock()
        self._side = SideNode(parent, "services", on_death) if services else None
        for service in services:
            self.senders[service.reply_port] = self._take_reply
            if self._side is not None:
                self._side.node.create_service(
                    convert.ros_service(service), service.name, self._server(service)
                )

    def start(self) -> None:
        if self._side is not None:
            self._side.start()

    def close(self) -> None:
        with self._lock:
            for event, _ in self._waiting.values():
                event.set()
        if self._side is not None:
            self._side.close()

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
