"""The lifecycle that ROS 2 knows of a node (managed nodes, lifecycle_msgs), on services of our own.

A node comes up by itself, so what dies and is started again needs nobody; that it is active arms nothing and
moves nothing. rclpy.lifecycle is not used: there a request that is not allowed ends the node.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import Any

from lifecycle_msgs.msg import State, Transition, TransitionDescription, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions, GetState
from rclpy.node import Node

from cell_controller.errors import CellError
from cell_controller.runtime import Inputs, Service, Step, Unit

OBEY_S = 2.0  # the Unit's thread is never busy for so long
IDLE_S = 1.0


class Phase(IntEnum):
    """Primary states, with lifecycle_msgs' numbers."""

    UNCONFIGURED = State.PRIMARY_STATE_UNCONFIGURED
    INACTIVE = State.PRIMARY_STATE_INACTIVE
    ACTIVE = State.PRIMARY_STATE_ACTIVE
    FINALIZED = State.PRIMARY_STATE_FINALIZED


@dataclass(frozen=True, slots=True)
class Change:
    """A transition, with lifecycle_msgs' number."""

    id: int
    label: str
    start: Phase
    goal: Phase


CONFIGURE = Change(Transition.TRANSITION_CONFIGURE, "configure", Phase.UNCONFIGURED, Phase.INACTIVE)
CLEANUP = Change(Transition.TRANSITION_CLEANUP, "cleanup", Phase.INACTIVE, Phase.UNCONFIGURED)
ACTIVATE = Change(Transition.TRANSITION_ACTIVATE, "activate", Phase.INACTIVE, Phase.ACTIVE)
DEACTIVATE = Change(Transition.TRANSITION_DEACTIVATE, "deactivate", Phase.ACTIVE, Phase.INACTIVE)
_SHUTDOWN = "shutdown"
CHANGES = (
    CONFIGURE,
    CLEANUP,
    ACTIVATE,
    DEACTIVATE,
    Change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, _SHUTDOWN, Phase.UNCONFIGURED, Phase.FINALIZED),
    Change(Transition.TRANSITION_INACTIVE_SHUTDOWN, _SHUTDOWN, Phase.INACTIVE, Phase.FINALIZED),
    Change(Transition.TRANSITION_ACTIVE_SHUTDOWN, _SHUTDOWN, Phase.ACTIVE, Phase.FINALIZED),
)


@dataclass(frozen=True, slots=True)
class Served:
    """A service below the node's name."""

    name: str
    kind: type
    what: str


EVENTS = "transition_event"
DEPTH = 10  # rcl's own
SERVICES = (
    Served("get_state", GetState, "The state that it is in."),
    Served("change_state", ChangeState, "Asks for a transition, by number, or by label where that is 0."),
    Served("get_available_states", GetAvailableStates, "All states."),
    Served("get_available_transitions", GetAvailableTransitions, "What may be asked for now."),
    Served("get_transition_graph", GetAvailableTransitions, "All transitions."),
)


class Idle:
    """In place of a Unit that is not active: its heart beats, so that it is not taken for dead."""

    max_lateness_s = inf
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    inputs = ()
    outputs = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def step(self, inputs: Inputs, now_s: float) -> Step:
        """Nothing but time passes."""
        return Step((), now_s + IDLE_S)


