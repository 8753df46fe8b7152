"""Actions: goals and cancels reach the Unit, feedback and result the client who asked, refusals in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from threading import Event
from typing import Any

import cell_msgs.action
import pytest
from action_msgs.msg import GoalStatus

from cell_controller.messages import GoalCancel, GoalFeedback, GoalResult, Outcome, Parameter, PartGoal
from cell_controller.runtime import Inputs, Sent, Step, ports
from support.action_client import Client, action_client
from support.ros_units import Ponger, running, wait_until

_numbers = count()
WELD = ports.WELD
VALUES = (Parameter("force_n", 6000.0),)


class Welder(Ponger):
    """Welds until it is told how the weld ends; refuses what has no operator."""

    def __init__(self) -> None:
        super().__init__("welder")
        self.actions = (WELD,)
        act_in, act_out = ports.acting(self.actions)
        self.inputs, self.outputs, self.services = act_in, act_out, ()
        self.goals: list[PartGoal] = []
        self.cancels: list[GoalCancel] = []
        self.ends: list[GoalResult] = []
        self.may_step = Event()
        self.may_step.set()

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.may_step.wait(20.0)
        sent: list[Sent] = []
        for goal in inputs.new(WELD.goal_port, PartGoal):
            if goal.operator:
                self.goals.append(goal)
                sent.append(Sent(WELD.feedback_port, GoalFeedback(goal.goal_id, "plunge", 0.25, VALUES)))
            else:
                code = WELD.code(Outcome.REFUSED_STATE)
                sent.append(Sent(WELD.result_port, GoalResult(goal.goal_id, code, "who are you?")))
        self.cancels += inputs.new(WELD.cancel_port, GoalCancel)
        while self.ends:
            sent.append(Sent(WELD.result_port, self.ends.pop(0)))
        return Step(tuple(sent), now_s + 0.02)

    def end(self, goal: PartGoal, outcome: Outcome) -> None:
        self.ends.append(GoalResult(goal.goal_id, WELD.code(outcome), outcome.name, VALUES))


def send(client: Client, operator: str = "ben") -> Any:
    return client.send(cell_msgs.action.Weld.Goal(station="robot", operator_name=operator, part_id="p1"))


@pytest.fixture
def welder() -> Welder:
    return Welder()


@pytest.fixture
def client(welder: Welder) -> Iterator[Client]:
    namespace = f"/actions_test_{next(_numbers)}"
    with running(welder, namespace), action_client(namespace, cell_msgs.action.Weld, "weld") as client:
        yield client


def test_a_goal_has_feedback_and_a_result(welder: Welder, client: Client) -> None:
    handle = send(client)
    wait_until(lambda: client.feedback, 5.0, "feedback")
    goal = welder.goals[0]
    assert (goal.station, goal.operator, goal.part_id, goal.recipe) == ("robot", "ben", "p1", "")
    assert goal.goal_id == bytes(handle.goal_id.uuid).hex()
    feedback = client.feedback[0]
    assert (feedback.phase, feedback.progress, feedback.values[0].value) == ("plunge", 0.25, 6000.0)
    assert handle.status in (GoalStatus.STATUS_UNKNOWN, GoalStatus.STATUS_EXECUTING)
    welder.end(goal, Outcome.GOOD)
    ended = client.result(handle)
    assert ended.status == GoalStatus.STATUS_SUCCEEDED
    assert (ended.result.code, ended.result.detail) == (cell_msgs.action.Weld.Result.GOOD, "GOOD")
    assert ended.result.values[0].name == "force_n"


def test_a_refusal_is_a_result_with_its_reason(welder: Welder, client: Client) -> None:
    ended = client.result(send(client, operator=""))
    assert ended.status == GoalStatus.STATUS_ABORTED
    assert (ended.result.code, ended.result.detail) == (706, "who are you?")
    assert not welder.goals


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.STOPPED, GoalStatus.STATUS_CANCELED),
        (Outcome.SUSPECT, GoalStatus.STATUS_CANCELED),
        (Outcome.GOOD, GoalStatus.STATUS_SUCCEEDED),  # it was done before it could stop
        (Outcome.ABORTED, GoalStatus.STATUS_ABORTED),
    ],
)
def test_a_cancel_reaches_the_unit_and_the_unit_says_what_came_of_it(
    welder: Welder, client: Client, outcome: Outcome, status: int
) -> None:
    handle = send(client)
    wait_until(lambda: welder.goals, 5.0, "the goal")
    client.cancel(handle)
    wait_until(lambda: welder.cancels, 5.0, "the cancel")
    assert welder.cancels[0].goal_id == welder.goals[0].goal_id
    welder.end(welder.goals[0], outcome)
    ended = client.result(handle)
    assert (ended.status, ended.result.code) == (status, WELD.code(outcome))


def test_two_goals_are_kept_apart_and_a_stopped_one_that_nobody_cancelled_is_aborted(
    welder: Welder, client: Client
) -> None:
    first, second = send(client), send(client, "eva")
    wait_until(lambda: len(welder.goals) == 2, 5.0, "both goals")
    of = {goal.operator: goal for goal in welder.goals}
    welder.end(of["eva"], Outcome.BAD)
    welder.end(of["ben"], Outcome.STOPPED)
    ended = client.result(second)
    assert (ended.status, ended.result.code) == (GoalStatus.STATUS_SUCCEEDED, 702)
    ended = client.result(first)
    assert (ended.status, ended.result.code) == (GoalStatus.STATUS_ABORTED, 707)


def test_a_goal_lives_on_without_its_client(welder: Welder) -> None:
    namespace = f"/actions_test_{next(_numbers)}"
    with running(welder, namespace):
        with action_client(namespace, cell_msgs.action.Weld, "weld") as client:
            send(client)
            wait_until(lambda: welder.goals, 5.0, "the goal")
        welder.end(welder.goals[0], Outcome.GOOD)
        wait_until(lambda: not welder.ends, 5.0, "the result taken")
        with action_client(namespace, cell_msgs.action.Weld, "weld") as client:
            send(client, "eva")
            wait_until(lambda: len(welder.goals) == 2, 5.0, "another client's goal")
    assert not welder.cancels


def test_goals_that_do_not_fit_are_rejected_and_all_others_end(welder: Welder, client: Client) -> None:
    (depth,) = (i.depth for i in welder.inputs if i.port == WELD.goal_port)
    wanted = cell_msgs.action.Weld.Goal(station="robot", operator_name="ben")
    welder.may_step.clear()
    try:
        handles = [client.offer(wanted) for _ in range(depth + 3)]
    finally:
        welder.may_step.set()
    assert [handle.accepted for handle in handles] == [True] * depth + [False] * 3
    wait_until(lambda: len(welder.goals) == depth, 5.0, "every goal")
    for goal in welder.goals:
        welder.end(goal, Outcome.GOOD)
    assert {client.result(handle).result.code for handle in handles[:depth]} == {701}
    send(client)  # there is room again
