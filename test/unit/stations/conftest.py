"""A station on a bench: kinematic drives at the level of DriveStates, a real Runner, nothing else faked."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from math import inf, nan
from pathlib import Path

import pytest

from cell_controller.config import load_cell
from cell_controller.config import models as config_models
from cell_controller.config.models import AxisDrive, CellFile, Conveyor, Recipe, SpindleDrive
from cell_controller.messages import (
    Directive,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    DriveStates,
    Guard,
    HoldState,
    LinePhase,
    Order,
    Parameter,
    RecoveryAction,
    SafetyPhase,
    SafetyState,
    Setpoint,
    SetpointKind,
    StationState,
    TaskKind,
    TaskResult,
)
from cell_controller.runtime import Runner
from cell_controller.runtime.ports import DRIVE_STATES, ORDER, SAFETY, SETPOINT, STATION_STATE
from cell_controller.stations import Conveyor as ConveyorStation
from cell_controller.stations import GrindingSpindle, WeldingRobot, parameters_of
from cell_controller.stations.station import Station

CONFIG = Path(__file__).parents[3] / "config"
TICK_S = 0.02
STATES_S, SAFETY_S, ORDER_S = 0.02, 0.02, 0.05
FAST_SAMPLE_S, SLOW_SAMPLE_S = 0.04, 0.1
CLAMP_S = 0.1
STATIONS: dict[str, type[Station]] = {
    "robot": WeldingRobot,
    "spindle": GrindingSpindle,
    "conveyor": ConveyorStation,
}


@dataclass
class StubDrive:
    """Follows its setpoint at once and exactly; `stuck` and `load_n` are the test's."""

    name: str
    model: AxisDrive | SpindleDrive
    position_m: float = 0.0
    speed: float = 0.0  # m/s or rpm
    load_n: float = 0.0
    power_w: float = 0.0
    stuck: bool = False
    restless: bool = False  # never reports standstill
    condition: DriveCondition = DriveCondition.OPERATION_ENABLED
    is_homed: bool = True
    mark_m: float = 0.0  # where the reference mark behind it is
    slipped_m: float = 0.0  # place of the belt where the drive says 0
    setpoint: DriveSetpoint = field(default_factory=lambda: DriveSetpoint(""))
    move_id: int = 0
    at_target: bool = False
    sample: DriveState = field(default_factory=lambda: DriveState(""))
    sampled_s: float = -inf

    def advance(self, dt_s: float, setpoint: DriveSetpoint | None) -> None:
        wished = setpoint or DriveSetpoint(self.name)
        if isinstance(self.model, SpindleDrive):
            rpm = wished.target_speed_rpm if wished.kind is SetpointKind.VELOCITY else 0.0
            step = self.model.max_speed_rpm / 0.3 * dt_s
            self.speed += 0.0 if self.stuck else min(max(rpm - self.speed, -step), step)
            return
        before_m = self.position_m
        if wished.kind is SetpointKind.MOVE:
            if self.move_id != wished.move_id:
                self.move_id, self.at_target = wished.move_id, False
            step = wished.target_speed_m_s * dt_s
            way = wished.target_position_m - self.position_m
            if not self.stuck:
                self.position_m += min(max(way, -step), step)
                self.at_target = abs(wished.target_position_m - self.position_m) < 1e-9
        elif wished.kind is SetpointKind.REFERENCE:
            self._look_for_mark(wished, dt_s)
        elif wished.kind is SetpointKind.VELOCITY and not self.stuck:
            self.position_m += wished.target_speed_m_s * dt_s
        self.speed = (self.position_m - before_m) / dt_s

    def _look_for_mark(self, wished: DriveSetpoint, dt_s: float) -> None:
        """Backwards to the mark, `mark_m` behind where the drive says that it is; there is its zero."""
        if self.move_id != wished.move_id:
            self.move_id, self.at_target, self.is_homed = wished.move_id, False, False
        if self.stuck or self.at_target:
            return
        self.position_m -= min(wished.target_speed_m_s * dt_s, self.position_m - self.mark_m)
        if self.position_m - self.mark_m < 1e-9:
            self.slipped_m += self.mark_m
            self.position_m = self.mark_m = 0.0
            self.at_target = self.is_homed = True

    def measure(self, now_s: float, period_s: float) -> DriveState:
        if now_s - self.sampled_s >= period_s - 1e-9:
            self.sampled_s = now_s
            is_axis = isinstance(self.model, AxisDrive)
            still = abs(self.speed) < (1e-4 if is_axis else 10.0)
            self.sample = DriveState(
                self.name,
                self.condition,
                is_armed=True,
                is_stopped=still and not self.restless,
                is_homed=self.is_homed,
                at_target=self.at_target,
                move_id=self.move_id,
                measured_at_s=now_s,
                measured_position_m=self.position_m if is_axis else nan,
                measured_speed_m_s=self.speed if is_axis else nan,
                measured_force_n=-self.load_n + 400.0 if is_axis else nan,  # 400 N: weight of the slide
                measured_speed_rpm=nan if is_axis else self.speed,
                measured_power_w=nan if is_axis else self.power_w,
            )
        return self.sample


