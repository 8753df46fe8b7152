"""What inverters of all makers share: ramps, direction in the command, STO, a trip that latches."""

from __future__ import annotations

from math import pi, sqrt

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.plant import CellPlant

MAX_HZ = 60.0
ZERO_HZ = 0.01
_IDLE_CURRENT = 0.3  # of the rated current, magnetising
_ROOM_C, _LOADED_C = 30.0, 35.0


class InverterDrive(VirtualDrive):
    """A motor on a spindle. A frequency below zero does not exist: direction is in the command."""

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, rpm_per_hz: float
    ) -> None:
        super().__init__(name, unit, profile, plant)
        self.spindle = plant.spindles[name]
        self.rpm_per_hz = rpm_per_hz
        self.fault_code = 0
        self.is_run = False
        self.is_reverse = False
        self.is_blocked = False  # output off by a base block
        self._sto_count = 0

    def power_up(self) -> None:
        self.fault_code = 0
        self.is_run = self.is_blocked = self.is_reverse = False
        self._sto_count = self.plant.off_count(self.name)
        self.spindle.torque_limit_nm = (
            self._rated_nm * (self.profile.nameplate.max_torque_percent or 150.0) / 100.0
        )

    @property
    def _rated_nm(self) -> float:
        return self.profile.nameplate.rated_torque_nm or self.spindle.spec.max_torque_nm

    def lose_torque(self) -> None:
        self.is_run = False
        self.spindle.coast()

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.TARGET_SPEED and raw * self.field(quantity).scale > MAX_HZ:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    # -- running --------------------------------------------------------------------------------------------

    @property
    def is_out(self) -> bool:
        """Cannot run now."""
        return bool(self.fault_code) or self.plant.is_off(self.name) or self.is_blocked

    def run(self) -> None:
        """Follow the target frequency in the direction of the last command."""
        hz = self.value(Quantity.TARGET_SPEED)
        rpm = hz * self.rpm_per_hz * (-1.0 if self.is_reverse else 1.0)
        self.ramp_to(rpm)
        self.note("velocity" if rpm else "stop", rpm)

    def stop(self) -> None:
        """Ramp to a stop; the output goes off at its end."""
        self.is_run = False
        self.ramp_to(0.0)

    def ramp_to(self, rpm: float) -> None:
        if self.plant.is_off(self.name) or self.is_blocked or not (self.spindle.is_running or rpm):
            return  # the output is off and stays off
        slows = abs(rpm) < abs(self.spindle.reference_rpm)
        ramp = self.value(Quantity.PROFILE_DECELERATION if slows else Quantity.PROFILE_ACCELERATION)
        self.spindle.run(rpm, ramp * self.rpm_per_hz)

    # -- what happens by itself -----------------------------------------------------------------------------

    def fault(self, code: int) -> None:
        """Latch the first fault; what the output does is the caller's."""
        if not self.fault_code:
            self.fault_code = code
            self.plant.record.event(self.now_s, "drive fault", f"{self.name} {code}")

    def trip(self, code: int) -> None:
        """A fault with the output off."""
        self.fault(code)
        self.lose_torque()

    def tick(self) -> None:
        if self._sto_count != self.plant.off_count(self.name) or self.plant.is_off(self.name):
            self._sto_count = self.plant.off_count(self.name)
            self.is_run = False
        if not self.is_run and self.spindle.is_running and self.spindle.reference_rpm == 0.0:
            self.spindle.coast()  # end of the ramp: output off

    # -- measured registers ---------------------------------------------------------------------------------

    @property
    def output_hz(self) -> float:
        return abs(self.spindle.reference_rpm) / self.rpm_per_hz if self.spindle.is_running else 0.0

    @property
    def torque_share(self) -> float:
        """Of the rated torque."""
        return self.spindle.torque_nm / self._rated_nm

    def refresh(self) -> None:
        """What every inverter measures, in the registers that its profile has."""
        spindle, share = self.spindle, self.torque_share
        self.show(Quantity.COMMANDED_SPEED, self.value(Quantity.TARGET_SPEED))
        self.show(Quantity.SPEED, self.output_hz)
        rated_a = self.profile.nameplate.rated_current_a or 1.0
        self.show(
            Quantity.CURRENT, rated_a * sqrt(_IDLE_CURRENT**2 + share**2) if spindle.is_running else 0.0
        )
        self.show(Quantity.TORQUE, 100.0 * share)
        self.show(Quantity.POWER, spindle.torque_nm * spindle.speed_rpm * pi / 30.0)
        self.show(Quantity.TEMPERATURE, _ROOM_C + _LOADED_C * share**2)
