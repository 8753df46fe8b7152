"""Names and kinds of ports: what a Unit declares for a topic, a service or an action."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cell_controller import messages as m
from cell_controller.messages import Guard, Outcome
from cell_controller.runtime import Input, Output, Qos
from cell_controller.runtime.ports import ORDER, RX, WELD, acting, calling, serving
from cell_controller.runtime.unit import Action, Service, actions_of, next_guard

PARTS = Service("get_parts", m.PartQuery, m.PartReply)
PAINT = Action("paint", m.PartGoal, 900)


def is_mine(_: object) -> bool:
    return True


def test_a_port_declares_what_it_is_told() -> None:
    assert ORDER.input() == Input("order", m.Order, Qos.GUARDED, False, 10, None, None, None)
    told = ORDER.input(wakes=True, depth=3, sources=("a",), max_age_s={"a": 0.5}, is_for=is_mine)
    assert told == Input("order", m.Order, Qos.GUARDED, True, 3, ("a",), {"a": 0.5}, is_mine)
    assert ORDER.output() == Output("order", m.Order, Qos.GUARDED)
    assert RX.input() == Input("rx", m.Rx, Qos.LOCAL)
    assert RX.output() == Output("rx", m.Rx, Qos.LOCAL)


def test_a_service_has_a_request_and_a_reply() -> None:
    request, reply = ("get_parts_request", m.PartQuery), ("get_parts_reply", m.PartReply)
    assert serving((PARTS,)) == (
        (Input(*request, Qos.REQUEST, wakes=True),),
        (Output(*reply, Qos.REQUEST),),
    )
    assert calling((PARTS,)) == (
        (Input(*reply, Qos.REQUEST, wakes=True),),
        (Output(*request, Qos.REQUEST),),
    )
    assert serving(()) == calling(()) == ((), ())


def test_an_action_has_four_ports() -> None:
    assert PAINT.ports == ("paint_goal", "paint_cancel", "paint_feedback", "paint_result")
    inputs, outputs = acting((PAINT, WELD))
    assert inputs[:2] == (
        Input("paint_goal", m.PartGoal, Qos.REQUEST, wakes=True),
        Input("paint_cancel", m.GoalCancel, Qos.REQUEST, wakes=True),
    )
    assert outputs[:2] == (
        Output("paint_feedback", m.GoalFeedback, Qos.REQUEST),
        Output("paint_result", m.GoalResult, Qos.REQUEST),
    )
    assert [i.port for i in inputs[2:]] == ["weld_goal", "weld_cancel"]
    assert [o.port for o in outputs[2:]] == ["weld_feedback", "weld_result"]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_has_a_number_in_the_band_of_its_action(outcome: Outcome) -> None:
    assert PAINT.code(outcome) == (0 if outcome is Outcome.NONE else 900 + int(outcome))


@dataclass
class Painter:
    actions: tuple[Action, ...] = field(default=(PAINT,))


def test_a_unit_without_actions_serves_none() -> None:
    assert actions_of(Painter()) == (PAINT,)  # type: ignore[arg-type]
    assert actions_of(object()) == ()  # type: ignore[arg-type]


def test_a_guard_says_who_which_session_which_message_and_when() -> None:
    assert next_guard("robot", 7, 3, 1.5) == Guard("robot", 7, 3, 1.5)
