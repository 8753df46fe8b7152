"""What all stations share: life of a task, events by the phase table, time under permit, publishing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from math import inf

from cell_controller.config.models import CELL_MANAGER, INTERLOCK, CellFile
from cell_controller.messages import (
    Directive,
    HoldState,
    Order,
    Parameter,
    RecoveryAction,
    SafetyPhase,
    SafetyState,
    Setpoint,
    StationState,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.runtime.ports import DRIVE_STATES, ORDER, SAFETY, SETPOINT, STATION_STATE
from cell_controller.runtime.unit import Input, Inputs, Output, Service, Step
from cell_controller.stations.body import Body
from cell_controller.stations.errors import (
    PhaseFaultError,
    StationError,
    TaskRefusedError,
)
from cell_controller.stations.field import Field
from cell_controller.stations.motion import Axis
from cell_controller.stations.permit import Permit, permit_for
from cell_controller.stations.phases import Event, InForce, Motion, PhaseTable
from cell_controller.stations.publishing import Publisher, StationFacts
from cell_controller.stations.task import Task

ORDER_MAX_AGE_S = 0.3  # the manager repeats it every 0.05 s
HOLD_TO_RUN_MAX_AGE_S = 0.2  # of recovery orders
SAFETY_MAX_AGE_S = 0.2  # ten periods of the interlock
FIRST_PERMIT_S = 1.0  # an Order may overtake the SafetyState that goes with it
TRIP_COMES_S = 0.5  # Abort and permit are repeated every 0.05 s: no trip by then, and somebody does not hear
MAX_LATENESS_S = 0.1  # a step later than this is reported by the runtime
_DIRECTED = {
    Directive.ABORT: Event.ABORT,
    Directive.STOP: Event.STOP,
    Directive.HOLD_NOW: Event.HOLD_NOW,
    Directive.HOLD: Event.HOLD,
}
_PHASES_PER_STEP = 4  # a phase may be over as it begins; more in one step would be a circle


class Station(ABC):
    """A Unit that runs tasks through the phases of its table."""

    def __init__(self, cell: CellFile, name: str, table: PhaseTable, inputs: tuple[str, ...]) -> None:
        self.cell, self._name, self.table = cell, name, table
        self.programs = cell.stations[name].programs
        modules = (cell.signals.inputs[i].module for i in inputs)
        lines = (*cell.lines_of_station(name), *(cell.drives[module].line for module in modules))
        self.field = Field(cell, tuple(dict.fromkeys(lines)))
        self.zones = cell.zones_of_station(name)
        self.body = Body(cell, name, self.field)
        self.phase: StrEnum = table.idle
        self.phase_s = 0.0  # time in the phase under permit
        self.limit_s = inf
        self.task: Task | None = None
        self.order = Order(name)
        self._order_at_s = -1e9
        self.now_s = 0.0
        self._has_stepped = False
        self._publisher = Publisher(name)
        self._is_loop_due = False
        self._silent_from_s: float | None = None  # while a tool that was left low waits for the trip

    # The Unit's face

    @property
    def name(self) -> str:
        return self._name

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (
            ORDER.input(depth=40, sources=(CELL_MANAGER,)),  # orders of all stations share the stream
            DRIVE_STATES.input(wakes=True, depth=40, sources=self.field.lines),
            SAFETY.input(sources=(INTERLOCK,), max_age_s={INTERLOCK: SAFETY_MAX_AGE_S}),
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (SETPOINT.output(), STATION_STATE.output())

    @property
    def services(self) -> tuple[Service, ...]:
        return ()

    @property
    def clients(self) -> tuple[Service, ...]:
        return ()

    @property
    def max_lateness_s(self) -> float:
        return MAX_LATENESS_S

    def step(self, inputs: Inputs, now_s: float) -> Step:
        """Drive states, order and permit in; setpoints and state out."""
        dt_s = now_s - self.now_s if self._has_stepped else 0.0
        self.now_s, self._has_stepped = now_s, True
        self.field.update(inputs, now_s)
        safety = inputs.latest(SAFETY.name, INTERLOCK, SafetyState)
        self._see_trip(safety)
        self._take_orders(inputs, now_s)
        is_fresh = inputs.age_s(SAFETY.name, INTERLOCK) < SAFETY_MAX_AGE_S
        self.observe(dt_s)
        self._is_loop_due = False
        task = self.task
        if task is not None and task.is_running:
            permit = permit_for(safety, is_fresh, task.is_recovery)
            self._react(task, permit, safety, dt_s)
            if permit is Permit.GRANTED and self._is_manager_heard:
                self._go_on(task, dt_s)
            elif task.is_running:  # the task keeps its place
                self.body.freeze()
        self._see_trip(safety)
        return self._publish(now_s)

    @property
    def _is_manager_heard(self) -> bool:
        return self.now_s - self._order_at_s <= ORDER_MAX_AGE_S

    @property
    def _is_silent(self) -> bool:
        """In a process without a manager the station has no wish: the interlock misses its setpoints, trips,
        and the stop program brings the tool out. A spindle that merely stopped would freeze in the metal.
        The same holds for a tool left low for a stop program that does not begin."""
        if self._silent_from_s is not None and self.now_s >= self._silent_from_s:
            return True
        task = self.task
        is_process = task is not None and task.is_running and not task.is_recovery
        return is_process and not self._is_manager_heard

    # What a kind of station adds

    @abstractmethod
    def start(self, order: Order) -> StrEnum:
        """First phase of a task; raises StationError with the reason when it cannot be done."""

    @abstractmethod
    def act(self, phase: StrEnum, dt_s: float) -> StrEnum | None:
        """Command the drives of a phase; the next phase when it is over. Called under permit only."""

    @abstractmethod
    def expected_s(self, phase: StrEnum) -> float:
        """How long the present recipe lets a phase last, for the factor of its maximum time."""

    @abstractmethod
    def judge(self) -> Verdict:
        """Verdict by the limits; NONE while the process is not complete."""

    @abstractmethod
    def result_values(self) -> tuple[Parameter, ...]:
        """Measured results of the process so far."""

    @abstractmethod
    def live_values(self) -> tuple[Parameter, ...]:
        """Process values of this moment."""

    @abstractmethod
    def facts(self) -> StationFacts:
        """is_ready, is_clear, tool_in_material, zones_wanted and what else the kind reports."""

    @abstractmethod
    def may_jog(self, axis: Axis, speed_m_s: float) -> bool:
        """False where a jog would break something."""

    @abstractmethod
    def enter(self, phase: StrEnum) -> None:
        """Called as a phase begins."""

    @abstractmethod
    def observe(self, dt_s: float) -> None:
        """Called in every step, also without a task."""

    @property
    def is_low(self) -> bool:
        """True while the tool is not measured clear of its zones: the material program stays in force."""
        return False

    # Orders

    def _take_orders(self, inputs: Inputs, now_s: float) -> None:
        for order in inputs.new(ORDER.name, Order):
            if order.station != self._name:
                continue
            self.order, self._order_at_s = order, now_s
            task = self.task
            if task is not None and (order.guard.session, order.task_id) == task.key:
                continue
            if task is not None and task.is_running:
                self._apply(task, Event.ABORT, "the order was withdrawn")
            if order.task_id != 0:
                self._begin(order)

    def _begin(self, order: Order) -> None:
        self.task = task = Task(order)
        is_left_low = self._silent_from_s is not None
        try:
            if is_left_low:
                raise TaskRefusedError("the stop program has yet to bring the tool out")
            self.body.check(order.kind)
            self._enter(self.start(order))
        except StationError as error:
            task.result, task.detail = TaskResult.REFUSED, str(error)
            if not is_left_low:
                self.body.rest()

    # Permit and events

    def _react(self, task: Task, permit: Permit, safety: SafetyState | None, dt_s: float) -> None:
        if permit is Permit.GRANTED:
            task.was_permitted, task.withheld_s = True, 0.0
        task.waited_s += dt_s
        if permit is Permit.LOST and (task.was_permitted or task.waited_s > FIRST_PERMIT_S):
            self._apply(task, Event.PERMIT_LOST, safety.first_out if safety else "")
            return
        if task.is_recovery:
            self._release(task)
        event = _DIRECTED.get(self.order.directive)
        if task.is_running and event is not None:
            self._apply(task, event, "")
        if task.is_running and permit is Permit.WITHHELD and task.was_permitted:
            task.withheld_s += dt_s
            limit_s = self.table.reaction(self.phase, Event.WITHHELD).max_time.of(0.0)
            if task.withheld_s > limit_s:
                self._apply(task, Event.FAULT, f"no permit for {task.withheld_s:.1f} s in {self.phase.value}")

    def _release(self, task: Task) -> None:
        if self.order.action is RecoveryAction.END:
            self._finish(task, TaskResult.RUNNING if task.order.kind is TaskKind.JOG else TaskResult.STOPPED)
        elif self.now_s - self._order_at_s > HOLD_TO_RUN_MAX_AGE_S:
            task.note("no fresh hold-to-run order")
            self._finish(task, TaskResult.STOPPED)

    def _apply(self, task: Task, event: Event, detail: str) -> None:
        reaction = self.table.reaction(self.phase, event)
        task.take(reaction)
        if detail:
            task.note(detail)
        if reaction.to is None or reaction.to is self.phase:
            return
        if reaction.to is not self.table.idle:
            self._enter(reaction.to)
            return
        setpoints_until_s = self.now_s + (0.0 if event is Event.FAULT else TRIP_COMES_S)
        is_left_low = reaction.motion is Motion.PROGRAM and self.is_low
        self._finish(task, TaskResult.RUNNING, setpoints_until_s if is_left_low else None)

    def _finish(self, task: Task, ending: TaskResult, silent_from_s: float | None = None) -> None:
        """End the task; no drive keeps a wish, except where a tool waits for its stop program."""
        if ending is not TaskResult.RUNNING:
            task.ending = ending
        task.values = self.result_values()
        task.end(self.judge())
        self._enter(self.table.idle)
        self._silent_from_s = silent_from_s
        if silent_from_s is None:
            self.body.rest()
        else:
            self.body.freeze()

    def _see_trip(self, safety: SafetyState | None) -> None:
        """The stop program has begun: it is the bus that keeps the spindle turning now."""
        is_tripped = safety is not None and safety.phase not in (SafetyPhase.MOTION, SafetyPhase.HOLD)
        if self._silent_from_s is not None and is_tripped:
            self._silent_from_s = None
            self.body.rest()

    # Phases

    def _enter(self, phase: StrEnum) -> None:
        self.phase, self.phase_s = phase, 0.0
        self.enter(phase)
        self.limit_s = self.table.rows[phase].max_time.of(self.expected_s(phase))

    def _go_on(self, task: Task, dt_s: float) -> None:
        if not task.is_running:
            return
        self.phase_s += dt_s
        if not task.is_recovery and not self.body.is_on:
            self._check_time(task)
            return
        self.body.watch(dt_s)
        try:
            self._run(task, dt_s)
        except PhaseFaultError as fault:
            self._apply(task, Event.FAULT, f"{self.phase.value}: {fault}")
            return
        if task.is_running:
            self._check_time(task)

    def _run(self, task: Task, dt_s: float) -> None:
        if self.phase is self.table.held:
            if self.order.directive is not Directive.RUN:
                self.act(self.phase, dt_s)
                return
            self._enter(self.table.resume)
        for _ in range(_PHASES_PER_STEP):
            following = self.act(self.phase, dt_s)
            if following is None:
                return
            if following is self.table.idle:
                self._finish(task, TaskResult.RUNNING)
                return
            self._enter(following)
            if following is self.table.held:
                return
            dt_s = 0.0  # the time of this step belongs to the phase that is over

    def _check_time(self, task: Task) -> None:
        if self.phase_s > self.limit_s:
            self._apply(task, Event.FAULT, f"{self.phase.value} lasted longer than {self.limit_s:.1f} s")

    def close_loop(self) -> None:
        """Send the Setpoint of this step at once: it was computed from a new sample."""
        self._is_loop_due = True

    def jog(self) -> None:
        """Move the one axis that the order names; the others stand."""
        limit = self.cell.safety.manual_speed_m_s
        speed = min(max(self.order.speed_m_s, -limit), limit)
        for axis in self.body.axes:
            if axis.drive == self.order.drive and self.may_jog(axis, speed):
                axis.velocity(speed)
                axis.limit_force(self.cell.safety.manual_force_n)
            else:
                axis.stop()

    # Publishing

    @property
    def hold_state(self) -> HoldState:
        if self.order.directive not in (Directive.HOLD, Directive.HOLD_NOW):
            return HoldState.RUNNING
        is_held = self.phase in (self.table.idle, self.table.held)
        return HoldState.HELD if is_held else HoldState.HOLDING

    def _publish(self, now_s: float) -> Step:
        in_force = self.table.rows[self.phase].in_force
        is_material = in_force is InForce.MATERIAL or self.is_low
        program = self.programs.material if is_material else self.programs.clear
        setpoint = None
        if not self._is_silent:
            setpoint = Setpoint(self._name, program, self.field.based_on, self.body.setpoints)
        state = self._make_state(program)
        return self._publisher.publish(now_s, setpoint, state, self._values, self._is_loop_due)

    def _values(self) -> tuple[Parameter, ...]:
        """Live while a task runs, then its results."""
        task = self.task
        return self.live_values() if task is None or task.is_running else task.values

    def _make_state(self, program: str) -> StationState:
        task = self.task
        return StationState(
            self._name,
            task_id=task.order.task_id if task else 0,
            phase=self.phase.value,
            result=task.result if task else TaskResult.NONE,
            verdict=task.verdict if task else Verdict.NONE,
            hold=self.hold_state,
            program=program,
            detail=(task.detail if task else "") or self.body.clipped,
            **self.facts(),
        )
