"""Hands of a station: each keeps the setpoint of one drive, clipped to the limits of the cell file."""

from __future__ import annotations

from dataclasses import replace
from math import copysign, isfinite

from cell_controller.config.models import AxisDrive, OutputSignal, SpindleDrive
from cell_controller.messages import DriveCondition, DriveSetpoint, DriveState, SetpointKind
from cell_controller.stations.field import Field

_ON = (DriveCondition.OPERATION_ENABLED, DriveCondition.SWITCHED_ON)
LOST_MOVE_S = 0.5  # a drive that stands this long without arriving has dropped the move; the slowest is read
# every 0.15 s
SAME_POSITION_M = 1e-7  # a tenth of the finest encoder count in use
_NO_SPEED_M_S = 1e-9


class Axis:
    """One axis. Profile moves are numbered per drive, from the number that the drive reports."""

    def __init__(self, drive: str, model: AxisDrive, field: Field) -> None:
        self.drive, self.model = drive, model
        self._field = field
        self._move_id = 0
        self._standing_s = 0.0
        self.setpoint = DriveSetpoint(drive)
        self.clipped = ""  # what the limits changed in the present setpoint

    @property
    def state(self) -> DriveState:
        return self._field.state(self.drive)

    @property
    def position_m(self) -> float:
        return self.state.measured_position_m

    @property
    def is_on(self) -> bool:
        """Armed and switched on; it can stand powered or move."""
        return self.state.is_armed and self.state.condition in _ON

    def is_at(self, position_m: float, tolerance_m: float) -> bool:
        """Measured within the tolerance; False without a measurement."""
        return abs(self.position_m - position_m) <= tolerance_m

    def clip_position_m(self, position_m: float) -> float:
        return min(max(position_m, self.model.min_m), self.model.max_m)

    def move(self, position_m: float, speed_m_s: float) -> bool:
        """Profile move, clipped; repeated calls repeat the same move. True once the drive reports arrival."""
        target_m = self.clip_position_m(position_m)
        speed = min(abs(speed_m_s), self.model.max_speed_m_s)
        self._note(position_m, target_m, abs(speed_m_s), speed)
        now = self.setpoint
        is_same = (
            now.kind is SetpointKind.MOVE
            and abs(now.target_position_m - target_m) < SAME_POSITION_M
            and now.target_speed_m_s == speed
        )
        if not is_same:
            self._start(target_m, speed)
        return self.has_arrived

    def find_reference(self, speed_m_s: float) -> bool:
        """The drive's own search for its zero; repeated calls repeat the same one. True once found."""
        speed = min(abs(speed_m_s), self.model.max_speed_m_s)
        if self.setpoint.kind is not SetpointKind.REFERENCE or self.setpoint.target_speed_m_s != speed:
            self.clipped = ""
            self._move_id = max(self._move_id, self.state.move_id) + 1
            self.setpoint = DriveSetpoint(
                self.drive, SetpointKind.REFERENCE, move_id=self._move_id, target_speed_m_s=speed
            )
        state = self.state
        return state.move_id == self._move_id and state.at_target and state.is_homed

    def _start(self, target_m: float, speed_m_s: float) -> None:
        self._move_id = max(self._move_id, self.state.move_id) + 1
        self._standing_s = 0.0
        self.setpoint = DriveSetpoint(
            self.drive,
            SetpointKind.MOVE,
            move_id=self._move_id,
            target_position_m=target_m,
            target_speed_m_s=speed_m_s,
            target_acceleration_m_s2=self.model.max_acceleration_m_s2,
        )

    @property
    def has_arrived(self) -> bool:
        state = self.state
        return self.setpoint.kind is SetpointKind.MOVE and state.move_id == self._move_id and state.at_target

    def reissue(self) -> None:
        """Give the present move a new number: the drive was stopped in the middle of it."""
        if self.setpoint.kind is SetpointKind.MOVE and not self.has_arrived:
            self._start(self.setpoint.target_position_m, self.setpoint.target_speed_m_s)

    def watch(self, dt_s: float) -> None:
        """Reissue a move whose drive has accepted it, stands still and is not there."""
        state = self.state
        is_lost = (
            self.setpoint.kind is SetpointKind.MOVE
            and state.move_id == self._move_id
            and state.is_stopped
            and not state.at_target
        )
        self._standing_s = self._standing_s + dt_s if is_lost else 0.0
        if self._standing_s > LOST_MOVE_S:
            self.reissue()

    def velocity(self, speed_m_s: float) -> float:
        """Signed velocity; returns what was really commanded after the limits."""
        wished = speed_m_s if isfinite(speed_m_s) else 0.0
        speed = copysign(min(abs(wished), self.model.max_speed_m_s), wished)
        position_m = self.position_m
        if (position_m <= self.model.min_m and speed < 0.0) or (
            position_m >= self.model.max_m and speed > 0.0
        ):
            speed = 0.0
        self._note(0.0, 0.0, wished, speed)
        self.setpoint = DriveSetpoint(self.drive, SetpointKind.VELOCITY, target_speed_m_s=speed)
        return speed

    def stop(self) -> None:
        """Ramp down and hold."""
        self.clipped = ""
        self.setpoint = DriveSetpoint(self.drive, SetpointKind.STOP)

    def rest(self) -> None:
        """No wish."""
        self.clipped = ""
        self.setpoint = DriveSetpoint(self.drive)

    def limit_force(self, force_n: float) -> None:
        self.setpoint = replace(self.setpoint, force_limit_n=min(force_n, self.model.max_force_n))

    def _note(self, wished_m: float, target_m: float, wished_m_s: float, speed_m_s: float) -> None:
        notes = []
        if wished_m != target_m:
            notes.append(f"{self.drive} target {wished_m:g} m clipped to {target_m:g} m")
        if abs(wished_m_s - speed_m_s) > _NO_SPEED_M_S:
            notes.append(f"{self.drive} speed {wished_m_s:g} m/s clipped to {speed_m_s:g} m/s")
        self.clipped = "; ".join(notes)


