"""A tap says one thing on a guarded topic, in the session of its sender, to those who listen there."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from cell_controller.messages import DriveStates
from cell_controller.nodes.operator_client import NoAnswerError
from cell_controller.nodes.tap import say_next
from cell_controller.runtime import FaultKind, Inputs, Step, ports
from support.ros_units import Pinger, Ponger, running, wait_until

FORGED = 7777
AHEAD = 100_000  # more than a test can send
_numbers = count()


class Listener(Pinger):
    """Keeps what it accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[int] = []

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self.epochs += [s.epoch for s in inputs.new(ports.DRIVE_STATES.name, DriveStates)]
        return super().step(inputs, now_s)


def forged(message: object) -> object | None:
    if not isinstance(message, DriveStates):
        return None
    return replace(message, epoch=FORGED, guard=replace(message.guard, seq=message.guard.seq + AHEAD))


def test_what_it_says_is_taken_for_its_sender_and_said_once() -> None:
    namespace, listener = f"/tap_test_{next(_numbers)}", Listener()
    with running(listener, namespace), running(Ponger(), namespace):
        wait_until(lambda: bool(listener.epochs), what="drive states")
        at_s = say_next(namespace, ports.DRIVE_STATES, forged, 10.0)
        wait_until(lambda: FORGED in listener.epochs, what="the forged ones")
        wait_until(lambda: any(f.kind is FaultKind.REORDERED for f in listener.faults), what="the true ones")
    assert at_s > 0.0
    assert listener.epochs.count(FORGED) == 1
    assert listener.epochs[-1] == FORGED, "what its sender says now is older in the session"


def test_it_says_as_often_as_it_is_told_each_newer_than_the_last() -> None:
    namespace, listener = f"/tap_test_{next(_numbers)}", Listener()
    with running(listener, namespace), running(Ponger(), namespace):
        wait_until(lambda: bool(listener.epochs), what="drive states")
        say_next(namespace, ports.DRIVE_STATES, forged, 10.0, times=3)
        wait_until(lambda: listener.epochs.count(FORGED) == 3, what="all three")


def test_a_topic_on_which_nothing_fits_is_an_error_in_time() -> None:
    with pytest.raises(NoAnswerError, match=r"a message on /tap_test_\d+/setpoint: no answer within 1 s"):
        say_next(f"/tap_test_{next(_numbers)}", ports.SETPOINT, forged, 1.0)
