"""SimCell: a whole cell, from its file, on simulated time: plant, drives, lines, Units and an operator."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from cell_controller.bringup.units import make_unit, unit_names
from cell_controller.cell.production_run import ProductionRun, Wish
from cell_controller.cell.run_summary import Summary
from cell_controller.config import CELL_MANAGER, LoadedCell, PlantModel, Recipe
from cell_controller.messages import (
    SET_MODE,
    CellCommand,
    CellState,
    CommandResult,
    DisposeReply,
    DisposeRequest,
    Disposition,
    DriveStates,
    GoalCancel,
    GoalFeedback,
    GoalResult,
    RecoveryAction,
    RecoveryCommand,
    ResultCode,
    SafetyState,
    StationState,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.plan import CellPlan, load_plan
from cell_controller.runtime import Action, Sent, Unit, ports
from cell_sim.drives import VirtualLine, build_line
from cell_sim.host.invariants import Invariants
from cell_sim.host.local_io import SimJournal, SimSerial
from cell_sim.host.node import Life, SimNode
from cell_sim.host.noise import NoisyWire
from cell_sim.host.simhost import SimHost
from cell_sim.host.transport import Latency
from cell_sim.plant import MotionRecord, build_plant

Make = Callable[[str, LoadedCell, CellPlan], Unit]
OPERATOR = "operator"
HOLD_TO_RUN_PERIOD_S = 0.05  # twice as often as the panel must, half of what ends a hold-to-run
RESCUE_S = 8.0  # longest hold of recover_tool in one go: up from the anvil at a quarter of the speed
LET_GO_S = 0.3


class SimCell:
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

    # the operator

    def command(
        self, command: Command | int, *, mode: int = 0, hold_now: bool = False, seq: int | None = None
    ) -> str:
        """Publish a command with the newest state_seq; returns its id."""
        command_id = f"test-{next(self._ids)}"
        if seq is None:
            seq = self.state.state_seq if self.state else 0
        message = CellCommand(command_id, OPERATOR, int(command), mode, seq, hold_now)
        self.host.publish(OPERATOR, Sent(ports.COMMAND.name, message))
        return command_id

    def ask(
        self, command: Command | int, *, mode: int = 0, hold_now: bool = False, seq: int | None = None
    ) -> CommandResult:
        """A command and its answer."""
        command_id = self.command(command, mode=mode, hold_now=hold_now, seq=seq)
        self.until(lambda: command_id in self.results, 1.0, f"the answer to {command!r}")
        return self.results[command_id]

    def set_mode(self, mode: Mode) -> CommandResult:
        return self.ask(SET_MODE, mode=int(mode))

    def reach(self, state: State, limit_s: float = 20.0) -> None:
        """Wait for a PackML state."""
        self.until(
            lambda: self.state is not None and self.state.state == state, limit_s, f"state {state.name}"
        )

    def hold_to_run(
        self, station: str, action: RecoveryAction, *, drive: str = "", speed_m_s: float = 0.0
    ) -> None:
        """One message of the operator's hold-to-run button, echoing the newest cell state."""
        if self.state is not None:
            message = RecoveryCommand(
                f"recover-{next(self._ids)}",
                OPERATOR,
                station,
                action,
                drive,
                speed_m_s,
                self.state.state_seq,
                self.state.heartbeat,
            )
            self.host.publish(OPERATOR, Sent(ports.RECOVERY.name, message))

    def send_goal(self, action: Action, station: str, **fields: str) -> str:
        """A goal of a client of an action; returns its id."""
        goal_id = f"goal-{next(self._ids)}"
        goal = action.goal(goal_id=goal_id, station=station, operator=OPERATOR, **fields)
        self.host.publish(OPERATOR, Sent(action.goal_port, goal))
        return goal_id

    def cancel_goal(self, action: Action, goal_id: str) -> None:
        self.host.publish(OPERATOR, Sent(action.cancel_port, GoalCancel(goal_id)))

    def goal_result(self, goal_id: str, limit_s: float = 20.0) -> GoalResult:
        """What came of a goal, when it is over."""
        self.until(lambda: goal_id in self.goal_results, limit_s, f"the result of {goal_id}")
        return self.goal_results[goal_id]

    def produce(self, quantity: int, *, recipe: str = "") -> ProductionRun:
        """Start an operator who has an order made; `self.run` tells how far it is."""
        name = f"operator_run_{next(self._ids)}"
        recipe = recipe or next(iter(self.loaded.recipes))
        run = self.run = ProductionRun(Wish(f"order-{next(self._ids)}", recipe, quantity))
        self.host.add(name, lambda: run)
        self.host.start(name)
        return run

    def make_parts(self, quantity: int, limit_s: float) -> Summary:
        """Have an order made and return its summary."""
        run = self.produce(quantity)
        self.until(lambda: run.is_over, limit_s, f"{quantity} parts ({run.phase.value} {run.text})")
        return run.summary()

    def rescue_tools(self, limit_s: float = 60.0) -> None:
        """Hold recover_tool down, in Manual, until no tool is in the material; then back to Production.

        Held down before the lines are ready it does nothing, and goes on doing nothing: a person lets go, and
        presses it again.
        """
        for name in self.cell.stations:
            if not self._is_in_material(name):
                continue
            self._enter(Mode.MANUAL)
            end_s = self.now_s + limit_s
            while self._is_in_material(name):
                if self.now_s > end_s:
                    raise TimeoutError(f"recover_tool of {name} did not end: {self.describe()}")
                pressed_at_s = self.now_s
                while self._is_in_material(name) and self.now_s < pressed_at_s + RESCUE_S:
                    self.hold_to_run(name, RecoveryAction.RECOVER_TOOL)
                    self.run_for(HOLD_TO_RUN_PERIOD_S)
                if self._is_in_material(name):
                    self.hold_to_run(name, RecoveryAction.END)
                    self.run_for(LET_GO_S)
            self.hold_to_run(name, RecoveryAction.END)
            self.run_for(1.0)
        if self.state is not None and self.state.mode != Mode.PRODUCTION:
            self._enter(Mode.PRODUCTION)

    def _is_in_material(self, station: str) -> bool:
        state = self.stations.get(station)
        return state is not None and state.tool_in_material

    def _enter(self, mode: Mode) -> None:
        if self.state is not None and self.state.mode == mode:
            return
        result = self.set_mode(mode)
        if result.code is not ResultCode.ACCEPTED:
            raise TimeoutError(f"mode {mode.name} was refused: {result.reason}; {self.describe()}")
        self.run_for(0.3)

    def dispose_all(self, disposition: Disposition) -> None:
        """Decide about every part that needs it, and take it out of the cell as a person does."""
        if self.state is None:
            return
        for part in self.state.parts:
            if part.needs_disposition:
                reply = self.dispose(part.part_id, disposition)
                if not reply.is_accepted:
                    raise TimeoutError(
                        f"{part.part_id} was not disposed of: {reply.reason}; {self.describe()}"
                    )
        for belt in self.plant.belts.values():
            for lying in list(belt.parts):
                belt.remove(lying)
        self.run_for(1.0)

    def dispose(self, part_id: str, disposition: Disposition) -> DisposeReply:
        """Call the service and wait for its answer."""
        request_id = f"dispose-{next(self._ids)}"
        request = DisposeRequest(request_id, OPERATOR, part_id, disposition, "scenario")
        self.host.publish(OPERATOR, Sent(ports.DISPOSE_PART.request_port, request))
        self.until(lambda: request_id in self.replies, 2.0, f"the disposition of {part_id}")
        return self.replies[request_id]


def _with_recipe(loaded: LoadedCell, change: Mapping[str, Mapping[str, float]]) -> LoadedCell:
    """The cell with other values in its first recipe, checked like a recipe file."""
    if not change:
        return loaded
    name, recipe = next(iter(loaded.recipes.items()))
    content = recipe.model_dump(mode="python")
    for section, values in change.items():
        content[section] |= values
    return replace(loaded, recipes={**loaded.recipes, name: Recipe.model_validate(content)})
