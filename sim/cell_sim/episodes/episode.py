"""One episode: a cell, its faults, a person, and the verdict."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from cell_controller.bringup.units import make_unit, unit_names
from cell_controller.config import INTERLOCK, LoadedCell
from cell_controller.messages import (
    CellState,
    CommandResult,
    JournalWrite,
    Rx,
    SafetyPhase,
    SafetyState,
    Tx,
)
from cell_controller.packml import State
from cell_controller.plan import CellPlan, load_plan
from cell_controller.runtime import Sent
from cell_sim.episodes.faults import Fault
from cell_sim.episodes.inject import Injector
from cell_sim.episodes.person import Person
from cell_sim.episodes.schedule import END_S, has_relay, make_schedule
from cell_sim.host.assembled import Make
from cell_sim.host.simcell import SimCell
from cell_sim.host.supervisor import Supervisor

AFTERWARDS_S = 100.0  # for a good part once the faults are over: a recovery, an order, a restart or two
EVENTS_KEPT = 40  # the last that a failure file shows


@dataclass(frozen=True, slots=True)
class Task:
    """What makes an episode; the same task gives the same trace."""

    cell: Path
    seed: str
    faults: tuple[Fault, ...] | None = None  # None: those of the seed
    relay: bool | None = None
    faults_s: float = END_S  # no fault begins later


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it."""

    seed: str
    faults: tuple[Fault, ...]
    relay: bool
    injected: Mapping[str, int]
    hits: Mapping[str, int]
    simulated_s: float
    wall_s: float
    trips: int
    restarts: int
    is_good: bool  # a good part after the last trip
    violations: tuple[tuple[float, int, str], ...]
    trace_hash: str
    end: str
    last_events: tuple[str, ...] = ()

    @property
    def invariants(self) -> tuple[int, ...]:
        """The numbers of the broken invariants, in order."""
        return tuple(dict.fromkeys(number for _, number, _ in self.violations))


@cache
def _source(path: Path) -> tuple[LoadedCell, CellPlan]:
    return load_plan(path)


class Digest(Protocol):
    """What takes bytes and makes a hash of them."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(slots=True)
class _Notes:
    """Trace hash, trips and the last events of one run."""

    trips: int = 0
    tripped_s: float = 0.0
    events: deque[str] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    _phase: SafetyPhase = SafetyPhase.TRIPPED
    _state: int = -1
    _digest: Digest = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def hear(self, now_s: float, source: str, sent: Sent) -> None:
        """Every byte on a line, every answer and every record, with its time."""
        message = sent.message
        if isinstance(message, Tx):
            self._digest.update(f"{now_s!r}{source}".encode() + message.data)
        elif isinstance(message, SafetyState):
            self._hear_safety(now_s, source, message)
        elif isinstance(message, CellState):
            if message.state != self._state:
                self._state = message.state
                reason = message.stop_reason
                self._note(now_s, f"{State(message.state).name} {reason.source} {reason.text}".rstrip())
        elif isinstance(message, CommandResult | JournalWrite):
            self._note(now_s, repr(message))

    def _hear_safety(self, now_s: float, source: str, message: SafetyState) -> None:
        if source == INTERLOCK and message.phase is not self._phase:
            self._phase = message.phase
            if message.phase is SafetyPhase.TRIPPED:
                self.trips += 1
                self.tripped_s = now_s
            self._note(now_s, f"interlock {message.phase.name} {message.first_out}".rstrip())

    def _note(self, now_s: float, text: str) -> None:
        self.events.append(f"{now_s:.4f} {text}")
        self._digest.update(f"{now_s!r}{text}".encode())

    def receive(self, now_s: float, receiver: str, message: object) -> None:
        if isinstance(message, Rx):
            self._digest.update(f"{now_s!r}{receiver}".encode() + message.data)

    @property
    def hash(self) -> str:
        return self._digest.hexdigest()


def run(task: Task, make: Make = make_unit) -> Outcome:
    """Run one episode to its end; `make` makes other Units than the controller's own."""
    began_s = time.perf_counter()
    source = _source(task.cell)
    cell = SimCell(task.cell, seed=task.seed, source=source, make=make)
    faults = make_schedule(cell.cell, task.seed) if task.faults is None else task.faults
    relay = has_relay(task.seed) if task.relay is None else task.relay
    cell.plant.relay.is_present = relay
    notes = _Notes()
    cell.host.observers.append(notes.hear)
    cell.host.arrivals["rx"].append(notes.receive)
    cell.start()
    supervisor = Supervisor(cell, unit_names(cell.cell))
    injector = Injector(cell, supervisor, faults)
    person = Person(cell, supervisor)
    while cell.now_s < task.faults_s and not cell.invariants.violations:
        person.look_and_act()
    injector.close()
    end_s, is_good = cell.now_s + AFTERWARDS_S, False
    while not is_good and cell.now_s < end_s and not cell.invariants.violations:
        person.look_and_act()
        is_good = _has_good_part(cell, notes.tripped_s)
    cell.invariants.finish()
    return Outcome(
        seed=task.seed,
        faults=faults,
        relay=relay,
        injected=dict(sorted(injector.injected.items())),
        hits=dict(sorted(injector.hits.items())),
        simulated_s=cell.now_s,
        wall_s=time.perf_counter() - began_s,
        trips=notes.trips,
        restarts=person.restarts,
        is_good=is_good,
        violations=tuple((v.at_s, v.invariant, v.text) for v in cell.invariants.violations),
        trace_hash=notes.hash,
        end=cell.describe(),
        last_events=tuple(notes.events) if cell.invariants.violations or not is_good else (),
    )


def _has_good_part(cell: SimCell, since_s: float) -> bool:
    """In truth, not by what the controller believes: an inspector finds nothing."""
    grind = next(iter(cell.loaded.recipes.values())).grind
    limits = grind.limits
    return any(
        part.left_at_s is not None
        and part.left_at_s > since_s
        and not part.flaws(grind.size_m, limits.size_tolerance_m, limits.finish_max_um)
        for part in cell.plant.delivered
    )
