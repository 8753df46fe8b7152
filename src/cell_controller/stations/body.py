"""The drives and outputs that one station moves."""

from __future__ import annotations

from cell_controller.config.models import AxisDrive, CellFile, SpindleDrive
from cell_controller.messages import DriveCondition, DriveSetpoint, TaskKind
from cell_controller.stations.errors import StationSetupError, TaskRefusedError
from cell_controller.stations.field import Field
from cell_controller.stations.motion import Axis, Output, Spindle
from cell_controller.stations.publishing import joined_outputs

RECOVERY = (TaskKind.JOG, TaskKind.RECOVER_TOOL)
_BROKEN = (DriveCondition.OFFLINE, DriveCondition.FAULT)


class Body:
    """Built from the cell file by the names that the station's model gives."""

    def __init__(self, cell: CellFile, station: str, field: Field) -> None:
        config = cell.stations[station]
        axes, spindles = [], []
        for drive in config.drives:
            model = cell.drives[drive]
            if isinstance(model, AxisDrive):
                axes.append(Axis(drive, model, field))
            elif isinstance(model, SpindleDrive):
                spindles.append(Spindle(drive, model, field))
            else:
                raise StationSetupError(station, drive, "an axis or a spindle")
        self._station = station
        self.axes, self.spindles = tuple(axes), tuple(spindles)
        self.outputs = tuple(Output(name, cell.signals.outputs[name], field) for name in config.outputs)
        self.hands: tuple[Axis | Spindle, ...] = (*self.axes, *self.spindles)

    @property
    def is_on(self) -> bool:
        """Every drive armed and switched on."""
        return all(hand.is_on for hand in self.hands)

    @property
    def is_homed(self) -> bool:
        return all(axis.state.is_homed for axis in self.axes)

    @property
    def clipped(self) -> str:
        """What the limits of the cell file changed in the present setpoints."""
        return "; ".join(hand.clipped for hand in self.hands if hand.clipped)

    @property
    def setpoints(self) -> tuple[DriveSetpoint, ...]:
        return (*(hand.setpoint for hand in self.hands), *joined_outputs(self.outputs))

    def axis(self, drive: str) -> Axis:
        """The axis that an order names."""
        for axis in self.axes:
            if axis.drive == drive:
                return axis
        raise TaskRefusedError(f"{drive or 'no drive'} is not an axis of {self._station}")

    def check(self, kind: TaskKind) -> None:
        """Refuse a task whose drives cannot do it; recovery is for drives in any condition."""
        if kind in RECOVERY:
            return
        for hand in self.hands:
            state = hand.state
            if state.condition in _BROKEN or not state.is_armed:
                words = state.fault_text if state.is_armed else "not armed"
                raise TaskRefusedError(f"{hand.drive} is {state.condition.name}: {words}")
        for axis in self.axes:
            if kind is not TaskKind.HOME and not axis.state.is_homed:
                raise TaskRefusedError(f"{axis.drive} is not homed")

    def rest(self) -> None:
        """No wish for any drive."""
        for hand in self.hands:
            hand.rest()

    def freeze(self) -> None:
        """Axes ramp down and hold; spindles go on turning."""
        for axis in self.axes:
            axis.stop()

    def watch(self, dt_s: float) -> None:
        for axis in self.axes:
            axis.watch(dt_s)