class Lifecycle:
    """Of one node. Its services run in the ROS thread; `obey` is for the Unit's own."""

    def __init__(
        self,
        node: Node,
        unit: Unit,
        remake: Callable[[], Unit] | None,
        *,
        wake: Callable[[], None],
        shut_down: Callable[[], None],
    ) -> None:
        """`remake` reads the files again; without it the node is never deactivated while it lives."""
        self.phase = Phase.UNCONFIGURED
        self._asked: Unit | None = None
        self._lock = threading.Lock()
        self._name, self._ports, self._remake = unit.name, _ports(unit), remake
        self._wake, self._shut_down = wake, shut_down
        self._done = threading.Event()
        own = node.get_name()
        self._events = node.create_publisher(TransitionEvent, f"{own}/{EVENTS}", DEPTH)
        answers = (self._get_state, self._change_state, self._states, self._transitions, self._graph)
        for service, answer in zip(SERVICES, answers, strict=True):
            node.create_service(service.kind, f"{own}/{service.name}", answer)

    def begin(self) -> None:
        """The node is up: by itself."""
        self._enter(CONFIGURE)
        self._enter(ACTIVATE)

    def end(self) -> None:
        """The node goes."""
        for change in CHANGES:
            if change.start is self.phase and change.goal is Phase.FINALIZED:
                self._enter(change)
                return

    def obey(self) -> Unit | None:
        """The Unit that has to step from now on, told once; None: the one that does."""
        if self._asked is None:  # as ever; the lock is for who comes too late
            return None
        with self._lock:
            unit, self._asked = self._asked, None
            if unit is not None:
                self._done.set()
            return unit

    def _enter(self, change: Change) -> None:
        self.phase = change.goal
        self._events.publish(
            TransitionEvent(
                transition=Transition(id=change.id, label=change.label),
                start_state=_state(change.start),
                goal_state=_state(change.goal),
            )
        )

    def _change_state(self, request: Any, response: Any) -> Any:
        """By number, or by label where the number is 0; what is not allowed now fails and changes nothing."""
        wanted = request.transition
        for change in CHANGES:
            is_meant = change.id == wanted.id if wanted.id else change.label == wanted.label
            if is_meant and change.start is self.phase:
                response.success = self._try(change)
                if response.success:
                    self._enter(change)
                return response
        response.success = False
        return response

    def _try(self, change: Change) -> bool:
        if change.goal is Phase.FINALIZED:
            self._shut_down()
            return True
        if self._remake is None:
            self._say("is not deactivated while the cell lives; shut it down")
            return False
        try:
            unit = Idle(self._name) if change.goal is not Phase.ACTIVE else self._made(self._remake)
            if change is CONFIGURE:
                self._made(self._remake)  # what is wrong in the files is told now
        except CellError as error:
            self._say(str(error))
            return False
        self._done.clear()
        self._asked = unit
        self._wake()
        self._done.wait(OBEY_S)
        with self._lock:  # refused is refused: it must not fall silent later, and call itself active
            is_obeyed, self._asked = self._asked is None, None
        if not is_obeyed:
            self._say(f"did not step within {OBEY_S:g} s")
        return is_obeyed

    def _made(self, remake: Callable[[], Unit]) -> Unit:
        """Made anew like a process that is started again: it remembers nothing."""
        unit = remake()
        if _ports(unit) != self._ports:
            raise CellError(f"the cell file gives {self._name} other topics: start the cell again")
        return unit

    def _say(self, text: str) -> None:
        print(f"{self._name}: {text}", file=sys.stderr)  # noqa: T201  # `cell up` shows it

    def _get_state(self, request: Any, response: Any) -> Any:
        response.current_state = _state(self.phase)
        return response

    def _states(self, request: Any, response: Any) -> Any:
        response.available_states = [_state(phase) for phase in Phase]
        return response

    def _transitions(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_description(c) for c in CHANGES if c.start is self.phase]
        return response

    def _graph(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_description(c) for c in CHANGES]
        return response


def _ports(unit: Unit) -> tuple[frozenset[str], ...]:
    return frozenset(i.port for i in unit.inputs), frozenset(o.port for o in unit.outputs)


def _state(phase: Phase) -> State:
    return State(id=int(phase), label=phase.name.lower())


def _description(change: Change) -> TransitionDescription:
    return TransitionDescription(
        transition=Transition(id=change.id, label=change.label),
        start_state=_state(change.start),
        goal_state=_state(change.goal),
    )
