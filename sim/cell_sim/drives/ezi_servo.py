"""FASTECH Ezi-SERVO Plus-R: servo on, moves that end before the next begins, homing, alarms. No watchdog.

Source: Ezi-SERVO Plus-R manual, communication function and parameters; axis status flags as in the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntFlag

from cell_controller.drives.profile import Quantity
from cell_sim.drives.ezi import PARAMETERS, Status
from cell_sim.drives.modbus import Refusal
from cell_sim.drives.motor import ServoDrive
from cell_sim.plant.axis import MotorMode

PULSES_10000 = 9  # parameter 0
HOME_HERE = 4  # parameter 17
_PARAMETERS = 40
_DEFAULT_RAMP_MS = 100  # parameters 3 and 4
_DEFAULT_HOMING_PPS = 5000  # parameter 14
_STATE, _STATUS_ONLY, _ALARM = 0x4300, 0x4000, 0x2E00  # addresses of frame types
_AXIS_STATUS = 8  # its place in type 43
_COMMAND, _ERROR = 12, 20
_TRACKING_REV = 0.5  # parameter 24 as commissioned
_IN_POSITION_REV = 0.001
_MOVING_RPM = 0.1


class Flag(IntFlag):
    """Axis status."""

    ERROR = 0x0000_0001
    TRACKING = 0x0000_0400
    OVERLOAD = 0x0000_0800
    SLOW_STOP = 0x0002_0000
    HOMING = 0x0004_0000
    IN_POSITION = 0x0008_0000
    SERVO_ON = 0x0010_0000
    HOMED = 0x0200_0000
    BACKWARDS = 0x0400_0000
    MOTION = 0x0800_0000


class VirtualEziServo(ServoDrive):
    """Refuses to run while it runs, and while the servo is off."""

    def power_up(self) -> None:
        super().power_up()
        self.store(Quantity.GEAR_NUMERATOR, PULSES_10000)
        self.store(Quantity.RAMP_UP_TIME, _DEFAULT_RAMP_MS)
        self.store(Quantity.RAMP_DOWN_TIME, _DEFAULT_RAMP_MS)
        self.store(Quantity.HOMING_SPEED, _DEFAULT_HOMING_PPS)

    def has_word(self, address: int) -> bool:
        of_parameters = PARAMETERS <= address < PARAMETERS + 4 * _PARAMETERS
        return of_parameters or address >> 8 in (_STATE >> 8, _STATUS_ONLY >> 8, _ALARM >> 8)

    @property
    def is_running(self) -> bool:
        return self.axis.is_servo_on and (not self.axis.ramp.is_done or abs(self.speed_rpm) > _MOVING_RPM)

    # -- commands -------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.CONTROL:
            if raw > 1:
                raise Refusal(Status.BAD_DATA)
            if raw and (self.fault_code or self.plant.is_off(self.name)):
                raise Refusal(Status.RUN_REFUSED)
        is_start = quantity in (Quantity.TARGET_POSITION, Quantity.START_HOMING)
        if is_start and (self.is_running or not self.axis.is_servo_on):
            raise Refusal(Status.RUN_REFUSED)

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.CONTROL in touched:
            self._switch(is_on=bool(self.raw(Quantity.CONTROL)))
        elif Quantity.FAULT_RESET in touched:
            self.fault_code = 0
        elif Quantity.HALT in touched:
            self.note("stop")
            self.end_homing()
            if self.axis.is_servo_on:
                self.axis.hold(self._ramp(self.axis.ramp.speed_m_s, Quantity.RAMP_DOWN_TIME))
        elif Quantity.TARGET_POSITION in touched:
            self._go()
        elif Quantity.START_HOMING in touched:
            self._home()

    def _switch(self, *, is_on: bool) -> None:
        if is_on and not self.axis.is_servo_on:
            self.axis.hold(self._ramp(0.0, Quantity.RAMP_DOWN_TIME))
            self.note("enable")
        elif not is_on and self.axis.is_servo_on:
            self.note("disable")
            self.end_homing()
            self.axis.off(brake=True)

    def _ramp(self, speed_m_s: float, quantity: Quantity) -> float:
        """m/s2 of a ramp that is kept as the time to the speed of the move."""
        seconds = max(self.value(quantity), 0.001)
        fastest = self.to_m_s(self.profile.nameplate.max_speed_rpm or 3000.0)
        return (abs(self._cruise_m_s or speed_m_s) or fastest) / seconds

    _cruise_m_s = 0.0  # of the newest move

    def _go(self) -> None:
        self.end_homing()
        target_m = self.to_m(self.value(Quantity.TARGET_POSITION))
        self._cruise_m_s = speed = self.to_m_s(self.value(Quantity.PROFILE_SPEED))
        self.note("move", target_m)
        up, down = (self._ramp(speed, q) for q in (Quantity.RAMP_UP_TIME, Quantity.RAMP_DOWN_TIME))
        self.axis.move_to(target_m, speed, up, down)

    def _home(self) -> None:
        if self.raw(Quantity.HOMING_METHOD) == HOME_HERE:
            self.home_here()
            return
        self.is_homed = False
        self._cruise_m_s = speed = self.to_m_s(self.value(Quantity.HOMING_SPEED))
        ahead = -1 if self.raw(Quantity.HOMING_DIRECTION) else 1
        self.home_to_mark(ahead, speed, self._ramp(speed, Quantity.RAMP_DOWN_TIME))

    # -- what happens by itself -----------------------------------------------------------------------------

    def tick(self) -> None:
        self.watch_homing()
        if self.has_lost_torque:
            self.end_homing()
            self.axis.off(brake=True)
        elif self.axis.mode is MotorMode.POSITION and abs(self.following_error_rev) > _TRACKING_REV:
            self.trip(Flag.TRACKING)
        elif self.is_blocked:
            self.trip(Flag.OVERLOAD)

    def trip(self, code: int) -> None:
        super().trip(code)
        self.end_homing()

    # -- measured values ------------------------------------------------------------------------------------

    def refresh(self) -> None:
        self.show(Quantity.POSITION, self.position_rev)
        self.show(Quantity.SPEED, self.speed_rpm)
        status = self._status()
        for at in (_STATE + _AXIS_STATUS, _STATUS_ONLY):
            self._store_long(at, status)
        self._store_long(_STATE + _COMMAND, self._pulses(self.position_rev + self.following_error_rev))
        self._store_long(_STATE + _ERROR, self._pulses(self.following_error_rev))

    def _pulses(self, rev: float) -> int:
        return round(rev / self.field(Quantity.POSITION).scale)

    def _store_long(self, address: int, value: int) -> None:
        content = (value & 0xFFFF_FFFF).to_bytes(4, "little")
        self.words.update(zip(range(address, address + 4), content, strict=True))

    def _status(self) -> int:
        flags = Flag(0)
        if self.fault_code:
            flags |= Flag.ERROR
        if self.axis.is_servo_on:
            flags |= Flag.SERVO_ON
        if self.is_running:
            flags |= Flag.MOTION
        elif self.axis.is_servo_on and abs(self.following_error_rev) < _IN_POSITION_REV:
            flags |= Flag.IN_POSITION
        if self._homing_m is not None:
            flags |= Flag.HOMING
        if self.is_homed:
            flags |= Flag.HOMED
        if self.speed_rpm < -_MOVING_RPM:
            flags |= Flag.BACKWARDS
        return flags | self.fault_code
