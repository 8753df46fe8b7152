"""An ordinary ROS node that knows nothing of the cell: python -m support.plain_participant NAMESPACE.

Ends well when it has heard `state` and `submit_order` has answered.
"""

from __future__ import annotations

import sys
import time

import rclpy
from cell_msgs.msg import CellState
from cell_msgs.srv import SubmitOrder
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

LIMIT_S = 20.0  # Fast DDS announces itself every 3 s; and two busy cores


def main(namespace: str) -> str:
    """What did not come, "" when everything did."""
    rclpy.init()
    node = Node("stranger", namespace=namespace)
    states: list[CellState] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(CellState, "state", states.append, latched)
    client = node.create_client(SubmitOrder, "submit_order")
    answer = None
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s and not (states and answer is not None and answer.done()):
        rclpy.spin_once(node, timeout_sec=0.05)
        if answer is None and client.service_is_ready():
            answer = client.call_async(SubmitOrder.Request(order_id="o1", operator_name="maria", quantity=3))
    is_answered = answer is not None and answer.done() and answer.result().is_accepted
    node.destroy_node()
    rclpy.shutdown()
    return "" if states and is_answered else f"{len(states)} states, answered: {is_answered}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) or 0)