class Bench:
    """One station, its drives and the parts on the belt."""

    def __init__(self, cell: CellFile, recipe: Recipe, name: str) -> None:
        self.cell, self.recipe, self.name = cell, recipe, name
        self.unit = STATIONS[name](cell, name)
        self.now_s = 100.0
        self.runner = Runner(self.unit, 7, self.now_s)
        self.config = cell.stations[name]
        self.drives = {
            d: StubDrive(d, model)
            for d in self.config.drives
            if isinstance(model := cell.drives[d], AxisDrive | SpindleDrive)
        }
        self.fast = self.config.drives[2 if name == "robot" else 0]
        conveyor = next(iter(cell.conveyors.values()))
        self.conveyor: Conveyor = conveyor
        self.sensors = dict.fromkeys(conveyor.part_present, False)
        self.parts: list[float] = []  # places of parts while the belt stands at 0, as numbers
        self.frozen_sensors: dict[str, bool] = {}
        self.clamps = {"weld_clamp": 0.0, "grind_clamp": 0.0}  # time since the output closed
        self.clamp_broken = False  # never reported closed
        self.clamp_jammed = False  # reported closed for ever
        self.outputs = 0
        self.analog = [0.0, 30000.0, 3000.0]
        self.safety = SafetyPhase.MOTION
        self.order = Order(name)
        self.grants_zones = True
        self.order_period_s = ORDER_S
        self.lines = tuple(cell.lines)
        self.hears_states = True
        self.phase = LinePhase.PERMITTED  # of every line
        self.is_marked = False  # by the buses: the stop could not bring the tool out
        self.task_id = 0
        self.setpoint: Setpoint | None = None
        self.state = StationState(name)
        self.setpoints: list[tuple[float, Setpoint]] = []
        self.states: list[tuple[float, StationState]] = []
        self.process: Callable[[Bench, float], None] = lambda bench, dt_s: None
        self._seq: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._io_s = -inf
        if isinstance(self.config, config_models.WeldingRobot):
            self.drives[self.fast].position_m = self.config.safe_z_m
        elif isinstance(self.config, config_models.GrindingSpindle):
            self.drives[self.fast].position_m = self.config.safe_infeed_m

    # Inputs of the bench

    def _deliver(self, port: str, source: str, message: object) -> None:
        key = f"{port} {source}"
        self._seq[key] = self._seq.get(key, 0) + 1
        guard = Guard(source, 3, self._seq[key], self.now_s)
        self.runner.deliver(port, replace(message, guard=guard), self.now_s)  # type: ignore[type-var]

    def trip(self) -> None:
        self._set_safety(SafetyPhase.TRIPPED)

    def withhold(self) -> None:
        self._set_safety(SafetyPhase.HOLD)

    def permit(self, phase: SafetyPhase = SafetyPhase.MOTION) -> None:
        self._set_safety(phase)

    def _set_safety(self, phase: SafetyPhase) -> None:
        self.safety = phase
        self._due["safety"] = -inf

    def _is_due(self, what: str, period_s: float) -> bool:
        if self.now_s + 1e-9 < self._due.get(what, -inf):
            return False
        self._due[what] = self.now_s + period_s
        return True

    def _part_sensors(self) -> dict[str, bool]:
        belt = self.drives.get(self.conveyor.axis)
        moved = (belt.position_m + belt.slipped_m) / self.conveyor.pitch_m if belt else 0.0
        found = {
            signal: any(abs(part + moved - i) < 0.1 for part in self.parts)
            for i, signal in enumerate(self.conveyor.part_present)
        }
        return {**found, **self.frozen_sensors}

    def _inputs(self) -> int:
        on = dict(self._part_sensors())
        for clamp, closed_s in self.clamps.items():
            on[f"{clamp}_closed"] = self.clamp_jammed or (closed_s >= CLAMP_S and not self.clamp_broken)
        return sum(1 << self.cell.signals.inputs[s].channel for s, level in on.items() if level)

    def _drive_states(self, line: str) -> DriveStates:
        states = []
        for name, model in self.cell.drives_of_line(line).items():
            if name in self.drives:
                period = FAST_SAMPLE_S if name == self.fast else SLOW_SAMPLE_S
                states.append(self.drives[name].measure(self.now_s, period))
            elif model.kind == "io":
                states.append(
                    DriveState(
                        name,
                        DriveCondition.OPERATION_ENABLED,
                        is_armed=True,
                        measured_at_s=self.now_s,
                        inputs=self._inputs(),
                        outputs=self.outputs,
                        analog_inputs=tuple(self.analog),
                    )
                )
        mark = self.is_marked
        return DriveStates(line, self.phase, is_armed=True, tool_in_material=mark, drives=tuple(states))

    # Time

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> bool:
        """Advance; True as soon as `until` holds."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self._tick()
            if until is not None and until():
                return True
        return False

    def _tick(self) -> None:
        self.now_s = round(self.now_s + TICK_S, 6)
        self._move()
        if self.hears_states and self._is_due("states", STATES_S):
            for line in self.lines:
                self._deliver(DRIVE_STATES.name, line, self._drive_states(line))
        if self._is_due("safety", SAFETY_S):
            self._deliver(SAFETY.name, "interlock", SafetyState(self.safety, first_out="estop: pressed"))
        if self.order_period_s and self._is_due("order", self.order_period_s):
            zones = self.state.zones_wanted if self.grants_zones else ()
            self._deliver(ORDER.name, "cell_manager", replace(self.order, zones=zones))
        while self.now_s >= self.runner.due_s - 1e-6:
            for sent in self.runner.step(max(self.now_s, self.runner.due_s)):
                if sent.port == SETPOINT.name and isinstance(sent.message, Setpoint):
                    self.setpoint = sent.message
                    self.setpoints.append((self.now_s, sent.message))
                if sent.port == STATION_STATE.name and isinstance(sent.message, StationState):
                    self.state = sent.message
                    self.states.append((self.now_s, sent.message))

    def _move(self) -> None:
        wished = {s.drive: s for s in self.setpoint.drives} if self.setpoint else {}
        is_permitted = self.safety in (SafetyPhase.MOTION, SafetyPhase.RECOVERY)
        for drive in self.drives.values():
            drive.advance(TICK_S, wished.get(drive.name) if is_permitted else None)
        outputs = wished.get("station_io")
        if outputs is not None:
            self.outputs = (self.outputs & ~outputs.outputs_mask) | (outputs.outputs & outputs.outputs_mask)
        for clamp in self.clamps:
            is_on = bool(self.outputs & self.cell.signals.outputs[clamp].mask)
            self.clamps[clamp] = self.clamps[clamp] + TICK_S if is_on else 0.0
        self.process(self, TICK_S)

    # Tasks

    def give(self, kind: TaskKind, parameters: tuple[Parameter, ...] | None = None, **more: object) -> None:
        self.task_id += 1
        self.order = Order(
            self.name,
            task_id=self.task_id,
            kind=kind,
            part_id="p1",
            parameters=parameters_of(self.recipe, kind) if parameters is None else parameters,
        )
        self.order = replace(self.order, **more)  # type: ignore[arg-type]

    def direct(self, directive: Directive) -> None:
        self.order = replace(self.order, directive=directive)
        self._due["order"] = -inf

    def fork(self) -> Bench:
        """The same moment once more without its history, to go on differently."""
        self.setpoints, self.states = self.setpoints[-1:], self.states[-1:]
        shared = (self.cell, self.recipe, self.config, self.conveyor, self.unit.table)
        kept = (*shared, *self.cell.drives.values(), *self.cell.signals.outputs.values(), self.cell.signals)
        memo = {id(one): one for one in (*kept, self.cell.safety, *self.cell.stations.values())}
        return deepcopy(self, memo)

    def restart(self) -> None:
        """The process of the station is dead and a new one lives; its drives know nothing of that."""
        self.order, self.setpoint = Order(self.name), None
        self.unit = STATIONS[self.name](self.cell, self.name)
        self.runner = Runner(self.unit, 8, self.now_s)
        self.run(0.3)

    def press(self, kind: TaskKind, drive: str = "", speed_m_s: float = 0.0) -> None:
        action = RecoveryAction.JOG if kind is TaskKind.JOG else RecoveryAction.RECOVER_TOOL
        self.give(kind, (), action=action, drive=drive, speed_m_s=speed_m_s)

    @property
    def is_over(self) -> bool:
        return self.state.task_id == self.task_id and self.state.result not in (
            TaskResult.NONE,
            TaskResult.RUNNING,
        )

    @property
    def is_held(self) -> bool:
        return self.state.hold is HoldState.HELD

    def finish(self, seconds: float = 150.0) -> StationState:
        assert self.run(seconds, lambda: self.is_over), f"still {self.state.phase} after {seconds} s"
        return self.state

    def value(self, name: str) -> float:
        return next(p.value for p in self.state.values if p.name == name)

    def at(self, drive: str) -> DriveSetpoint:
        assert self.setpoint is not None
        return next(s for s in self.setpoint.drives if s.drive == drive)


def press_into_plate(bench: Bench, dt_s: float) -> None:
    """A plate: the pin carries a quarter of the force, the shoulder the rest; the gantry gives way."""
    z, part = bench.drives["weld_z"], bench.recipe.part
    if not bench._part_sensors()["part_at_weld"]:
        z.load_n = 0.0
        return
    tip_m = z.position_m + z.load_n / 5.0e7
    depth_m = part.thickness_m - tip_m
    heel_m = max(depth_m - bench.recipe.tool.pin_length_m, 0.0)
    force_n = 1500.0 * min(max(depth_m / 0.0002, 0.0), 1.0) + 4.0e7 * heel_m
    z.load_n += 0.3 * (force_n - z.load_n)
    hot = 450.0 if z.load_n > 100.0 and bench.drives["weld_spindle"].speed > 100.0 else 20.0
    bench.analog[0] += (hot / 0.1 - bench.analog[0]) * 0.05


def grind_away(bench: Bench, dt_s: float) -> None:
    """The wheel takes off what it overlaps with a time constant of 0.1 s; the gauge sees the surface."""
    infeed, wheel = bench.drives["grind_infeed"], bench.drives["grind_wheel"]
    surface_m = bench.analog[1] * 1.0e-7 - 0.003
    overlap_m = max(surface_m - infeed.position_m, 0.0)
    infeed.load_n = 2.0e7 * overlap_m
    wheel.power_w = infeed.load_n / 2.5 * 34.0
    if wheel.speed > 1000.0:
        surface_m -= overlap_m * min(dt_s / 0.1, 1.0)
        if overlap_m > 0.0:
            bench.analog[2] += (500.0 - bench.analog[2]) * 0.05
    bench.analog[1] = (surface_m + 0.003) / 1.0e-7


@pytest.fixture(scope="session")
def demo() -> tuple[CellFile, Recipe, Recipe]:
    demo = load_cell(CONFIG / "cells" / "demo.yaml")
    test = load_cell(CONFIG / "cells" / "test.yaml")
    return test.cell, test.recipes["coupon"], demo.recipes["bracket"]


@pytest.fixture
def make_bench(demo: tuple[CellFile, Recipe, Recipe]) -> Callable[[str], Bench]:
    def make(name: str) -> Bench:
        bench = Bench(demo[0], demo[1], name)
        bench.parts = {"robot": [1.0], "spindle": [2.0], "conveyor": [0.0, 1.0]}[name]
        bench.process = {"robot": press_into_plate, "spindle": grind_away}.get(name, bench.process)
        bench.run(0.3)
        if name == "conveyor":  # as every day begins: with a zero that this life of the station has seen
            bench.give(TaskKind.HOME)
            bench.finish()
            bench.setpoints.clear()
        return bench

    return make


@pytest.fixture
def robot(make_bench: Callable[[str], Bench]) -> Bench:
    return make_bench("robot")


@pytest.fixture
def spindle(make_bench: Callable[[str], Bench]) -> Bench:
    return make_bench("spindle")


@pytest.fixture
def conveyor(make_bench: Callable[[str], Bench]) -> Bench:
    return make_bench("conveyor")
