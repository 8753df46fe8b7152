"""Lifecycle services: what may fall silent does, and comes back as a new life; what guards does neither."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from math import inf
from threading import Event, Thread
from typing import Any

import cell_msgs.msg
import pytest
import rclpy
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from cell_controller.config import ConfigError
from cell_controller.messages import CellState
from cell_controller.nodes import lifecycle
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.qos import profile_of
from cell_controller.runtime import Inputs, Qos, Sent, Service, Step, Unit, ports
from support.ros_units import Ponger, running, wait_until

_numbers = count()


class Talker:
    """Says its number on the topic of the cell's state."""

    max_lateness_s = 0.5
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    inputs = (ports.COMMAND.input(),)
    outputs: tuple[Any, ...] = (ports.STATE.output(),)

    def __init__(self, number: int) -> None:
        self.name, self._number = "robot", number

    def step(self, inputs: Inputs, now_s: float) -> Step:
        assert not inputs.faults
        return Step((Sent(ports.STATE.name, CellState(9, 9, False, 1, self._number, 1)),), now_s + 0.02)


class Ears:
    """Another node, which asks and listens."""

    def __init__(self, namespace: str) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self.node = Node("tester", namespace=namespace, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self.numbers: list[int] = []
        self.sessions: list[int] = []
        self.events: list[str] = []
        for kind, topic, take in (
            (cell_msgs.msg.CellState, "state", lambda m: self.numbers.append(m.state_seq)),
            (cell_msgs.msg.Heartbeat, "heartbeat", lambda m: self.sessions.append(m.guard.session)),
        ):
            self.node.create_subscription(kind, topic, take, profile_of(Qos.GUARDED))
        self.node.create_subscription(
            TransitionEvent, "robot/transition_event", lambda m: self.events.append(m.transition.label), 10
        )

    def ask(self, kind: Any, what: str, **fields: Any) -> Any:
        client = self.node.create_client(kind, what)
        assert client.wait_for_service(10.0)
        future = client.call_async(kind.Request(**fields))
        self._executor.spin_until_future_complete(future, timeout_sec=10.0)
        assert future.done(), what
        return future.result()

    def change(self, label: str = "", number: int = 0, of: str = "robot") -> bool:
        transition = Transition(id=number, label=label)
        return bool(self.ask(ChangeState, f"{of}/change_state", transition=transition).success)

    def state(self, of: str = "robot") -> int:
        return int(self.ask(GetState, f"{of}/get_state").current_state.id)

    def hears(self, condition: Any, what: str) -> None:
        def listened() -> object:
            self._executor.spin_once(timeout_sec=0.02)
            return condition()

        wait_until(listened, what=what)

    def close(self) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)


@pytest.fixture
def namespace() -> str:
    return f"/lifecycle_test_{next(_numbers)}"


@pytest.fixture
def ears(namespace: str) -> Iterator[Ears]:
    made = Ears(namespace)
    yield made
    made.close()


@contextmanager
def station(namespace: str, remake: Any = None, first: Unit | None = None) -> Iterator[RosHost]:
    lives = count(1)
    born = Talker(next(lives))
    host = RosHost(
        first or born,
        "robot",
        namespace,
        handles_signals=False,
        remake=remake or (lambda: Talker(next(lives))),
    )
    thread = Thread(target=host.run)
    thread.start()
    try:
        yield host
    finally:
        host.end()
        thread.join(10.0)
        assert not thread.is_alive()


def test_a_node_comes_up_by_itself_and_tells_its_states(namespace: str, ears: Ears) -> None:
    with running(Ponger(), namespace):
        ears.hears(
            lambda: ears.state("weld_line") == State.PRIMARY_STATE_ACTIVE, what="the node's activation"
        )
        states = ears.ask(GetAvailableStates, "weld_line/get_available_states").available_states
        assert [(s.id, s.label) for s in states] == [
            (1, "unconfigured"),
            (2, "inactive"),
            (3, "active"),
            (4, "finalized"),
        ]
        now = ears.ask(GetAvailableTransitions, "weld_line/get_available_transitions").available_transitions
        assert [(d.transition.id, d.transition.label) for d in now] == [(4, "deactivate"), (7, "shutdown")]
        graph = ears.ask(GetAvailableTransitions, "weld_line/get_transition_graph").available_transitions
        assert len(graph) == 7


