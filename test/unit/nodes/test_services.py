"""Services: answers are matched, nonsense is answered in words, a late answer is a failure and not a hang."""

from collections.abc import Iterator
from itertools import count

import cell_msgs.srv
import pytest
import rclpy
from rclpy.node import Node

from cell_controller.messages import DisposeRequest, OrderReply, OrderRequest
from cell_controller.nodes import services
from cell_controller.nodes.operator_client import NoAnswerError, OperatorClient
from cell_controller.runtime import Inputs, Sent, Step, ports
from support.ros_units import Ponger, running

_numbers = count()


@pytest.fixture
def namespace() -> str:
    return f"/services_test_{next(_numbers)}"


@pytest.fixture
def node(namespace: str) -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node("tester", namespace=namespace, context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


class Clerk(Ponger):
    """Answers submit_order in the wrong order, and dispose_part never."""

    def __init__(self) -> None:
        super().__init__("clerk")
        serves_in, serves_out = ports.serving((ports.SUBMIT_ORDER, ports.DISPOSE_PART))
        self.inputs, self.outputs = serves_in, serves_out
        self.services = (ports.SUBMIT_ORDER, ports.DISPOSE_PART)
        self.disposed: list[DisposeRequest] = []

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.disposed += inputs.new(ports.DISPOSE_PART.request_port, DisposeRequest)
        requests = inputs.new(ports.SUBMIT_ORDER.request_port, OrderRequest)
        stranger = (
            [Sent(ports.SUBMIT_ORDER.reply_port, OrderReply("nobody's", False, "wrong"))] if requests else []
        )
        replies = [
            Sent(
                ports.SUBMIT_ORDER.reply_port, OrderReply(r.request_id, True, f"{r.recipe} for {r.operator}")
            )
            for r in requests
        ]
        return Step((*stranger, *replies), now_s + 0.1)


def test_an_answer_reaches_who_asked(namespace: str) -> None:
    with running(Clerk(), namespace), OperatorClient(namespace, operator="anna") as client:
        assert client.submit_order("bracket", 3).reason == "bracket for anna"
        assert client.submit_order("coupon", 3).reason == "coupon for anna"


def test_a_number_outside_its_enumeration_is_answered_in_words(namespace: str, node: Node) -> None:
    clerk = Clerk()
    with running(clerk, namespace):
        client = node.create_client(cell_msgs.srv.DisposePart, "dispose_part")
        assert client.wait_for_service(10.0)
        future = client.call_async(cell_msgs.srv.DisposePart.Request(part_id="p1", disposition=9))
        rclpy.spin_until_future_complete(node, future, timeout_sec=10.0, executor=_executor(node))
    assert not future.result().is_accepted
    assert future.result().reason == "9 is not a valid Disposition"
    assert not clerk.disposed


def test_an_answer_that_does_not_come_is_a_failure_and_not_a_hang(
    namespace: str, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "REPLY_LIMIT_S", 0.2)
    clerk = Clerk()
    with running(clerk, namespace):
        client = node.create_client(cell_msgs.srv.DisposePart, "dispose_part")
        assert client.wait_for_service(10.0)
        future = client.call_async(cell_msgs.srv.DisposePart.Request(part_id="p1"))
        rclpy.spin_until_future_complete(node, future, timeout_sec=10.0, executor=_executor(node))
    assert future.result().reason == "no answer within 0.2 s"
    assert [request.part_id for request in clerk.disposed] == ["p1"]


def test_a_cell_that_is_not_there_is_told_as_such(namespace: str) -> None:
    with OperatorClient(namespace) as client:
        with pytest.raises(NoAnswerError, match=r"^service get_parts: no answer within 0.2 s"):
            client.get_parts(timeout_s=0.2)
        with pytest.raises(NoAnswerError, match=r"is the cell manager running\?"):
            client.command(1, timeout_s=0.2)
        assert client.state is None


def _executor(node: Node) -> rclpy.executors.SingleThreadedExecutor:
    return rclpy.executors.SingleThreadedExecutor(context=node.context)
