"""Asking the nodes of a cell for their lifecycle state, and for another."""

from __future__ import annotations

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetAvailableTransitions, GetState

from cell_controller.nodes.operator_client import OperatorClient


def state_of(client: OperatorClient, node: str, timeout_s: float) -> str:
    """Its primary state, such as active; NoAnswerError after the time."""
    answer = client.ask(GetState, f"{node}/get_state", GetState.Request(), timeout_s)
    return str(answer.current_state.label)


def transitions_of(client: OperatorClient, node: str, timeout_s: float) -> tuple[str, ...]:
    """What it may be asked for now."""
    kind = GetAvailableTransitions
    answer = client.ask(kind, f"{node}/get_available_transitions", kind.Request(), timeout_s)
    return tuple(d.transition.label for d in answer.available_transitions)


def change(client: OperatorClient, node: str, transition: str, timeout_s: float) -> bool:
    """False when the node refused: it says why in its own output."""
    request = ChangeState.Request(transition=Transition(label=transition))
    return bool(client.ask(ChangeState, f"{node}/change_state", request, timeout_s).success)
