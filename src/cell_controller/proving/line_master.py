"""One line under trial: its drive bus, and the commands that the interlock would send it. Or silence."""

from __future__ import annotations

from math import inf

from cell_controller.config import INTERLOCK, CellFile, DriveKind
from cell_controller.drives.bus import DriveBus
from cell_controller.drives.line_time import speed_of
from cell_controller.drives.protocols import codec_of
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
    Rx,
    SetpointKind,
    StopRequested,
    Tx,
)
from cell_controller.plan import LINE_COMMAND_PERIOD_S, CellPlan
from cell_controller.proving.look import Look
from cell_controller.proving.trial import SPINDLE_SHARE
from cell_controller.runtime import Runner, Sent
from cell_controller.runtime.ports import DRIVE_STATES, HEARTBEAT, LINE_COMMAND, STOP_REQUESTED, TX


class LineMaster:
    """`allowed`, `setpoints` and `outputs` are what its bus is told; everything else stays off."""

    def __init__(self, cell: CellFile, plan: CellPlan, name: str, session: int, now_s: float) -> None:
        self._cell, self._plan, self.name = cell, plan, name
        line = cell.lines[name]
        self.speed = speed_of(line)
        self._units = {n: d.unit for n, d in cell.drives_of_line(name).items()}
        self._codec = codec_of(plan.profiles[d.profile] for d in cell.drives_of_line(name).values())
        self._session = session  # of the commands; those of the buses follow it
        self._seq = 0
        self.epoch = 1
        self.allowed: dict[str, Allowed] = {}
        self.setpoints: dict[str, DriveSetpoint] = {}
        self.outputs: dict[str, tuple[int, int]] = {}  # module: outputs and their mask
        self.told_at_s: dict[str, float] = {}  # by drive: end of the newest frame to it
        self.written_at_s: dict[str, float] = {}  # by drive: end of the first write since `stop`
        self.look: Look | None = None
        self.is_silent = self.is_finished = False
        self.failure = ""  # of the port, in the words of its host
        self._start(now_s)

    def _start(self, now_s: float) -> None:
        """A new process of the bus, as it were: it proves everything anew before it obeys."""
        self._session += 1
        self.runner = Runner(DriveBus(self._cell, self._plan, self.name), self._session, now_s)
        self.states: DriveStates | None = None
        self._command_at_s = -inf

    # What the prover does with it

    def permit(self, drive: str, allowed: Allowed, setpoint: DriveSetpoint | None = None) -> None:
        """What one drive may do from now on; the newest command carries it at once."""
        self.allowed[drive] = allowed
        self.setpoints.pop(drive, None)
        if setpoint is not None:
            self.setpoints[drive] = setpoint
        self._command_at_s = -inf

    def rest(self) -> None:
        """Nothing is allowed any more, in a new epoch."""
        self.allowed.clear()
        self.setpoints.clear()
        self.epoch += 1
        self._command_at_s = -inf

    def stop(self) -> None:
        """What the interlock says on a trip: every drive of the line stops."""
        self.written_at_s.clear()
        for name in self._units:
            self.permit(name, Allowed.STOP_PROGRAM)

    def hush(self, look: Look | None) -> None:
        """Not a byte more, but those of a look once it is begun."""
        self.is_silent, self.look = True, look

    def wake(self, now_s: float) -> None:
        """The line is served again by a bus that knows nothing of before."""
        self.is_silent, self.look = False, None
        self.rest()
        self._start(now_s)

    def leave(self, now_s: float) -> None:
        """The bus stops what it must, closes the port and has finished."""
        if self.is_silent:
            self.wake(now_s)
        self.runner.deliver(STOP_REQUESTED.name, StopRequested("the proof is over"), now_s)

    def drive(self, name: str) -> DriveState:
        """What its bus last reported of a drive; one that is offline before its first report."""
        found = self.states.drives if self.states is not None else ()
        return next((d for d in found if d.drive == name), DriveState(name))

    # The host's side

    def deliver(self, port: str, message: object, now_s: float) -> None:
        if isinstance(message, LineEvent):
            self.failure = message.text if message.kind is LineEventKind.FAILED else ""
        if not self.is_silent:
            self.runner.deliver(port, message, now_s)
        elif isinstance(message, Rx) and self.look is not None:
            self.look.feed(message.data, message.at_s)

    @property
    def due_s(self) -> float:
        if self.is_finished:
            return inf
        if self.is_silent:
            return self.look.due_s if self.look is not None else inf
        return min(self.runner.due_s, self._command_at_s if self.states is not None else inf)

    def step(self, now_s: float) -> list[Sent]:
        """Bytes and wishes for the port."""
        if self.is_finished:
            return []
        if self.is_silent:
            data = self.look.step(now_s) if self.look is not None else None
            return [Sent(TX.name, Tx(data))] if data else []
        if self.states is not None and now_s >= self._command_at_s:
            self._command_at_s = now_s + LINE_COMMAND_PERIOD_S
            self.runner.deliver(LINE_COMMAND.name, self._command(self.states, now_s), now_s)
        return self._step_bus(now_s) if self.runner.due_s <= now_s else []

    def _step_bus(self, now_s: float) -> list[Sent]:
        out = []
        for sent in self.runner.step(now_s):
            message = sent.message
            if isinstance(message, DriveStates):
                self.states = message
            elif isinstance(message, Finished):
                self.is_finished = True
            elif sent.port not in (DRIVE_STATES.name, HEARTBEAT.name):
                out.append(sent)
            if isinstance(message, Tx):
                self._note(message.data, now_s)
        return out

    def _note(self, data: bytes, now_s: float) -> None:
        over_s = now_s + self.speed.sent_s(len(data))
        heard = self._codec.heard(data)
        for name, unit in self._units.items():
            if heard.unit in (unit, None):
                self.told_at_s[name] = over_s
                if heard.is_write:
                    self.written_at_s.setdefault(name, over_s)

    def _command(self, states: DriveStates, now_s: float) -> LineCommand:
        self._seq += 1
        return LineCommand(
            line=self.name,
            epoch=self.epoch,
            echo=Echo(self.name, states.guard.session, states.guard.stamp_s),
            valid_for_s=self._plan.permit_valid_s,
            drives=tuple(self._line_drive(name) for name in self._units),
            guard=Guard(INTERLOCK, 1, self._seq, now_s),
        )

    def _line_drive(self, name: str) -> LineDrive:
        drive = self._cell.drives[name]
        if drive.kind is DriveKind.IO:
            outputs, mask = self.outputs.get(name, (0, 0))
            wish = DriveSetpoint(name, SetpointKind.OUTPUTS, outputs=outputs, outputs_mask=mask)
            return LineDrive(name, Allowed.HOLD, setpoint=wish)
        safety = self._cell.safety
        return LineDrive(
            drive=name,
            allowed=self.allowed.get(name, Allowed.NONE),
            max_speed_m_s=safety.manual_speed_m_s,
            max_speed_rpm=SPINDLE_SHARE * getattr(drive, "permitted_rpm", 0.0),
            max_force_n=min(safety.manual_force_n, getattr(drive, "max_force_n", 0.0)),
            setpoint=self.setpoints.get(name, DriveSetpoint(name)),
        )
