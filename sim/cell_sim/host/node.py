"""One simulated process: a Unit with its Runner, and whether the process is alive, hung or dead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from cell_controller.runtime import Qos, Runner, Sent, Unit
from cell_controller.runtime.trace import TraceWriter

SOCKET_DEPTH = 10  # what the middleware keeps for a process that does not read


class Life(Enum):
    """State of the process."""

    RUNNING = "running"
    HUNG = "hung"  # SIGSTOP: keeps its sockets, reads and writes nothing
    DEAD = "dead"


class SimNode:
    """A process that hosts one Unit; `local` handles what the Unit sends to its own host."""

    def __init__(
        self, name: str, make: Callable[[], Unit], local: Callable[[SimNode, Sent, float], None]
    ) -> None:
        self.name = name
        self._make = make
        self.local = local
        self.life = Life.DEAD
        self.starts = 0
        self.runner: Runner | None = None
        self.tracer: Callable[[str, int, float], TraceWriter] | None = None  # opens the trace of one life
        self._backlog: deque[tuple[str, object]] = deque()
        self.subscribed: frozenset[str] = frozenset()
        self.local_ports: frozenset[str] = frozenset()
        self.latched_ports: frozenset[str] = frozenset()

    def successor(self) -> SimNode:
        """The next process of this name, not yet started; its starts are counted on."""
        node = SimNode(self.name, self._make, self.local)
        node.starts, node.tracer = self.starts, self.tracer
        return node

    def start(self, session: int, now_s: float) -> Runner:
        """A new process with a new session; nothing of the former one survives."""
        self.starts += 1
        unit = self._make()
        trace = self.tracer(self.name, session, now_s) if self.tracer is not None else None
        if trace is None:
            self.runner = Runner(unit, session, now_s)
        else:
            self.runner = Runner(unit, session, now_s, trace.on_step, trace.on_input)
        self.life = Life.RUNNING
        self._backlog.clear()
        self.subscribed = frozenset(i.port for i in unit.inputs if i.qos is not Qos.LOCAL)
        self.local_ports = frozenset(o.port for o in unit.outputs if o.qos is Qos.LOCAL)
        self.latched_ports = frozenset(o.port for o in unit.outputs if o.qos is Qos.LATCHED)
        return self.runner

    def receive(self, port: str, message: object, now_s: float) -> bool:
        """True when the process takes it in; a hung one leaves it to the middleware."""
        if self.life is Life.RUNNING and self.runner is not None:
            self.runner.deliver(port, message, now_s)
            return True
        if self.life is Life.HUNG:
            kept = [entry for entry in self._backlog if entry[0] == port]
            if len(kept) >= SOCKET_DEPTH:
                self._backlog.remove(kept[0])
            self._backlog.append((port, message))
        return False

    def kill(self) -> None:
        self.life, self.runner = Life.DEAD, None
        self._backlog.clear()

    def hang(self) -> None:
        if self.life is Life.RUNNING:
            self.life = Life.HUNG

    def go_on(self) -> tuple[tuple[str, object], ...]:
        """SIGCONT: the process runs again; what the middleware kept for it is to be received now."""
        if self.life is not Life.HUNG:
            return ()
        self.life = Life.RUNNING
        kept = tuple(self._backlog)
        self._backlog.clear()
        return kept
