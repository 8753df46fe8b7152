"""A cell put together from its file on simulated time: plant, drives, lines, Units; without an operator."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from cell_controller.bringup.units import make_unit, unit_names
from cell_controller.cell.production_run import ProductionRun
from cell_controller.config import CELL_MANAGER, LoadedCell, PlantModel, Recipe
from cell_controller.messages import (
    CellState,
    CommandResult,
    DisposeReply,
    DriveStates,
    GoalFeedback,
    GoalResult,
    SafetyState,
    StationState,
)
from cell_controller.packml import State
from cell_controller.plan import CellPlan, load_plan
from cell_controller.runtime import Sent, Unit
from cell_sim.drives import VirtualLine, build_line
from cell_sim.host.invariants import Invariants
from cell_sim.host.local_io import SimJournal, SimSerial
from cell_sim.host.node import Life, SimNode
from cell_sim.host.noise import NoisyWire
from cell_sim.host.simhost import SimHost
from cell_sim.host.transport import Latency
from cell_sim.plant import MotionRecord, build_plant

Make = Callable[[str, LoadedCell, CellPlan], Unit]


class AssembledCell:
    """A cell with everything between the operator's topics and the parts. Nothing is mocked but time."""

    def __init__(
        self,
        path: Path,
        *,
        seed: int | str = 1,
        latency: Latency | None = None,
        recipe_change: Mapping[str, Mapping[str, float]] | None = None,
        make: Make = make_unit,
        source: tuple[LoadedCell, CellPlan] | None = None,
        model: PlantModel = PlantModel.ANALYTIC,
    ) -> None:
        """`recipe_change`: other values for the first recipe, by section and key; `make` makes the Units;
        `source`: what the path holds, when somebody has read it before."""
        loaded, self.plan = source or load_plan(path)
        self.loaded = _with_recipe(loaded, recipe_change or {})
        self.cell = self.loaded.cell
        self.record = MotionRecord(lambda entry: self.invariants.see(entry))
        recipe = next(iter(self.loaded.recipes.values()))
        self.plant = build_plant(self.cell, recipe, model=model, record=self.record)
        self.host = SimHost(seed, latency)
        self.invariants = Invariants(self.cell, self.plan, self.plant, self.host)
        self.lines: dict[str, VirtualLine] = {}
        self.serials: dict[str, SimSerial] = {}
        self.noise: dict[str, NoisyWire] = {}
        self.journal = SimJournal(self.host, CELL_MANAGER, seed)
        self.journal.on_synced.append(self.invariants.parts.take_synced)
        self._make, self._seed = make, seed
        self._ids = count(1)
        self.state: CellState | None = None
        self.safety: SafetyState | None = None
        self.stations: dict[str, StationState] = {}
        self.drive_states: dict[str, DriveStates] = {}
        self.results: dict[str, CommandResult] = {}
        self.run: ProductionRun | None = None
        self.replies: dict[str, DisposeReply] = {}
        self.goal_feedback: dict[str, list[GoalFeedback]] = {}
        self.goal_results: dict[str, GoalResult] = {}
        self.host.observers.append(self._observe)
        for name in unit_names(self.cell):
            self.host.add(name, self._maker(name), self._local(name))

    def _maker(self, name: str) -> Callable[[], Unit]:
        return lambda: self._make(name, self.loaded, self.plan)

    def _local(self, name: str) -> Callable[[SimNode, Sent, float], None] | None:
        if name in self.cell.lines:
            wire = self.lines[name] = build_line(self.cell, name, self.plan.profiles, self.plant)
            noisy = self.noise[name] = NoisyWire(wire, random.Random(f"{self._seed}/noise/{name}"))
            serial = self.serials[name] = SimSerial(self.host, name, noisy)
            return serial.handle
        return self.journal.handle if name == CELL_MANAGER else None

    def _observe(self, now_s: float, source: str, sent: Sent) -> None:
        message = sent.message
        if isinstance(message, CellState):
            self.state = message
        elif isinstance(message, SafetyState):
            self.safety = message
        elif isinstance(message, StationState):
            self.stations[message.station] = message
        elif isinstance(message, DriveStates):
            self.drive_states[message.line] = message
        elif isinstance(message, CommandResult):
            self.results[message.id] = message
        elif isinstance(message, DisposeReply):
            self.replies[message.request_id] = message
        elif isinstance(message, GoalFeedback):
            self.goal_feedback.setdefault(message.goal_id, []).append(message)
        elif isinstance(message, GoalResult):
            self.goal_results[message.goal_id] = message

    # processes

    def start(self, *names: str) -> None:
        """Start these processes, all of them when none is named."""
        for name in names or tuple(self.host.nodes):
            if self.host.nodes[name].life is Life.DEAD:
                self.host.start(name)
                if name == CELL_MANAGER:
                    self.journal.load()

    def power_loss(self) -> None:
        """Every process of the controller dies at once; drives and parts stay as they are."""
        for name in self.host.nodes:
            self.host.kill(name)

    # time

    @property
    def now_s(self) -> float:
        return self.host.now_s

    def run_for(self, duration_s: float) -> None:
        self.host.run_for(duration_s)

    def until(self, condition: Callable[[], bool], limit_s: float, what: str = "") -> None:
        """Advance until a condition holds; TimeoutError, saying how the cell stands, when it does not."""
        if not condition() and not self.host.run_for(limit_s, condition):
            raise TimeoutError(
                f"{what or 'the condition'} did not come within {limit_s:g} s: {self.describe()}"
            )

    def describe(self) -> str:
        """How the cell stands, in one line."""
        state = (
            f"{State(self.state.state).name} {self.state.stop_reason.text!r}" if self.state else "no state"
        )
        hindrance = self.state.clear_hindrance if self.state else ""
        safety = (
            f"{self.safety.phase.name} {self.safety.first_out!r} {self.safety.reset_hindrance!r}"
            if self.safety
            else ""
        )
        stations = ", ".join(
            f"{s.station}: {s.phase} {s.result.name} {s.detail}" for s in self.stations.values()
        )
        return f"t={self.now_s:.2f} s, {state} {hindrance!r}; {safety}; {stations}"


def _with_recipe(loaded: LoadedCell, change: Mapping[str, Mapping[str, float]]) -> LoadedCell:
    """The cell with other values in its first recipe, checked like a recipe file."""
    if not change:
        return loaded
    name, recipe = next(iter(loaded.recipes.items()))
    content = recipe.model_dump(mode="python")
    for section, values in change.items():
        content[section] |= values
    return replace(loaded, recipes={**loaded.recipes, name: Recipe.model_validate(content)})