class Spindle:
    """One spindle, also a grinding wheel."""

    def __init__(self, drive: str, model: SpindleDrive, field: Field) -> None:
        self.drive, self.model = drive, model
        self._field = field
        self.setpoint = DriveSetpoint(drive)
        self.clipped = ""

    @property
    def state(self) -> DriveState:
        return self._field.state(self.drive)

    @property
    def is_on(self) -> bool:
        return self.state.is_armed and self.state.condition in _ON

    @property
    def speed_rpm(self) -> float:
        return self.state.measured_speed_rpm

    @property
    def target_rpm(self) -> float:
        return self.setpoint.target_speed_rpm

    def is_turning(self, share: float) -> bool:
        """Measured at least this share of the commanded speed; False without a measurement."""
        return self.target_rpm > 0.0 and abs(self.speed_rpm) >= share * self.target_rpm

    @property
    def is_standing(self) -> bool:
        return abs(self.speed_rpm) <= self.model.standstill_rpm

    def turn(self, speed_rpm: float) -> float:
        """Speed in rpm; returns what was really commanded after the limits of spindle and wheel."""
        speed = min(max(speed_rpm, 0.0), self.model.permitted_rpm) if isfinite(speed_rpm) else 0.0
        self.clipped = (
            f"{self.drive} speed {speed_rpm:g} rpm clipped to {speed:g} rpm" if speed != speed_rpm else ""
        )
        self.setpoint = DriveSetpoint(self.drive, SetpointKind.VELOCITY, target_speed_rpm=speed)
        return speed

    def stop(self) -> None:
        self.clipped = ""
        self.setpoint = DriveSetpoint(self.drive, SetpointKind.STOP)

    def rest(self) -> None:
        self.clipped = ""
        self.setpoint = DriveSetpoint(self.drive)


class Output:
    """One digital output of an I/O module; keeps what it finds until it is told otherwise."""

    def __init__(self, name: str, signal: OutputSignal, field: Field) -> None:
        self.name, self._signal, self._field = name, signal, field
        self._wanted: bool | None = None

    def set(self, is_on: bool) -> None:
        self._wanted = is_on

    @property
    def is_wanted(self) -> bool | None:
        """What it is told, or what was read back first; None before either."""
        if self._wanted is None:
            self._wanted = self._field.output(self.name)
        return self._wanted

    @property
    def setpoint(self) -> DriveSetpoint | None:
        wanted = self.is_wanted
        if wanted is None:
            return None
        mask = self._signal.mask
        return DriveSetpoint(
            self._signal.module, SetpointKind.OUTPUTS, outputs=mask if wanted else 0, outputs_mask=mask
        )
