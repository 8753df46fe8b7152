"""LS ELECTRIC inverters under RS-485 control: common area, lost command, emergency stop, parameter lock.

Source: LSLV-S100 user manual, chapter 7; SV-iG5A user manual, chapter 11. Commissioned with command and
frequency from RS-485, ramp to stop, ramps counted to 60 Hz. The common area is volatile, groups are not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from typing import ClassVar

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.inverter import MAX_HZ, ZERO_HZ, InverterDrive
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.plant import CellPlant

_DEFAULT_ACCELERATION, _DEFAULT_DECELERATION = 200, 300  # drv-03 and drv-04: 20.0 s and 30.0 s
_DEFAULT_LOST_S = 10  # 1.0 s
_LEVEL_TRIP = 0x0008  # S100: level type trip; iG5A: emergency stop; both go with their cause
_GROUPS = 0x1000  # from here on parameter groups
_AT_SPEED_RPM = 0.5


class Command(IntFlag):
    """Bits of the run command."""

    STOP = 0x01
    FORWARD = 0x02
    REVERSE = 0x04
    RESET = 0x08
    EMERGENCY = 0x10


class Lost(IntEnum):
    """What a lost command does."""

    NONE = 0
    COAST = 1
    RAMP = 2


class LsInverter(InverterDrive):
    """What S100 and iG5A have in common: one run command word beside the frequency."""

    settings: ClassVar[Mapping[Quantity, int]]  # as commissioned
    lost_trip: int  # trip bit of a lost command, 0 when it is none

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, rpm_per_hz: float
    ) -> None:
        super().__init__(name, unit, profile, plant, rpm_per_hz)
        self._command_word = 0
        self.eeprom = {
            **self.settings,
            Quantity.STOP_METHOD: 0,
            Quantity.MAX_SPEED: round(MAX_HZ / 0.01),
            Quantity.WATCHDOG_ACTION: Lost.NONE,
            Quantity.WATCHDOG_TIMEOUT: _DEFAULT_LOST_S,
        }

    def power_up(self) -> None:
        super().power_up()
        self._command_word = 0
        self.store(Quantity.PROFILE_ACCELERATION, _DEFAULT_ACCELERATION)
        self.store(Quantity.PROFILE_DECELERATION, _DEFAULT_DECELERATION)

    @property
    def watchdog_s(self) -> float:
        acts = self.raw(Quantity.WATCHDOG_ACTION) in (Lost.COAST, Lost.RAMP)
        return self.value(Quantity.WATCHDOG_TIMEOUT) if acts else 0.0

    # -- writes ---------------------------------------------------------------------------------------------

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.CONTROL in touched:
            self._command(self.raw(Quantity.CONTROL))
        elif self.is_run and {
            Quantity.TARGET_SPEED,
            Quantity.PROFILE_ACCELERATION,
            Quantity.PROFILE_DECELERATION,
        }.intersection(touched):
            self.run()

    def _command(self, word: int) -> None:
        before, self._command_word = self._command_word, word
        if not self.lost_trip:  # a loss that is no trip needs no reset
            self.is_expired = False
        if word & Command.RESET and not before & Command.RESET and not self.is_run:
            self.fault_code = 0
            self.is_expired = False
        if word & Command.EMERGENCY:
            self.lose_torque()
            self.note("disable")
        elif word & Command.STOP:
            self.stop()
            self.note("stop")
        elif word & (Command.FORWARD | Command.REVERSE) and not self.is_out:
            self.is_reverse = not word & Command.FORWARD
            self.is_run = True
            self.run()

    # -- what happens by itself -----------------------------------------------------------------------------

    def expired(self) -> None:
        """Stops as it is set; the next frame ends the loss, and only a new command runs again."""
        if self.lost_trip:
            self.fault(self.lost_trip)
        if self.raw(Quantity.WATCHDOG_ACTION) == Lost.COAST:
            self.lose_torque()
        else:
            self.stop()

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        super().refresh()
        self.store(
            Quantity.FAULT_CODE, self.fault_code | (_LEVEL_TRIP if self.plant.is_off(self.name) else 0)
        )
        self.store(Quantity.STATUS_WORD, self._status())

    def _status(self) -> int:
        spindle = self.spindle
        bits = 0x08 if self.fault_code or self.plant.is_off(self.name) else 0
        if not spindle.is_running or (not self.is_run and self.output_hz <= ZERO_HZ):
            return bits | 0x01
        goes_back = spindle.reference_rpm < 0.0 if self.output_hz > ZERO_HZ else self.is_reverse
        bits |= 0x04 if goes_back else 0x02
        ahead = abs(spindle.target_rpm) - abs(spindle.reference_rpm)
        if abs(spindle.target_rpm - spindle.reference_rpm) <= _AT_SPEED_RPM:
            return bits | (0x40 if self.is_run else 0x20)
        return bits | (0x10 if ahead > 0.0 else 0x20)


class VirtualLsS100(LsInverter):
    """A lost command is a level trip that stays until it is reset."""

    settings: ClassVar[Mapping[Quantity, int]] = {Quantity.COMMAND_SOURCE: 3, Quantity.SETPOINT_SOURCE: 6}
    lost_trip = _LEVEL_TRIP


class VirtualLsIg5a(LsInverter):
    """Group parameters are locked after power-on; a lost command stops it without a trip."""

    settings: ClassVar[Mapping[Quantity, int]] = {Quantity.COMMAND_SOURCE: 3, Quantity.SETPOINT_SOURCE: 7}
    lost_trip = 0

    def check_write(self, quantity: Quantity, raw: int) -> None:
        super().check_write(quantity, raw)
        is_locked = self.raw(Quantity.WRITE_MODE) == 0
        if is_locked and self.field(quantity).address >= _GROUPS:
            raise Refusal(ExceptionCode.WRITE_REFUSED)
        if quantity is Quantity.WRITE_MODE and raw > 1:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
