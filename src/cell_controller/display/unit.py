"""Display: makes what ROS tools look at out of the cell's messages. Reads only; losing it stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, nan, pi

from cell_controller.config import DISPLAY, INTERLOCK, AxisDrive, CellFile, Conveyor, SpindleDrive
from cell_controller.display.diagnostics import Known, diagnose
from cell_controller.display.model import RobotModel
from cell_controller.display.values import (
    DIAGNOSTICS,
    JOINT_STATES,
    ROBOT_DESCRIPTION,
    TF,
    TF_STATIC,
    Description,
    Diagnoses,
    Frames,
    JointValue,
    JointValues,
)
from cell_controller.messages import Alarms, CellState, DriveState, DriveStates, SafetyState
from cell_controller.runtime import Input, Inputs, Output, Sent, Service, Step, ports

PERIOD_S = 0.05  # 20 Hz: smooth to look at, a few per cent of a slow core
FRESH_S = 0.5  # older data are shown as none: tools mark a frame that has stopped coming
DIAGNOSE_S = 1.0  # as often as diagnostic_updater does
STATE_LOST_S = 1.0  # ten cell states
_RAD_S_PER_RPM = pi / 30.0


@dataclass(frozen=True, slots=True)
class _Jaw:
    """A joint at one of its ends, told by an input."""

    name: str
    module: str
    channel: int
    open: float
    closed: float


class Display:
    """Joint states and frames of what the drives measured."""

    name = DISPLAY
    max_lateness_s = 10.0  # late is better than never here
    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()

    def __init__(self, cell: CellFile, model: RobotModel | None) -> None:
        """Without a model of the mechanisms there are joint states, but no frames."""
        self._cell, self._model = cell, model
        self._lines = tuple(cell.lines)
        self.inputs: tuple[Input, ...] = (
            ports.DRIVE_STATES.input(sources=self._lines, depth=100),
            ports.SAFETY.input(sources=(INTERLOCK,)),
            ports.STATE.input(),
            ports.ALARMS.input(),
        )
        self.outputs: tuple[Output, ...] = tuple(
            port.output() for port in (JOINT_STATES, TF, TF_STATIC, ROBOT_DESCRIPTION, DIAGNOSTICS)
        )
        self._jaws = _jaws(cell, model)
        self._turned_rad: dict[str, float] = {}  # of spindles, which measure no angle
        self._last_s: float | None = None
        self._diagnose_s = -inf
        self._state: CellState | None = None
        self._state_at_s = -inf
        self._alarms: Alarms | None = None

    def step(self, inputs: Inputs, now_s: float) -> Step:
        sent: list[Sent] = []
        elapsed_s = 0.0 if self._last_s is None else now_s - self._last_s
        if self._last_s is None and self._model is not None:
            sent.append(Sent(ROBOT_DESCRIPTION.name, Description(self._model.text)))
            sent.append(
                Sent(
                    TF_STATIC.name,
                    Frames(self._model.still({*self._cell.drives, *(j.name for j in self._jaws)})),
                )
            )
        self._last_s = now_s
        lines = self._fresh_lines(inputs)
        joints = tuple(
            value
            for states in lines.values()
            for drive in states.drives
            if (value := self._joint(drive, elapsed_s)) is not None
        )
        joints += self._clamps(lines)
        if joints:
            sent.append(Sent(JOINT_STATES.name, JointValues(joints)))
            if self._model is not None:
                frames = self._model.moving({j.name: j.position for j in joints})
                sent.append(Sent(TF.name, Frames(frames)))
        self._take(inputs, now_s)
        if now_s >= self._diagnose_s + DIAGNOSE_S:
            self._diagnose_s = now_s
            known = Known(lines, self._fresh_safety(inputs), self._fresh_state(now_s), self._alarms)
            sent.append(Sent(DIAGNOSTICS.name, Diagnoses(diagnose(self._cell, known))))
        return Step(tuple(sent), now_s + PERIOD_S)

    def _fresh_lines(self, inputs: Inputs) -> dict[str, DriveStates]:
        port = ports.DRIVE_STATES.name
        return {
            line: states
            for line in self._lines
            if inputs.age_s(port, line) <= FRESH_S
            and (states := inputs.latest(port, line, DriveStates)) is not None
        }

    def _fresh_safety(self, inputs: Inputs) -> SafetyState | None:
        is_fresh = inputs.age_s(ports.SAFETY.name, INTERLOCK) <= FRESH_S
        return inputs.latest(ports.SAFETY.name, INTERLOCK, SafetyState) if is_fresh else None

    def _fresh_state(self, now_s: float) -> CellState | None:
        return self._state if now_s - self._state_at_s <= STATE_LOST_S else None

    def _take(self, inputs: Inputs, now_s: float) -> None:
        for state in inputs.new(ports.STATE.name, CellState):
            self._state, self._state_at_s = state, now_s
        for alarms in inputs.new(ports.ALARMS.name, Alarms):
            self._alarms = alarms

    def _clamps(self, lines: dict[str, DriveStates]) -> tuple[JointValue, ...]:
        """Closed or open, as the sensor of the clamp says."""
        inputs = {d.drive: d.inputs for states in lines.values() for d in states.drives}
        return tuple(
            JointValue(jaw.name, jaw.closed if inputs[jaw.module] >> jaw.channel & 1 else jaw.open, 0.0, nan)
            for jaw in self._jaws
            if jaw.module in inputs
        )

    def _joint(self, state: DriveState, elapsed_s: float) -> JointValue | None:
        drive = self._cell.drives.get(state.drive)
        if isinstance(drive, AxisDrive) and not isnan(state.measured_position_m):
            return JointValue(
                state.drive, state.measured_position_m, state.measured_speed_m_s, state.measured_force_n
            )
        if isinstance(drive, SpindleDrive) and not isnan(state.measured_speed_rpm):
            speed_rad_s = state.measured_speed_rpm * _RAD_S_PER_RPM
            angle_rad = (self._turned_rad.get(state.drive, 0.0) + speed_rad_s * elapsed_s) % (2 * pi)
            self._turned_rad[state.drive] = angle_rad
            return JointValue(state.drive, angle_rad, speed_rad_s, state.measured_torque_nm)
        return None


def _jaws(cell: CellFile, model: RobotModel | None) -> tuple[_Jaw, ...]:
    """Joints that are named as a station's clamp."""
    joints = {} if model is None else {j.name: j for j in model.joints}
    found = []
    for station in cell.stations.values():
        if isinstance(station, Conveyor):
            continue
        joint, sensor = joints.get(station.clamp), cell.signals.inputs[station.clamp_closed]
        if joint is not None:
            found.append(_Jaw(joint.name, sensor.module, sensor.channel, joint.low, joint.high))
    return tuple(found)
