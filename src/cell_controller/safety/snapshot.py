"""What the interlock knows at one moment: drive states, inputs by name, ages."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from cell_controller.messages import (
    CellPermit,
    DriveCondition,
    DriveState,
    DriveStates,
    LineCommand,
    LinePhase,
    SafetyPhase,
)
from cell_controller.packml import Mode
from cell_controller.safety.limits import AxisLimits, Channel, LineLimits, SafetyLimits, SpindleLimits
from cell_controller.safety.traces import AxisTrace, SpindleTrace, Trace

_DRIVING = (DriveCondition.OPERATION_ENABLED, DriveCondition.QUICK_STOP_ACTIVE)


@dataclass(slots=True)
class LineView:
    """The newest DriveStates of one line."""

    limits: LineLimits
    age_limit_s: float
    measured_limits_s: dict[str, float]
    states: DriveStates | None = None
    received_at_s: float = -inf
    drives: dict[str, DriveState] = field(default_factory=dict)
    stale_at_s: float = -inf  # when the first drive's data become too old
    stale_drive: str = ""
    is_up: bool = False  # port open, arming over: what the line says of its drives has a meaning
    command: LineCommand | None = None  # newest that was sent
    traces: tuple[Trace | None, ...] = ()  # of its drives, in their order; modules have none

    def take(self, states: DriveStates, at_s: float) -> None:
        """Make a message the newest."""
        self.states, self.received_at_s = states, at_s
        self.is_up = states.phase not in (LinePhase.CLOSED, LinePhase.ARMING)
        self.drives = {d.drive: d for d in states.drives}
        self.stale_at_s, self.stale_drive = inf, ""
        command = self.command if states.phase is LinePhase.PERMITTED else None
        for place, name in enumerate(self.limits.drives):
            state, trace = self.reported(name), self.traces[place]
            if trace is not None:
                trace.take(state, command.drives[place] if command else None)
            state = self.drives.get(name)
            if state is None or state.condition is DriveCondition.OFFLINE:
                continue  # rules of their own
            age_s = states.guard.stamp_s - state.measured_at_s
            # Negated: not a number, and a measurement from the future, are as bad as an old one.
            ends_s = at_s + self.measured_limits_s[name] - age_s if age_s >= 0.0 else -inf
            if not ends_s >= self.stale_at_s:
                self.stale_at_s, self.stale_drive = ends_s, name

    def reported(self, drive: str) -> DriveState | None:
        """The state to judge; a line that is down and a silent drive have rules of their own."""
        state = self.drives.get(drive) if self.is_up else None
        return None if state is None or state.condition is DriveCondition.OFFLINE else state

    @property
    def lost_at_s(self) -> float:
        """When the newest message is too old; added up as deadlines are, so the step then due sees it."""
        return self.received_at_s + self.age_limit_s

    @property
    def is_heard(self) -> bool:
        """At least one message arrived since the interlock started."""
        return self.states is not None

    def is_fresh(self, now_s: float) -> bool:
        """Neither the message nor anything measured in it is too old."""
        return now_s < self.lost_at_s and now_s < self.stale_at_s

    def bus_now_s(self, now_s: float) -> float:
        """At most this is the bus' own clock now, less the way of its message."""
        return self.states.guard.stamp_s + now_s - self.received_at_s if self.states else -inf


