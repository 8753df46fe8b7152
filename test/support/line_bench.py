"""A drive bus on a virtual line with real virtual drives, on simulated time; the test is the interlock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from math import inf
from pathlib import Path

from cell_controller.config.loader import LoadedCell
from cell_controller.drives.bus import DriveBus
from cell_controller.drives.profile import DriveProfile
from cell_controller.messages import (
    Allowed,
    DriveSetpoint,
    DriveState,
    DriveStates,
    Echo,
    Finished,
    Guard,
    LineCommand,
    LineDrive,
    LineEvent,
    LineEventKind,
    LinePhase,
    LineRequest,
    LineRequestKind,
    Rx,
    SetpointKind,
    StopRequested,
    Tx,
)
from cell_controller.plan import load_plan
from cell_controller.plan.load import read_profiles
from cell_controller.plan.make import make_plan
from cell_controller.runtime import Runner, Sent
from cell_controller.runtime.ports import DRIVE_STATES, LINE_COMMAND, LINE_EVENT, RX, STOP_REQUESTED
from cell_sim.drives import VirtualLine, build_line
from cell_sim.plant import MotionRecord, build_plant
from support.modbus_conveyor import with_modbus_conveyor

CELLS = Path(__file__).parents[2] / "config" / "cells"
COMMAND_S = 0.02  # period of the interlock
WAY_S = 0.002  # of a message between the processes
ENABLED = 1 << 0 | 1 << 2  # drive_enable and belt_enable


@cache
def loaded_cell(name: str) -> LoadedCell:
    """A cell of config/cells, read once: it is frozen, and reading it takes longer than most tests."""
    return with_modbus_conveyor(load_plan(CELLS / f"{name}.yaml")[0])


class LineBench:
    """Steps bus and line together; `allowed`, `setpoints` and `programs` are what the interlock sends."""

    def __init__(
        self,
        line: str,
        cell: str = "demo",
        changes: Mapping[str, Mapping[str, object]] | None = None,
        wire: Mapping[str, object] | None = None,  # changes of the line itself
        profiles: Mapping[str, DriveProfile] | None = None,  # besides those of config/drives
        loaded: LoadedCell | None = None,  # instead of `cell`
    ) -> None:
        loaded = loaded or loaded_cell(cell)
        self.cell = loaded.cell
        for name, change in (changes or {}).items():
            changed = self.cell.drives[name].model_copy(update=dict(change))
            self.cell = self.cell.model_copy(update={"drives": {**self.cell.drives, name: changed}})
        changed_line = self.cell.lines[line].model_copy(update=dict(wire or {}))
        self.cell = self.cell.model_copy(update={"lines": {**self.cell.lines, line: changed_line}})
        loaded = replace(loaded, cell=self.cell)
        self.plan = make_plan(loaded, {**read_profiles(loaded)[0], **(profiles or {})})
        recipe = next(iter(loaded.recipes.values()))
        self.record = MotionRecord()
        self.plant = build_plant(self.cell, recipe, record=self.record)
        self.plant.set_outputs("safety_io", ENABLED)  # the relay gives the drives their torque
        self.line_name = line
        self.wire: VirtualLine = build_line(self.cell, line, self.plan.profiles, self.plant)
        self.now_s = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.states: list[DriveStates] = []
        self.finished: list[Finished] = []
        self.events: list[tuple[float, Callable[[], None]]] = []
        self.is_plugged = True
        self.loses: Callable[[bytes], bool] = lambda data: False  # frames that no drive hears
        self.is_commanding = True
        self.epoch = 1
        self.allowed: dict[str, Allowed] = {}
        self.setpoints: dict[str, DriveSetpoint] = {}
        self.programs: dict[str, str] = {}
        self.default = Allowed.STOP_PROGRAM
        self._seq = 0
        self._session = 500
        self._command_at_s = 0.0
        self._is_open = False
        self.start()

    def start(self, session: int = 77) -> None:
        """A new process of the bus."""
        self.bus = DriveBus(self.cell, self.plan, self.line_name)
        self.runner = Runner(self.bus, session, self.now_s)
        self._is_open = False

    # The interlock

    def command(self) -> LineCommand:
        newest = self.states[-1].guard
        self._seq += 1
        drives = tuple(self._line_drive(name) for name in self.cell.drives_of_line(self.line_name))
        return LineCommand(
            line=self.line_name,
            epoch=self.epoch,
            echo=Echo(self.line_name, newest.session, newest.stamp_s),
            valid_for_s=0.1,
            drives=drives,
            guard=Guard("interlock", self._session, self._seq, self.now_s),
        )

    def _line_drive(self, name: str) -> LineDrive:
        drive = self.cell.drives[name]
        return LineDrive(
            drive=name,
            allowed=self.allowed.get(name, Allowed.HOLD if drive.kind == "io" else self.default),
            max_speed_m_s=getattr(drive, "max_speed_m_s", 0.0),
            max_speed_rpm=getattr(drive, "max_speed_rpm", 0.0),
            max_force_n=getattr(drive, "max_force_n", 0.0),
            program=self.programs.get(name, ""),
            setpoint=self.setpoints.get(name, DriveSetpoint(name)),
        )

    def permit(self, default: Allowed, *, new_epoch: bool = True) -> None:
        """From now on this is what the interlock sends for every drive."""
        self.epoch += new_epoch
        self.default = default

    def move(self, drive: str, position_m: float, speed_m_s: float, move_id: int) -> None:
        self.setpoints[drive] = DriveSetpoint(
            drive,
            SetpointKind.MOVE,
            move_id=move_id,
            target_position_m=position_m,
            target_speed_m_s=speed_m_s,
            target_acceleration_m_s2=1.0,
        )

    def reference(self, drive: str, speed_m_s: float, move_id: int) -> None:
        self.setpoints[drive] = DriveSetpoint(
            drive, SetpointKind.REFERENCE, move_id=move_id, target_speed_m_s=speed_m_s
        )

    def velocity(self, drive: str, speed_m_s: float) -> None:
        self.setpoints[drive] = DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)

    def turn(self, drive: str, speed_rpm: float) -> None:
        self.setpoints[drive] = DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_rpm=speed_rpm)

    def outputs(self, module: str, outputs: int, mask: int) -> None:
        self.setpoints[module] = DriveSetpoint(
            module, SetpointKind.OUTPUTS, outputs=outputs, outputs_mask=mask
        )

    # Time

    def run(self, duration_s: float, until: Callable[[], bool] | None = None) -> bool:
        """Advance; True when `until` became true."""
        end_s = self.now_s + duration_s
        while True:
            if until is not None and until():
                return True
            command_s = self._command_at_s if self.is_commanding and self.states else inf
            wire_s = self.wire.next_event_s()
            event_s = min((at_s for at_s, _ in self.events), default=inf)
            next_s = max(self.now_s, min(self.runner.due_s, command_s, wire_s, event_s))
            if next_s > end_s:
                self.now_s = end_s
                return False
            self.now_s = next_s
            self._happen(command_s)

    def _happen(self, command_s: float) -> None:
        now_s = self.now_s
        for entry in [e for e in self.events if e[0] <= now_s]:
            self.events.remove(entry)
            entry[1]()
        data = self.wire.read(now_s)
        if data and self._is_open and self.is_plugged:
            self.runner.deliver(RX.name, Rx(data, now_s), now_s)
        if command_s <= now_s:
            self._command_at_s = now_s + COMMAND_S
            command = self.command()
            self.events.append((now_s + WAY_S, lambda: self.deliver(command)))
        if self.runner.due_s <= now_s:
            for sent in self.runner.step(now_s):
                self._handle(sent)

    def deliver(self, command: LineCommand) -> None:
        self.runner.deliver(LINE_COMMAND.name, command, self.now_s)

    def _handle(self, sent: Sent) -> None:
        message = sent.message
        if isinstance(message, Tx):
            assert self._is_open, "bytes for a port that is not open"
            self.sent.append((self.now_s, message.data))
            if self.is_plugged and not self.loses(message.data):
                self.wire.write(message.data, self.now_s)
        elif isinstance(message, LineRequest):
            self._request(message.kind)
        elif isinstance(message, Finished):
            self.finished.append(message)
        elif sent.port == DRIVE_STATES.name and isinstance(message, DriveStates):
            self.states.append(message)

    def _request(self, kind: LineRequestKind) -> None:
        if kind is LineRequestKind.OPEN:
            self._is_open = self.is_plugged
            event = LineEventKind.OPENED if self.is_plugged else LineEventKind.FAILED
            self._tell(LineEvent(event, "no such device"))
        elif kind is LineRequestKind.CLOSE:
            self._is_open = False
            self._tell(LineEvent(LineEventKind.CLOSED))
        else:
            self.wire.read(self.now_s)

    def _tell(self, event: LineEvent) -> None:
        self.events.append(
            (self.now_s + 0.001, lambda: self.runner.deliver(LINE_EVENT.name, event, self.now_s))
        )

    def unplug(self) -> None:
        self.is_plugged = self._is_open = False
        self.wire.plug(False)
        self._tell(LineEvent(LineEventKind.FAILED, "SerialException: device disconnected"))

    def plug(self) -> None:
        self.is_plugged = True
        self.wire.plug(True)

    def terminate(self) -> None:
        self.runner.deliver(STOP_REQUESTED.name, StopRequested("SIGTERM"), self.now_s)

    # What is seen

    @property
    def state(self) -> DriveStates:
        return self.states[-1]

    def drive(self, name: str) -> DriveState:
        return next(d for d in self.state.drives if d.drive == name)

    def reach(self, phase: LinePhase, within_s: float = 5.0) -> None:
        if not self.run(within_s, lambda: bool(self.states) and self.state.phase is phase):
            shown = replace(self.state, drives=()) if self.states else None
            raise AssertionError(f"{phase.name} not reached: {shown}")

    def enable_all(self) -> None:
        """Armed, reset by a new epoch, everything on and holding."""
        self.reach(LinePhase.STOPPED)
        self.permit(Allowed.HOLD)
        self.reach(LinePhase.PERMITTED)
        names = [d.drive for d in self.state.drives]
        assert self.run(2.0, lambda: all(self.drive(n).condition in (4, 5) for n in names)), [
            (n, self.drive(n).condition) for n in names
        ]

    def events_of(self, drive: str, since_s: float = 0.0) -> list[tuple[float, str, float]]:
        """What the virtual drive obeyed: time, kind, value."""
        return [(s.at_s, s.kind, s.value) for s in self.record.setpoints(drive, since_s)]