def test_what_guards_is_not_deactivated_and_survives_every_wrong_request(
    namespace: str, ears: Ears, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(Ponger(), namespace) as host:
        for number in (0, 1, 2, 3, 4, 5, 6, 8, 99, 255):
            assert not ears.change(number=number, of="weld_line")
        assert not ears.change("deactivate", of="weld_line")
        assert not ears.change("dance", of="weld_line")
        assert ears.state("weld_line") == State.PRIMARY_STATE_ACTIVE
        assert host is not None
    assert "weld_line: is not deactivated while the cell lives; shut it down" in capfd.readouterr().err


def test_a_deactivated_station_is_silent_but_not_dead_and_begins_anew(namespace: str, ears: Ears) -> None:
    with station(namespace):
        ears.hears(lambda: ears.numbers and ears.sessions, "its first life")
        (first,) = set(ears.sessions)
        assert ears.change("deactivate")
        assert ears.state() == State.PRIMARY_STATE_INACTIVE
        ears.hears(lambda: len(set(ears.sessions)) == 2, "a heart that beats in another session")
        ears.numbers.clear()
        ears.sessions.clear()
        ears.hears(lambda: len(ears.sessions) >= 5, "more of it")
        assert ears.numbers == []
        assert not ears.change("deactivate"), "it is no longer active"
        assert ears.change(number=Transition.TRANSITION_ACTIVATE)
        ears.hears(lambda: ears.numbers, "its next life")
        assert set(ears.numbers) == {2}, "made anew: it remembers nothing"
        ears.hears(lambda: ears.sessions[-1] not in (first, *ears.sessions[:5]), "a session of its own")
        assert ears.change("deactivate")
        assert ears.change("cleanup")
        assert ears.state() == State.PRIMARY_STATE_UNCONFIGURED
        assert not ears.change("activate"), "not configured"
        assert ears.change("configure")
        assert ears.change("activate")
        ears.hears(lambda: 4 in ears.numbers, "a life after it")
        ears.hears(lambda: ears.events[-1:] == ["activate"], "the last transition")
        assert ears.events[-6:] == [
            "deactivate",
            "activate",
            "deactivate",
            "cleanup",
            "configure",
            "activate",
        ]


def test_a_unit_that_steps_too_late_is_not_silenced_afterwards(
    namespace: str, ears: Ears, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "OBEY_S", 0.3)
    is_free, is_stuck = Event(), Event()
    is_free.set()

    class Stuck(Talker):
        max_lateness_s = inf

        def step(self, inputs: Inputs, now_s: float) -> Step:
            if not is_free.is_set():
                is_stuck.set()
                is_free.wait(20.0)
            return super().step(inputs, now_s)

    with station(namespace, first=Stuck(1)):
        ears.hears(lambda: ears.numbers, "its life")
        is_free.clear()
        assert is_stuck.wait(10.0)
        assert not ears.change("deactivate")
        is_free.set()
        ears.numbers.clear()
        ears.hears(lambda: len(ears.numbers) > 20, "more of the same life")
        assert ears.state() == State.PRIMARY_STATE_ACTIVE
    assert "robot: did not step within 0.3 s" in capfd.readouterr().err


def test_files_that_have_become_wrong_leave_it_inactive(
    namespace: str, ears: Ears, capfd: pytest.CaptureFixture[str]
) -> None:
    def remake() -> Unit:
        raise ConfigError(())

    class OtherTopics(Talker):
        outputs = (ports.ALARMS.output(),)

    for broken in (remake, lambda: OtherTopics(2)):
        with station(namespace, broken):
            assert ears.change("deactivate")
            assert not ears.change("activate")
            assert ears.state() == State.PRIMARY_STATE_INACTIVE
            assert ears.change("cleanup")
            assert not ears.change("configure")
    assert "the cell file gives robot other topics: start the cell again" in capfd.readouterr().err


def test_shutdown_lets_a_bus_play_its_program_first(namespace: str, ears: Ears) -> None:
    unit = Ponger(stops_by_itself=True)
    host = RosHost(unit, unit.name, namespace, handles_signals=False)
    codes: list[int] = []
    thread = Thread(target=lambda: codes.append(host.run()))
    thread.start()
    try:
        assert ears.change("shutdown", of="weld_line")
        thread.join(10.0)
    finally:
        host.end()
        thread.join(10.0)
    assert codes == [0]
    assert unit._finish_s < float("inf"), "it was asked to stop, and ended by itself"
