"""Display: makes what ROS tools look at out of the cell's messages. Reads only; losing it stops nothing."""

from __future__ import annotations

from math import isnan, pi

from cell_controller.config import DISPLAY, AxisDrive, CellFile, SpindleDrive
from cell_controller.display.model import RobotModel
from cell_controller.display.values import (
    JOINT_STATES,
    ROBOT_DESCRIPTION,
    TF,
    TF_STATIC,
    Description,
    Frames,
    JointValue,
    JointValues,
)
from cell_controller.messages import DriveState, DriveStates
from cell_controller.runtime import Input, Inputs, Output, Sent, Service, Step, ports

PERIOD_S = 0.05  # 20 Hz: smooth to look at, a few per cent of a slow core
FRESH_S = 0.5  # older data are shown as none: tools mark a frame that has stopped coming
_RAD_S_PER_RPM = pi / 30.0


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
        self.inputs: tuple[Input, ...] = (ports.DRIVE_STATES.input(sources=self._lines),)
        self.outputs: tuple[Output, ...] = tuple(
            port.output() for port in (JOINT_STATES, TF, TF_STATIC, ROBOT_DESCRIPTION)
        )
        self._turned_rad: dict[str, float] = {}  # of spindles, which measure no angle
        self._last_s: float | None = None

    def step(self, inputs: Inputs, now_s: float) -> Step:
        sent: list[Sent] = []
        elapsed_s = 0.0 if self._last_s is None else now_s - self._last_s
        if self._last_s is None and self._model is not None:
            sent.append(Sent(ROBOT_DESCRIPTION.name, Description(self._model.text)))
            sent.append(Sent(TF_STATIC.name, Frames(self._model.still(self._cell.drives))))
        self._last_s = now_s
        joints = tuple(
            value
            for line in self._lines
            if inputs.age_s(ports.DRIVE_STATES.name, line) <= FRESH_S
            and (states := inputs.latest(ports.DRIVE_STATES.name, line, DriveStates)) is not None
            for drive in states.drives
            if (value := self._joint(drive, elapsed_s)) is not None
        )
        if joints:
            sent.append(Sent(JOINT_STATES.name, JointValues(joints)))
            if self._model is not None:
                frames = self._model.moving({j.name: j.position for j in joints})
                sent.append(Sent(TF.name, Frames(frames)))
        return Step(tuple(sent), now_s + PERIOD_S)

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
