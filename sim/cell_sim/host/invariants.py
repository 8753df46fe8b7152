"""Watches a whole simulated cell for what must never happen, whatever else does.

The eight invariants, each with a watcher that judges by the wire, the plant and what people did, never by
what a Unit believes:

1 no motion setpoint without a permit that is fresh at that moment, and 2 after a stop the declared program
and nothing else, within its budget (watch_wire); 3 no motion without Clear, Reset and Start, or a recovery
permit, and 8 an answer to every command (watch_people); 4 zones, 5 wheel speed and guard lock (watch_plant);
6 one record per part, suspect when interrupted (watch_parts); 7 the tool leaves the material turning
(watch_tool).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cell_controller.config import CellFile
from cell_controller.messages import (
    CellCommand,
    CellPermit,
    CellState,
    CommandResult,
    DriveStates,
    LineCommand,
    RecoveryCommand,
    SafetyState,
    Tx,
)
from cell_controller.plan import CellPlan
from cell_controller.runtime import Sent, ports
from cell_sim.host.watch_parts import PartsWatch
from cell_sim.host.watch_people import PeopleWatch
from cell_sim.host.watch_plant import PlantWatch
from cell_sim.host.watch_tool import ToolWatch
from cell_sim.host.watch_wire import WireWatch
from cell_sim.plant import CellPlant
from cell_sim.plant.record import Entry, MotionSample, PlantEvent, SetpointWrite

if TYPE_CHECKING:
    from cell_sim.host.simhost import SimHost

MOST_VIOLATIONS = 50  # one fault repeats itself every few milliseconds


class InvariantError(Exception):
    """Something happened that must never happen."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken invariant, by its number."""

    at_s: float
    invariant: int
    text: str

    def __str__(self) -> str:
        return f"t={self.at_s:.3f} s: invariant {self.invariant}: {self.text}"


class Invariants:
    """Hears every message, sees every motion and knows every process; `check` raises what it has found."""

    def __init__(self, cell: CellFile, plan: CellPlan, plant: CellPlant, host: SimHost) -> None:
        self._host = host
        self.violations: list[Violation] = []
        self.wire = WireWatch(cell, plan, plant, host, self._broken)
        self.people = PeopleWatch(cell, host, self._broken)
        self.plant = PlantWatch(cell, plant, self._broken)
        self.tool = ToolWatch(cell, plan, plant, host, self._broken)
        self.parts = PartsWatch(cell, plant, self._broken)
        self._hears: dict[type, tuple[Callable[[float, str, Any], None], ...]] = {
            Tx: (self.wire.hear_tx,),
            LineCommand: (self.people.hear_line_command, self.tool.hear_line_command),
            DriveStates: (self.wire.hear_states, self.tool.hear_states),
            SafetyState: (self.people.hear_safety, self.parts.hear_safety, self.tool.hear_safety),
            CellPermit: (self.plant.hear_permit,),
            CellCommand: (self.people.hear_command,),
            CommandResult: (self.people.hear_result,),
            RecoveryCommand: (self.people.hear_recovery,),
            CellState: (self.people.hear_state, self.parts.hear_state),
        }
        host.arrivals[ports.LINE_COMMAND.name].append(self.wire.take_command)
        host.observers.append(self.hear)
        host.lives += [self.people.note_life, self.tool.note_life]

    def hear(self, now_s: float, source: str, sent: Sent) -> None:
        """Every message at the moment it is sent, also those between a Unit and its own host."""
        for hear in self._hears.get(type(sent.message), ()):
            hear(now_s, source, sent.message)

    def see(self, entry: Entry) -> None:
        """Every motion, every request that a drive has taken, and what else happens to the machine."""
        if isinstance(entry, MotionSample):
            self.wire.see_motion(entry)
            self.plant.see_motion(entry)
            self.tool.see_motion(entry)
        elif isinstance(entry, SetpointWrite):
            self.wire.see_setpoint(entry)
        elif isinstance(entry, PlantEvent):
            self.people.see_event(entry)
            self.plant.see_event(entry)
            self.tool.see_event(entry)
            self.parts.see_event(entry)

    def excuse(self, name: str, until_s: float) -> None:
        """A line, drive or module does not work, or not as it should, until then: somebody disturbs it."""
        for watch in (self.wire, self.plant, self.tool):
            watch.excuse(name, until_s)

    def finish(self) -> None:
        """The run is over: what is missing now is missing."""
        self.people.check(self._host.now_s)
        self.parts.check(self._host.now_s)

    def check(self) -> None:
        """Raise when an invariant has been broken, or is broken now that the run is over."""
        self.finish()
        if self.violations:
            found = [str(v) for v in self.violations]
            more = f" (and {len(found) - 5} more)" if found[5:] else ""
            raise InvariantError("; ".join(found[:5]) + more)

    def _broken(self, at_s: float, invariant: int, text: str) -> None:
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(Violation(at_s, invariant, text))
