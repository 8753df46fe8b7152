"""SimHost: runs the Units of a cell in one process on simulated time, from a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from cell_controller.runtime import Sent, Unit
from cell_sim.host.node import Life, SimNode
from cell_sim.host.scheduler import Scheduler
from cell_sim.host.transport import Latency, Transport

Observer = Callable[[float, str, Sent], None]  # a message when it is sent, and by whom
Arrival = Callable[[float, str, object], None]  # a message when a process takes it in, and who
Lives = Callable[[float, str, str], None]  # a process: start, kill, hang, go on, unplug


class SimHost:
    """Processes, network and clock of a simulated controller. Deterministic for one seed."""

    def __init__(self, seed: int | str = 1, latency: Latency | None = None) -> None:
        self.scheduler = Scheduler()
        self.transport = Transport(seed, latency)
        self.nodes: dict[str, SimNode] = {}
        self._sessions = random.Random(f"{seed}/sessions")
        self._latched: dict[str, dict[str, Sent]] = defaultdict(dict)
        self._planned: dict[str, float] = {}
        self._listeners: dict[str, list[SimNode]] = {}  # by port; anew after every start
        self.observers: list[Observer] = []
        self.arrivals: dict[str, list[Arrival]] = defaultdict(list)  # by port
        self.lives: list[Lives] = []

    @property
    def now_s(self) -> float:
        return self.scheduler.now_s

    def add(
        self, name: str, make: Callable[[], Unit], local: Callable[[SimNode, Sent, float], None] | None = None
    ) -> SimNode:
        """Declare a process; it does not run before `start`."""
        node = self.nodes[name] = SimNode(name, make, local or _no_local)
        return node

    def start(self, name: str) -> None:
        """Start, or restart after a kill: a new Unit with a new session."""
        node = self.nodes[name]
        self.tell(name, "start")
        self._listeners.clear()
        node.start(self._sessions.getrandbits(62) + 1, self.now_s)
        for port in sorted(p for p in self._latched if p in node.subscribed):
            for sent in self._latched[port].values():
                self.deliver(name, sent.port, sent.message)
        self._plan(node)

    def kill(self, name: str) -> None:
        self.tell(name, "kill")
        self.nodes[name].kill()

    def hang(self, name: str) -> None:
        self.tell(name, "hang")
        self.nodes[name].hang()

    def go_on(self, name: str) -> None:
        """A hung process reads what the middleware kept for it, then steps late."""
        node = self.nodes[name]
        self.tell(name, "go on")
        for port, message in node.go_on():
            self._take_in(node, port, message)
        self._plan(node)

    def tell(self, name: str, what: str) -> None:
        """Something that a person at the machine would see of a process has happened."""
        for note in self.lives:
            note(self.now_s, name, what)

    def leave_behind(self, name: str, former: str) -> None:
        """A hung process that its supervisor could not end, as node `former`; `name` can be started anew.

        When it goes on it has its session, its memory and its subscriptions, but none of its files: a serial
        port and a journal belong to one process at a time.
        """
        node = self.nodes[name]
        if node.life is not Life.HUNG:
            raise ValueError(f"{name} is {node.life.value}, not hung")
        self.nodes[name] = node.successor()
        self._listeners.clear()
        self._planned.pop(name, None)
        node.name, node.local = former, _no_file
        self.nodes[former] = node

    def deliver(self, name: str, port: str, message: object) -> None:
        """Put a message into a node's inbox now, as its own host does."""
        node = self.nodes[name]
        self._take_in(node, port, message)
        self._plan(node)

    def _take_in(self, node: SimNode, port: str, message: object) -> None:
        if node.receive(port, message, self.now_s) and port in self.arrivals:
            for note in self.arrivals[port]:
                note(self.now_s, node.name, message)

    def publish(self, source: str, sent: Sent, *, is_latched: bool = False) -> None:
        """Send a message over the simulated network to every subscriber."""
        for observe in self.observers:
            observe(self.now_s, source, sent)
        if is_latched:
            self._latched[sent.port][source] = sent
        port, now_s = sent.port, self.now_s
        if self.transport.faults:
            sent = replace(sent, message=self.transport.carried(port, source, sent.message, now_s))
        listeners = self._listeners.get(port)
        if listeners is None:
            listeners = self._listeners[port] = [n for n in self.nodes.values() if port in n.subscribed]
        for node in listeners:
            if node.name != source:
                for arrival_s in self.transport.arrivals(port, source, node.name, now_s):
                    self.scheduler.at(arrival_s, self._arrival(node, sent))

    def _arrival(self, node: SimNode, sent: Sent) -> Callable[[], None]:
        starts = node.starts  # a message on its way to a dead process does not reach its successor

        def arrive() -> None:
            if node.starts == starts:
                self._take_in(node, sent.port, sent.message)
                self._plan(node)

        return arrive

    def _plan(self, node: SimNode) -> None:
        if node.life is not Life.RUNNING or node.runner is None:
            return
        due_s = max(node.runner.due_s, self.now_s)
        planned = self._planned.get(node.name)
        if planned is not None and self.now_s <= planned <= due_s:
            return
        self._planned[node.name] = due_s
        self.scheduler.at(due_s, lambda: self._step(node, due_s))

    def _step(self, node: SimNode, planned_s: float) -> None:
        if self._planned.get(node.name) != planned_s:
            return  # an earlier step has been planned since
        del self._planned[node.name]
        runner = node.runner
        if node.life is not Life.RUNNING or runner is None:
            return
        if runner.due_s <= self.now_s:
            for sent in runner.step(self.now_s):
                if sent.port in node.local_ports:
                    for observe in self.observers:
                        observe(self.now_s, node.name, sent)
                    node.local(node, sent, self.now_s)
                else:
                    self.publish(node.name, sent, is_latched=sent.port in node.latched_ports)
        self._plan(node)

    def run_for(self, duration_s: float, is_done: Callable[[], bool] | None = None) -> bool:
        """Advance simulated time; stops early and returns True when is_done holds."""
        return self.scheduler.run_until(self.now_s + duration_s, is_done)


def _no_local(node: SimNode, sent: Sent, now_s: float) -> None:
    raise ValueError(f"{node.name} has no host for its local port {sent.port}")


def _no_file(node: SimNode, sent: Sent, now_s: float) -> None:
    """The file descriptor behind a local port is not this process' any more."""
