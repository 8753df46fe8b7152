"""Dynamixel X in extended position mode: torque, profile moves, bus watchdog, hardware error and reboot.

Source: Robotis e-manual, control table of the X series. Addresses below 64 are
EEPROM, taken with torque off only.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, inf

from cell_controller.drives.profile import Quantity
from cell_sim.drives.dynamixel import ErrorCode, with_alert
from cell_sim.drives.modbus import Refusal
from cell_sim.drives.motor import ServoDrive

EXTENDED_POSITION = 4  # operating mode
ANSWERS_ALL = 2  # status return level
TRIPPED = 255  # of the bus watchdog
WATCHDOG_MAX = 127
OVERLOAD = 0x20  # hardware error
_END_OF_TABLE = 256
_REBOOT_S = 0.3
_IN_POSITION_REV = 20 / 4096  # moving threshold as from the factory
# A goal so near to the end of the ramp is a stop: its sender knew place and speed of a moment ago.
_STOP_S, _STOP_REV = 0.06, 0.02
_STANDS_RPM = 0.3  # one count of the speed
_GOALS = (Quantity.TARGET_POSITION, Quantity.PROFILE_SPEED, Quantity.PROFILE_ACCELERATION)


class VirtualDynamixelX(ServoDrive):
    """A hardware error takes the torque until a reboot; a tripped watchdog stops, holds and takes no goal."""

    _boots_until_s = -inf

    def power_up(self) -> None:
        """The turns are forgotten, the place within one is not."""
        super().power_up()
        turn_m = self.shaft.m_per_rev
        self._zero_m = floor(self.axis.position_m / turn_m) * turn_m
        self.store(Quantity.CONTROL_MODE, EXTENDED_POSITION)
        self.store(Quantity.REPLY_LEVEL, ANSWERS_ALL)
        self._take_present_as_goal()

    @property
    def is_on(self) -> bool:
        return bool(self.raw(Quantity.CONTROL))

    @property
    def watchdog_s(self) -> float:
        raw = self.raw(Quantity.WATCHDOG_TIMEOUT)
        return self.value(Quantity.WATCHDOG_TIMEOUT) if raw <= WATCHDOG_MAX else 0.0

    @property
    def running_watchdog_s(self) -> float:
        return self.watchdog_s if self.is_on else 0.0

    def has_word(self, address: int) -> bool:
        return address < _END_OF_TABLE

    # -- the wire -------------------------------------------------------------------------------------------

    def hear(self, frame: bytes, now_s: float) -> bytes | None:
        if now_s < self._boots_until_s:
            self.advance(now_s)
            return None
        reply = super().hear(frame, now_s)
        is_alert = reply is not None and self.is_powered and self.raw(Quantity.FAULT_CODE)
        return with_alert(reply) if is_alert and reply is not None else reply

    def overhear(self, now_s: float) -> None:
        """Any packet on the line feeds the watchdog."""
        self.advance(now_s)
        self._heard_s = now_s

    # -- writes ---------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.WATCHDOG_TIMEOUT:
            if raw > WATCHDOG_MAX or (self.is_expired and raw):
                raise Refusal(ErrorCode.RANGE)
        elif quantity in _GOALS and self.is_expired:
            raise Refusal(ErrorCode.RANGE)
        elif quantity is Quantity.CONTROL:
            if raw > 1:
                raise Refusal(ErrorCode.RANGE)
            if raw and (self.fault_code or self.plant.is_off(self.name)):
                raise Refusal(ErrorCode.RESULT)

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.FAULT_RESET in touched:
            self._reboot()
        elif Quantity.WATCHDOG_TIMEOUT in touched:
            self.is_expired = False
        elif Quantity.CONTROL in touched:
            self._switch()
        elif Quantity.TARGET_POSITION in touched and self.is_on:
            self._go()

    def _reboot(self) -> None:
        self.power_off(self.now_s)
        self.power_on(self.now_s)
        self._boots_until_s = self.now_s + _REBOOT_S

    def _switch(self) -> None:
        is_turning = self.axis.is_servo_on
        if self.is_on and not is_turning:
            self._take_present_as_goal()
            self.axis.hold(self._acceleration)
            self.note("enable")
        elif not self.is_on and is_turning:
            self.note("disable")
            self.axis.off(brake=True)  # nothing brakes it but its gear of 150 to 1

    def _take_present_as_goal(self) -> None:
        self.show(Quantity.TARGET_POSITION, self.position_rev)

    @property
    def _acceleration(self) -> float:
        """m/s2; 0 in the register is no ramp, which is as fast as the motor can."""
        value = self.value(Quantity.PROFILE_ACCELERATION)
        return self.to_m_s(value) if value else self.axis.spec.max_acceleration_m_s2

    def _go(self) -> None:
        speed = self.value(Quantity.PROFILE_SPEED) or self.profile.nameplate.max_speed_rpm or 0.0
        target_m, acceleration = self.to_m(self.value(Quantity.TARGET_POSITION)), self._acceleration
        ramp = self.axis.ramp
        rest_m = ramp.position_m + ramp.speed_m_s * abs(ramp.speed_m_s) / (2.0 * acceleration)
        near_m = abs(ramp.speed_m_s) * _STOP_S + _STOP_REV * self.shaft.m_per_rev
        is_stop = abs(target_m - rest_m) <= near_m
        self.note("stop" if is_stop else "move", target_m)
        self.axis.move_to(target_m, self.to_m_s(speed), acceleration, acceleration)

    # -- what happens by itself -----------------------------------------------------------------------------

    def expired(self) -> None:
        self.store(Quantity.WATCHDOG_TIMEOUT, TRIPPED)
        if self.axis.is_servo_on:
            self.axis.hold(self._acceleration)

    def tick(self) -> None:
        if self.has_lost_torque:
            self._lose_power()
        elif self.is_on and self.is_blocked:
            self.trip(OVERLOAD)

    def trip(self, code: int) -> None:
        super().trip(code)
        self.store(Quantity.FAULT_CODE, self.fault_code)
        self._lose_power()

    def _lose_power(self) -> None:
        self.store(Quantity.CONTROL, 0)
        self._timeout_s = inf
        self.axis.off(brake=True)

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        self.store(Quantity.FAULT_CODE, self.fault_code)
        self.store(Quantity.STATUS_WORD, self._status())
        self.show(Quantity.TORQUE, self.torque_percent)
        self.show(Quantity.SPEED, self.speed_rpm)
        self.show(Quantity.POSITION, self.position_rev)
        self.show(Quantity.TEMPERATURE, self.temperature_c)

    def _status(self) -> int:
        """Moving, and moving status above it."""
        goal_rev = self.value(Quantity.TARGET_POSITION)
        is_going = self.is_on and not self.axis.ramp.is_done
        is_there = abs(goal_rev - self.position_rev) <= _IN_POSITION_REV and not is_going
        moving = abs(self.speed_rpm) > _STANDS_RPM
        return moving | is_there << 8 | is_going << 9
