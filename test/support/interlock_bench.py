"""The interlock among hand-made buses, stations and a manager that repeat their messages on time.

The fakes do what a test tells them: they are message sources, not models. Every bus runs on a clock of its
own, a thousand seconds and more away from the interlock's, so that no stamp is compared with the wrong clock.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

from cell_controller.config import CELL_MANAGER, AxisDrive, CellFile, SpindleDrive, load_cell
from cell_controller.messages import (
    Allowed,
    CellPermit,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    DriveStates,
    Echo,
    Guard,
    LineCommand,
    LineDrive,
    LinePhase,
    Permit,
    SafetyPhase,
    SafetyState,
    Setpoint,
    ZoneOwner,
)
from cell_controller.packml import Mode
from cell_controller.plan import CellPlan
from cell_controller.plan.load import read_profiles
from cell_controller.plan.make import make_plan
from cell_controller.runtime import Runner
from cell_controller.safety import Interlock
from support.modbus_conveyor import with_modbus_conveyor

CELL_PATH = Path(__file__).parents[2] / "config/cells/demo.yaml"
INTERLOCK_SESSION = 99
TICK_S = 0.01
PERIODS_S = {"drive_states": 0.02, "setpoint": 0.04, "cell_permit": 0.05}

_LOADED: list[tuple[CellFile, CellPlan]] = []
_IN_MOTION: list[tuple[Any, Any]] = []  # what was asked for, and the bench that is forked


def demo_cell() -> tuple[CellFile, CellPlan]:
    """The demo cell and its plan, read once."""
    if not _LOADED:
        loaded = with_modbus_conveyor(load_cell(CELL_PATH))
        _LOADED.append((loaded.cell, make_plan(loaded, read_profiles(loaded)[0])))
    return _LOADED[0]


@dataclass
class FakeBus:
    """Repeats the drive states it is given; takes epochs as a bus does."""

    line: str
    states: DriveStates
    session: int
    offset_s: float  # of its clock
    seq: int = 0
    stopped_epoch: int = 0
    stamp_s: float = 0.0
    measured_late_s: dict[str, float] = field(default_factory=dict)
    frozen: bool = False  # does not react to commands
    stuck: set[str] = field(default_factory=set)  # drives whose readings are the same to the last count

    def message(self, now_s: float) -> DriveStates:
        self.seq += 1
        self.stamp_s = now_s + self.offset_s
        drives = tuple(self._read(d) for d in self.states.drives)
        return replace(
            self.states, drives=drives, guard=Guard(self.line, self.session, self.seq, self.stamp_s)
        )

    def _read(self, state: DriveState) -> DriveState:
        """A reading flickers by less than anything counts, as encoders do, unless it is stuck."""
        flicker = 0.0 if state.drive in self.stuck else 1e-9 * (self.seq % 2)
        return replace(
            state,
            measured_at_s=self.stamp_s - self.measured_late_s.get(state.drive, 0.005),
            measured_position_m=state.measured_position_m + flicker,
            measured_speed_rpm=state.measured_speed_rpm + flicker,
        )

    def obey(self, command: LineCommand) -> None:
        if self.frozen or command.echo.session != self.session or command.epoch < self.states.epoch:
            return
        if any(d.allowed is Allowed.STOP_PROGRAM for d in command.drives):
            self.stopped_epoch = command.epoch
        if self.states.phase in (LinePhase.STOPPED, LinePhase.PERMITTED):
            obeys = command.epoch > self.stopped_epoch
            phase = LinePhase.PERMITTED if obeys else LinePhase.STOPPED
            cause = "" if obeys else self.states.stop_cause
            self.states = replace(self.states, phase=phase, stop_cause=cause)
        self.states = replace(self.states, epoch=command.epoch)


class Bench:
    """One interlock and everything it hears."""

    def __init__(self, now_s: float = 5.0, cell: tuple[CellFile, CellPlan] | None = None) -> None:
        self.cell, self.plan = cell or demo_cell()
        self.now_s = now_s
        self.session = INTERLOCK_SESSION
        self.buses = {
            line: FakeBus(line, self._first_states(line), 10 + n, 1000.0 * (n + 1))
            for n, line in enumerate(self.cell.lines)
        }
        self.setpoints = {
            name: Setpoint(name, s.programs.clear, (), tuple(DriveSetpoint(d) for d in s.drives))
            for name, s in self.cell.stations.items()
        }
        self.station_sessions = {name: 50 + n for n, name in enumerate(self.cell.stations)}
        self.manager_session = 70
        self.permit = CellPermit(mode=Mode.PRODUCTION, permit=Permit.NONE)
        self.permit_echo: Echo | None = None  # None: the newest SafetyState
        self.based_on: dict[str, Echo] = {}  # overrides by line
        self.silent: set[str] = set()
        self.seqs: dict[str, int] = {}
        self.safety = SafetyState()
        self.history: list[SafetyState] = []
        self.commands: dict[str, LineCommand] = {}
        self.sent: list[LineCommand] = []
        self._due_s: dict[str, float] = {}
        self.start_interlock()

    @classmethod
    def in_motion(cls, cell: tuple[CellFile, CellPlan] | None = None) -> Self:
        """A bench of its own, a moment after motion began; brought there once, then forked."""
        key = (cls, cell[0].safety if cell else None)
        for known, bench in _IN_MOTION:
            if known == key:
                return cast("Self", bench.fork())
        bench = cls(cell=cell)
        bench.to_motion()
        _IN_MOTION.append((key, bench))
        return bench.fork()

    def fork(self) -> Self:
        """Another bench in the same state; what never changes is shared."""
        limits = self.interlock._limits
        shared = (self.cell, self.plan, limits, limits.ages)
        return deepcopy(self, {id(thing): thing for thing in shared})

    def start_interlock(self) -> None:
        """A new interlock in place of the old one, as after a crash."""
        self.session += 1
        self.interlock = Interlock(self.cell, self.plan)
        self.runner = Runner(self.interlock, self.session, self.now_s)
        self.commands = {}

    def _first_states(self, line: str) -> DriveStates:
        drives = tuple(self._first_state(d) for d in self.cell.drives_of_line(line))
        return DriveStates(
            line, LinePhase.STOPPED, 0, True, True, config_hash=self.plan.config_hash, drives=drives
        )

    def _first_state(self, name: str) -> DriveState:
        drive = self.cell.drives[name]
        state = DriveState(name, DriveCondition.OPERATION_ENABLED, True, True, True)
        if isinstance(drive, AxisDrive):
            position_m = {"weld_z": 0.06, "grind_infeed": 0.04}.get(name, 0.0)
            return replace(
                state,
                measured_position_m=position_m,
                measured_speed_m_s=0.0,
                measured_force_n=0.0,
                measured_current_a=0.0,
                measured_temperature_c=25.0,
            )
        if isinstance(drive, SpindleDrive):
            return replace(
                state,
                measured_speed_rpm=0.0,
                measured_torque_nm=0.0,
                measured_power_w=0.0,
                measured_current_a=0.0,
                measured_temperature_c=25.0,
            )
        return replace(state, inputs=0xFFFF, analog_inputs=(250.0, 30000.0, 0.0, 0.0))

    # what a test changes

    def edit(self, drive: str, *, jumps: bool = False, **changes: Any) -> None:
        """Change what a drive reports. It has got there as a drive does, unless it jumps."""
        self._settle(drive, changes, jumps)
        bus = self.buses[self.cell.drives[drive].line]
        drives = tuple(replace(d, **changes) if d.drive == drive else d for d in bus.states.drives)
        bus.states = replace(bus.states, drives=drives)

    def _settle(self, drive: str, changes: dict[str, Any], jumps: bool) -> None:
        axis = self.interlock._snapshot.axes.get(drive)
        if axis is not None and not jumps and {"measured_position_m", "measured_speed_m_s"} & changes.keys():
            axis.forget()

    def edit_line(self, line: str, **changes: Any) -> None:
        """Change what a bus reports of its line."""
        self.buses[line].states = replace(self.buses[line].states, **changes)

    def state(self, drive: str) -> DriveState:
        bus = self.buses[self.cell.drives[drive].line]
        return next(d for d in bus.states.drives if d.drive == drive)

    def switch(self, name: str, is_on: bool) -> None:
        """Change a digital input."""
        signal = self.cell.signals.inputs[name]
        inputs = self.state(signal.module).inputs & ~(1 << signal.channel)
        self.edit(signal.module, inputs=inputs | (int(is_on) << signal.channel))

    def wish(self, station: str, *wishes: DriveSetpoint, program: str | None = None) -> None:
        """What a station asks for from now on; drives that are not named have no wish."""
        old = self.setpoints[station]
        named = {w.drive: w for w in wishes}
        drives = tuple(named.pop(d, DriveSetpoint(d)) for d in self.cell.stations[station].drives)
        self.setpoints[station] = replace(
            old,
            program=old.program if program is None else program,
            drives=(*drives, *named.values()),
        )

    def ask(self, permit: Permit, **changes: Any) -> None:
        """What the manager asks for from now on."""
        self.permit = replace(self.permit, permit=permit, **changes)

    def grant(self, **owners: str) -> None:
        """Zone owners from now on."""
        self.permit = replace(self.permit, zone_owners=tuple(ZoneOwner(z, o) for z, o in owners.items()))

    def clear(self) -> None:
        """The operator's Clear."""
        self.permit = replace(self.permit, clear_id=self.permit.clear_id + 1)

    def restart_bus(self, line: str) -> None:
        bus = self.buses[line]
        bus.session, bus.seq, bus.stopped_epoch = bus.session + 1000, 0, 0
        bus.states = replace(bus.states, epoch=0, phase=LinePhase.STOPPED, stop_cause="")

    def restart_station(self, station: str) -> None:
        self.station_sessions[station] += 1000
        self.seqs[station] = 0

    def restart_manager(self) -> None:
        self.manager_session += 1000
        self.seqs[CELL_MANAGER] = 0
        self.permit = CellPermit(mode=Mode.PRODUCTION, permit=Permit.NONE)

    # time

    def run(self, seconds: float) -> None:
        """Let everybody repeat their messages for a while."""
        end_s = self.now_s + seconds
        while self.now_s < end_s - 1e-9:
            self.now_s = round(self.now_s + TICK_S, 6)
            self._repeat()
            while self.runner.due_s <= self.now_s:
                self.step(max(self.runner.due_s, self.now_s))

    def step(self, at_s: float) -> None:
        """One step of the interlock; buses take their commands at once."""
        for sent in self.runner.step(at_s):
            message = sent.message
            if isinstance(message, SafetyState):
                self.safety = message
                self.history.append(message)
            elif isinstance(message, LineCommand):
                self.commands[message.line] = message
                self.sent.append(message)
                self.buses[message.line].obey(message)

    def _is_due(self, name: str, period_s: float) -> bool:
        if name in self.silent or self.now_s < self._due_s.get(name, 0.0) - 1e-9:
            return False
        self._due_s[name] = self.now_s + period_s
        return True

    def _repeat(self) -> None:
        for line, bus in self.buses.items():
            if self._is_due(line, PERIODS_S["drive_states"]):
                self.runner.deliver("drive_states", bus.message(self.now_s), self.now_s)
        for station in self.setpoints:
            if self._is_due(station, PERIODS_S["setpoint"]):
                self.send_setpoint(station)
        if self._is_due(CELL_MANAGER, PERIODS_S["cell_permit"]):
            self.send_permit()

    def send_setpoint(self, station: str) -> None:
        based_on = tuple(
            self.based_on.get(line, Echo(line, self.buses[line].session, self.buses[line].stamp_s))
            for line in self.cell.lines_of_station(station)
        )
        guard = self._guard(station, self.station_sessions[station])
        self.runner.deliver(
            "setpoint", replace(self.setpoints[station], based_on=based_on, guard=guard), self.now_s
        )

    def send_permit(self) -> None:
        newest = self.safety.guard
        echo = self.permit_echo or Echo(newest.source, newest.session, newest.stamp_s)
        guard = self._guard(CELL_MANAGER, self.manager_session)
        self.runner.deliver("cell_permit", replace(self.permit, echo=echo, guard=guard), self.now_s)

    def _guard(self, source: str, session: int) -> Guard:
        seq = self.seqs[source] = self.seqs.get(source, 0) + 1
        return Guard(source, session, seq, self.now_s)

    # what a test looks at

    def drive(self, name: str) -> LineDrive:
        """The newest command of one drive."""
        command = self.commands[self.cell.drives[name].line]
        return next(d for d in command.drives if d.drive == name)

    def allowed(self, name: str) -> Allowed:
        return self.drive(name).allowed

    def outputs(self, module: str) -> tuple[int, int]:
        """Commanded outputs of a module and their mask."""
        setpoint = self.drive(module).setpoint
        return setpoint.outputs, setpoint.outputs_mask

    @property
    def rules(self) -> tuple[str, ...]:
        return tuple(t.rule for t in self.safety.trips)

    # ways to a phase

    def to_hold(self) -> None:
        """Everybody is heard, then the operator clears."""
        self.run(0.3)
        assert self.safety.can_reset, self.safety.reset_hindrance
        self.clear()
        self.run(0.1)
        assert self.safety.phase is SafetyPhase.HOLD, self.safety

    def to_motion(self) -> None:
        """Cleared, started, permitted."""
        if self.safety.phase is not SafetyPhase.HOLD:
            self.to_hold()
        self.ask(Permit.HOLD)
        self.run(0.1)
        self.ask(Permit.MOTION)
        self.run(0.5)  # the guard lock settles
        assert self.safety.phase is SafetyPhase.MOTION, self.safety

    def to_recovery(self, station: str, drive: str = "") -> None:
        """From tripped, in manual mode, with the button held."""
        self.ask(Permit.NONE, mode=Mode.MANUAL)
        self.run(0.2)
        self.ask(Permit.RECOVERY, recover_station=station, recover_drive=drive)
        self.run(0.5)  # the guard lock settles
