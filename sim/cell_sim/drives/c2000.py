"""Delta C2000 inverter under RS-485 control: run and frequency commands, ramps, CE10, base block, STO.

Source: C2000 and MS300 user manuals, Pr.09 and its address list. Commissioned with 00-20 = 1, 00-21 = 2,
00-22 = 0 (ramp to stop), 01-00 = 60 Hz, 10-00 = 1 (encoder card) and 06-44 = 1 (the STO alarm goes with its
cause).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from math import pi, sqrt

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.plant import CellPlant

MAX_HZ = 60.0
ABZ_ENCODER = 1  # 10-00
_DEFAULT_RAMP = 1000  # 01-12 and 01-13: 10.00 s
_IDLE_CURRENT = 0.3  # of the rated current, magnetising
_ROOM_C, _LOADED_C = 30.0, 35.0
_ZERO_HZ = 0.01


class Fault(IntEnum):
    """Codes in the low byte of 2100."""

    EXTERNAL = 49
    WATCHDOG = 58
    STO = 76


class WatchdogAction(IntEnum):
    """Pr.09-02."""

    WARN = 0
    RAMP = 1
    COAST = 2
    IGNORE = 3


class VirtualC2000(VirtualDrive):
    """A frequency below zero does not exist: direction is in the command. Clearing a base block resumes."""

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, rpm_per_hz: float
    ) -> None:
        super().__init__(name, unit, profile, plant)
        self.spindle = plant.spindles[name]
        self.rpm_per_hz = rpm_per_hz
        self.fault_code = 0
        self.is_run = False
        self.is_reverse = False
        self.is_blocked = False
        self._aux = 0
        self._sto_count = 0
        self.eeprom = {
            Quantity.SETPOINT_SOURCE: 1,
            Quantity.COMMAND_SOURCE: 2,
            Quantity.STOP_METHOD: 0,
            Quantity.MAX_SPEED: round(MAX_HZ / 0.01),
            Quantity.ENCODER_TYPE: ABZ_ENCODER,
            Quantity.PROFILE_ACCELERATION: _DEFAULT_RAMP,
            Quantity.PROFILE_DECELERATION: _DEFAULT_RAMP,
            Quantity.WATCHDOG_ACTION: WatchdogAction.IGNORE,
            Quantity.WATCHDOG_TIMEOUT: 0,
        }

    def power_up(self) -> None:
        self.fault_code = 0
        self.is_run = self.is_blocked = self.is_reverse = False
        self._aux = 0
        self._sto_count = self.plant.sto_count
        self.spindle.torque_limit_nm = (
            self._rated_nm * (self.profile.nameplate.max_torque_percent or 150.0) / 100.0
        )

    @property
    def _rated_nm(self) -> float:
        return self.profile.nameplate.rated_torque_nm or self.spindle.spec.max_torque_nm

    def lose_torque(self) -> None:
        self.is_run = False
        self.spindle.coast()

    @property
    def watchdog_s(self) -> float:
        ignored = self.raw(Quantity.WATCHDOG_ACTION) == WatchdogAction.IGNORE
        return 0.0 if ignored else self.value(Quantity.WATCHDOG_TIMEOUT)

    # -- writes ---------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.WATCHDOG_ACTION and raw > WatchdogAction.IGNORE:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        if quantity is Quantity.TARGET_SPEED and raw * self.field(quantity).scale > MAX_HZ:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.CONTROL_AUX in touched:
            self._aux_command(self.raw(Quantity.CONTROL_AUX))
        if Quantity.CONTROL in touched:
            self._command(self.raw(Quantity.CONTROL))
        elif (Quantity.TARGET_SPEED in touched and self.is_run) or (
            self.is_run
            and {Quantity.PROFILE_ACCELERATION, Quantity.PROFILE_DECELERATION}.intersection(touched)
        ):
            self._run()

    def _aux_command(self, word: int) -> None:
        before, self._aux = self._aux, word
        if word & 1:
            self._trip(Fault.EXTERNAL)
            self.lose_torque()
            self.note("disable")
        if word & 2 and not before & 2 and not self.is_run:
            self.fault_code = 0
            self.is_expired = False
        if word & 4:
            self.is_blocked = True
            self.spindle.coast()
        elif self.is_blocked:
            self.is_blocked = False
            if self.is_run:
                self._run()

    def _command(self, word: int) -> None:
        order, direction = word & 0x03, word >> 4 & 0x03
        if direction in (1, 2):
            self.is_reverse = direction == 2
        elif direction == 3:
            self.is_reverse = not self.is_reverse
        if order == 1:
            self.is_run = False
            self._ramp_to(0.0)
            self.note("stop")
        elif order == 2 and not self._is_out:
            self.is_run = True
            self._run()

    @property
    def _is_out(self) -> bool:
        return bool(self.fault_code) or self.plant.is_sto or self.is_blocked

    def _run(self) -> None:
        hz = self.value(Quantity.TARGET_SPEED)
        rpm = hz * self.rpm_per_hz * (-1.0 if self.is_reverse else 1.0)
        self._ramp_to(rpm)
        self.note("velocity" if rpm else "stop", rpm)

    def _ramp_to(self, rpm: float) -> None:
        if self.plant.is_sto or self.is_blocked or not (self.spindle.is_running or rpm):
            return  # the output is off and stays off
        slows = abs(rpm) < abs(self.spindle.reference_rpm)
        ramp = self.value(Quantity.PROFILE_DECELERATION if slows else Quantity.PROFILE_ACCELERATION)
        self.spindle.run(rpm, ramp * self.rpm_per_hz)

    # -- what happens by itself -----------------------------------------------------------------------------

    def _trip(self, code: int) -> None:
        if not self.fault_code:
            self.fault_code = code
            self.plant.record.event(self.now_s, "drive fault", f"{self.name} {code}")

    def trip(self, code: int) -> None:
        """A fault with the output off."""
        self._trip(code)
        self.lose_torque()

    def expired(self) -> None:
        action = self.raw(Quantity.WATCHDOG_ACTION)
        if action == WatchdogAction.RAMP:
            self._trip(Fault.WATCHDOG)
            self.is_run = False
            self._ramp_to(0.0)
        elif action == WatchdogAction.COAST:
            self.trip(Fault.WATCHDOG)

    def tick(self) -> None:
        if self._sto_count != self.plant.sto_count or self.plant.is_sto:
            self._sto_count = self.plant.sto_count
            self.is_run = False
        if not self.is_run and self.spindle.is_running and self.spindle.reference_rpm == 0.0:
            self.spindle.coast()  # end of the ramp: output off

    # -- measured registers ---------------------------------------------------------------------------------

    @property
    def _output_hz(self) -> float:
        return abs(self.spindle.reference_rpm) / self.rpm_per_hz if self.spindle.is_running else 0.0

    def refresh(self) -> None:
        spindle = self.spindle
        code = self.fault_code or (Fault.STO if self.plant.is_sto else 0)
        self.store(Quantity.FAULT_CODE, code)
        self.store(Quantity.STATUS_WORD, self._status())
        self.show(Quantity.COMMANDED_SPEED, self.value(Quantity.TARGET_SPEED))
        self.show(Quantity.SPEED, self._output_hz)
        share = spindle.torque_nm / self._rated_nm
        rated_a = self.profile.nameplate.rated_current_a or 1.0
        self.show(
            Quantity.CURRENT, rated_a * sqrt(_IDLE_CURRENT**2 + share**2) if spindle.is_running else 0.0
        )
        self.show(Quantity.TORQUE, 100.0 * share)
        is_seen = spindle.is_running or self.raw(Quantity.ENCODER_TYPE)
        self.show(Quantity.SHAFT_SPEED, abs(spindle.speed_rpm) if is_seen else 0.0)
        self.show(Quantity.POWER, spindle.torque_nm * spindle.speed_rpm * pi / 30.0)
        self.show(Quantity.TEMPERATURE, _ROOM_C + _LOADED_C * share**2)

    def _status(self) -> int:
        bits = 0x0500  # frequency and command by communication
        output_hz = self._output_hz
        if self.is_run and self.spindle.is_running:
            bits |= 3 if output_hz > _ZERO_HZ else 2
        elif output_hz > _ZERO_HZ:
            bits |= 1
        turns_back = self.spindle.reference_rpm < 0.0
        if self.is_reverse:
            bits |= 0x18 if turns_back or output_hz <= _ZERO_HZ else 0x10
        elif turns_back:
            bits |= 0x08
        return bits
