"""Leadshine EM2RS and CS2RS in PR mode: mapped registers, path 0 with a trigger, quick stop, homing, alarms.

Source: EM2RS user manual, 4.5 (mapping), CS2RS user manual, page 43 (path 0), iEM-RS user manual, pages 19
and 20 (what is measured, control word, alarms). It has no watchdog. Its quick stop input is wired to the
relay; while that is open it is taken to refuse the enable as well, which the manual does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.drives.motor import ServoDrive, ShaftSpec
from cell_sim.plant import CellPlant

PULSES_PER_REV = 10_000  # Pr0.00
_QUICK_STOP_RPM_S = 10_000.0  # Pr8.23: 100 ms for 1000 rpm
_HOMING_RPM_S = 10_000.0  # Pr8.17
_FOLLOWING_REV = 4.0  # Pr0.05 of a CS2RS: 40000 pulses
_IN_POSITION_REV = 0.002
_CLEAR_ALARM = 0x1111
_CONTROL_WORDS = (_CLEAR_ALARM, 0x1122, 0x2211, 0x2222, 0x2233, 0x2244, 0x4001, 0x4002)
_STATUS, _ALARM, _POSITION, _SPEED = 0x1003, 0x2203, 0x1014, 0x1046
_SHOWN, _SELECTED, _MAPPED_WORDS = 0x0F00, 0x0F10, 16
_HOME_SWITCH = 1  # Pr8.10, bits 7-2


class Trigger(IntEnum):
    """Pr8.02."""

    PATH_0 = 0x10
    HOME = 0x20
    HERE = 0x21
    STOP = 0x40


class Alarm(IntEnum):
    """0x2203; all but the deviation stay until the power is switched off."""

    OVERCURRENT = 0x001
    OVERVOLTAGE = 0x002
    DEVIATION = 0x020


class VirtualEm2rs(ServoDrive):
    """What is written to path 0 has no effect before its trigger, and a trigger without enable has none."""

    is_enabled = False
    _is_path_run = False  # path 0 was started, and neither stopped nor overtaken since

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, shaft: ShaftSpec
    ) -> None:
        super().__init__(name, unit, profile, plant, shaft)
        self.eeprom = {Quantity.GEAR_NUMERATOR: PULSES_PER_REV}

    def power_up(self) -> None:
        super().power_up()
        self.is_enabled = self._is_path_run = False
        self.store(Quantity.PROFILE_ACCELERATION, 100)
        self.store(Quantity.PROFILE_DECELERATION, 100)
        self.store(Quantity.HOMING_SPEED, 200)

    def has_word(self, address: int) -> bool:
        """The mapping and what is measured, besides what the profile names."""
        places = (_STATUS, _ALARM, _POSITION, _POSITION + 1, _SPEED, _SPEED + 1)
        return address in places or _SHOWN <= address < _SELECTED + _MAPPED_WORDS

    # -- writes ---------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.CONTROL and raw > 1:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        if quantity is Quantity.CONTROL_AUX and raw not in _CONTROL_WORDS:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    def written(self, touched: Sequence[Quantity]) -> None:
        clears = Quantity.CONTROL_AUX in touched and self.raw(Quantity.CONTROL_AUX) == _CLEAR_ALARM
        if clears and self.fault_code == Alarm.DEVIATION:
            self.fault_code = 0
        if Quantity.CONTROL in touched:
            self._enable(self.raw(Quantity.CONTROL) == 1)
        if Quantity.MOVE_TRIGGER in touched:
            self._trigger(self.raw(Quantity.MOVE_TRIGGER))

    def _enable(self, wanted: bool) -> None:
        if not wanted:
            if self.is_enabled:
                self.note("disable")
            self._off()
        elif not self.is_enabled and not self.fault_code and not self.plant.is_off(self.name):
            self.is_enabled = True
            self._is_path_run = False
            self.axis.hold(self.to_m_s(_QUICK_STOP_RPM_S))
            self.note("enable")

    def _off(self) -> None:
        self.is_enabled = self._is_path_run = False
        self.end_homing()
        self.axis.off(brake=True)

    def _trigger(self, word: int) -> None:
        if not self.is_enabled:
            return
        if word == Trigger.STOP:
            self.note("stop")
            self._is_path_run = False
            self.end_homing()
            self.axis.hold(self.to_m_s(_QUICK_STOP_RPM_S))
        elif word == Trigger.PATH_0:
            self._run_path()
        elif word == Trigger.HERE:
            self.home_here()
        elif word == Trigger.HOME:
            self._home()

    def _run_path(self) -> None:
        definition = self.raw(Quantity.MOVE_DEFINITION)
        speed = self.to_m_s(self.value(Quantity.PROFILE_SPEED))
        if definition & 0x0F != 1 or speed <= 0.0:  # a position, to be reached at some speed
            return
        if not definition & 0x10 and not self.axis.ramp.is_done:  # may not interrupt
            return
        target_rev = self.raw(Quantity.TARGET_POSITION) / PULSES_PER_REV
        if definition & 0x40:
            target_rev += self.position_rev
        self._is_path_run = True
        self.end_homing()
        target_m = self.to_m(target_rev)
        self.note("move", target_m)
        self.axis.move_to(
            target_m,
            speed,
            self.to_m_s(self.value(Quantity.PROFILE_ACCELERATION)),
            self.to_m_s(self.value(Quantity.PROFILE_DECELERATION)),
        )

    def _home(self) -> None:
        method = self.raw(Quantity.HOMING_METHOD)
        if method >> 2 & 0x3F != _HOME_SWITCH:
            return
        self._is_path_run = False
        speed_m_s = self.to_m_s(self.value(Quantity.HOMING_SPEED))
        self.home_to_mark(1 if method & 1 else -1, speed_m_s, self.to_m_s(_HOMING_RPM_S))

    # -- what happens by itself -----------------------------------------------------------------------------

    def tick(self) -> None:
        self.watch_homing()
        if self.has_lost_torque:
            self._off()
        if self.is_enabled and abs(self.following_error_rev) > _FOLLOWING_REV:
            self.trip(Alarm.DEVIATION)

    def trip(self, code: int) -> None:
        super().trip(code)
        self._off()

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        words = self.words
        words[_STATUS], words[_ALARM] = self._status(), self.fault_code
        for address, value in (
            (_POSITION, round(self.position_rev * PULSES_PER_REV)),
            (_SPEED, round(self.speed_rpm)),
        ):
            words[address], words[address + 1] = value >> 16 & 0xFFFF, value & 0xFFFF
        for at in range(_MAPPED_WORDS):
            selected = words.get(_SELECTED + at, 0)
            words[_SHOWN + at] = words.get(selected, 0) if selected else 0

    def _status(self) -> int:
        is_still = self.axis.ramp.is_done
        is_there = is_still and abs(self.following_error_rev) < _IN_POSITION_REV
        flags = (
            bool(self.fault_code),
            self.is_enabled,
            self.is_enabled and not is_still,
            False,
            is_still,
            self._is_path_run and is_there,
            self.is_homed,
        )
        return sum(1 << bit for bit, is_on in enumerate(flags) if is_on)