class Snapshot:
    """All lines, the permit and the interlock's own state, as the rules read them."""

    def __init__(self, limits: SafetyLimits) -> None:
        self.limits = limits
        self.now_s = 0.0
        self.lines = {
            name: LineView(
                line, limits.ages.line_s[name], {d: limits.ages.measured_s[d] for d in line.drives}
            )
            for name, line in limits.lines.items()
        }
        self.axes: dict[str, AxisTrace] = {}
        self.spindles: dict[str, SpindleTrace] = {}
        self._add_traces()
        self._line_of = {
            drive: self.lines[drive_limits.line] for drive, drive_limits in limits.drives.items()
        }
        self.permit: CellPermit | None = None
        self.permit_at_s = -inf
        self.permit_echo_s = -inf  # newest SafetyState of this session that the manager has processed
        self.setpoint_at_s = dict.fromkeys(limits.stations, -inf)  # newest that could be obeyed
        self.phase = SafetyPhase.TRIPPED
        self.phase_since_s = 0.0
        self.epoch = 0
        self.epoch_since_s = 0.0
        self.excused_causes: dict[str, str] = {}  # stop causes that a reset has answered
        self.in_force = dict.fromkeys(limits.stations, "")  # newest stop program that a station named
        self._since_s: dict[tuple[str, str], float] = {}  # conditions that count once they last
        self.due_s = inf  # when time alone changes what a rule says

    def _add_traces(self) -> None:
        for name, limits in self.limits.drives.items():
            if isinstance(limits, AxisLimits):
                self.axes[name] = AxisTrace(limits)
            elif isinstance(limits, SpindleLimits):
                self.spindles[name] = SpindleTrace(limits)
        for view in self.lines.values():
            view.traces = tuple(self.axes.get(d) or self.spindles.get(d) for d in view.limits.drives)

    def begin(self, now_s: float) -> None:
        """A step begins."""
        self.now_s, self.due_s = now_s, inf

    def is_past(self, at_s: float) -> bool:
        """It is that late; until then the interlock steps at that time, whether something arrives or not."""
        if self.now_s >= at_s:
            return True
        self.due_s = min(self.due_s, at_s)
        return False

    def lasts(self, what: str, subject: str, is_present: bool, for_s: float) -> bool:
        """A condition of a subject has been present at every call for so long."""
        if not is_present:
            if self._since_s:
                self._since_s.pop((what, subject), None)
            return False
        return self.is_past(self._since_s.setdefault((what, subject), self.now_s) + for_s)

    @property
    def is_enabling(self) -> bool:
        """The enabling device is held, or none is needed: there is none, or the mode is not manual."""
        device = self.limits.enabling
        is_manual = self.permit is None or self.permit.mode == Mode.MANUAL
        return device is None or not is_manual or self.is_on(device)

    def line_of(self, drive: str) -> LineView:
        """The line that a drive is wired to."""
        return self._line_of[drive]

    def usable(self, drive: str) -> DriveState | None:
        """The drive's state if it is fresh, the drive answers and the line is up; otherwise None."""
        view = self._line_of[drive]
        state = view.drives.get(drive)
        if state is None or state.condition is DriveCondition.OFFLINE:
            return None
        return state if view.is_up and view.is_fresh(self.now_s) else None

    def is_on(self, channel: Channel) -> bool:
        """A digital input; missing or old counts as off."""
        state = self.usable(channel.module)
        return state is not None and bool(state.inputs & channel.mask)

    def stands(self, drive: str) -> bool:
        """Measured standstill of an axis or spindle; what is not known moves."""
        limits = self.limits.drives[drive]
        if not isinstance(limits, AxisLimits | SpindleLimits):
            return True
        state = self.usable(drive)
        if state is None or not state.is_stopped:
            return False
        if isinstance(limits, AxisLimits):
            return abs(state.measured_speed_m_s) <= limits.standstill_m_s
        return abs(state.measured_speed_rpm) <= limits.standstill_rpm

    def moving(self) -> tuple[str, ...]:
        """Every axis and spindle that is not at measured standstill."""
        return tuple(name for name in self.limits.drives if not self.stands(name))

    def is_let_go(self, drive: str) -> bool:
        """A spindle without speed whose drive has its output off: no enable would stop what may coast."""
        limits, state = self.limits.drives[drive], self.usable(drive)
        return (
            isinstance(limits, SpindleLimits)
            and state is not None
            and state.condition not in _DRIVING
            and abs(state.measured_speed_rpm) <= limits.standstill_rpm
        )

    @property
    def is_permit_fresh(self) -> bool:
        """The manager's newest permit may be used."""
        return self.permit is not None and self.now_s - self.permit_at_s < self.limits.ages.manager_s
