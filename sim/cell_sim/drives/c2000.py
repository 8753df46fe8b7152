"""Delta inverters under RS-485 control: run and frequency commands, watchdog CE10, base block, STO.

Source: C2000 and MS300 user manuals, Pr.09 and its address list; VFD-E user manual, Pr.09-04 (V1.11, page
4-126). A C2000 is commissioned with 00-20 = 1, 00-21 = 2, 00-22 = 0 (ramp to stop), 01-00 = 60 Hz, 10-00 = 1
(encoder card) and 06-44 = 1 (the STO alarm goes with its cause), an MS300 likewise but for the card; a VFD-E
with 02-00 = 3 and 02-01 = 3, a VFD-B with 02-00 = 5 and 02-01 = 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import ClassVar, NamedTuple

from cell_controller.drives.profile import DriveProfile, Quantity
from cell_sim.drives.inverter import MAX_HZ, ZERO_HZ, InverterDrive
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.plant import CellPlant

ABZ_ENCODER = 1  # 10-00
_DEFAULT_RAMP_S = 10.0  # 01-12 and 01-13, or 01-09 and 01-10


class Codes(NamedTuple):
    """What the low byte of 2100 shows."""

    external: int  # EF
    watchdog: int  # 0: a warning, which the next command takes back
    off: int  # STO, or the base block input where there is no STO


class WatchdogAction(IntEnum):
    """Pr.09-02."""

    WARN = 0
    RAMP = 1
    COAST = 2
    IGNORE = 3


class DeltaInverter(InverterDrive):
    """Control word 2000, frequency 2001, auxiliary word 2002. Clearing a base block resumes the run."""

    codes: Codes
    settings: ClassVar[Mapping[Quantity, int]]  # as commissioned

    def __init__(
        self, name: str, unit: int, profile: DriveProfile, plant: CellPlant, rpm_per_hz: float
    ) -> None:
        super().__init__(name, unit, profile, plant, rpm_per_hz)
        self._aux = 0
        ramp = round(_DEFAULT_RAMP_S / self.field(Quantity.PROFILE_ACCELERATION).scale)
        self.eeprom = {
            **self.settings,
            Quantity.PROFILE_ACCELERATION: ramp,
            Quantity.PROFILE_DECELERATION: ramp,
            Quantity.WATCHDOG_ACTION: WatchdogAction.IGNORE,
            Quantity.WATCHDOG_TIMEOUT: 0,
        }

    def power_up(self) -> None:
        super().power_up()
        self._aux = 0

    @property
    def watchdog_s(self) -> float:
        ignored = self.raw(Quantity.WATCHDOG_ACTION) == WatchdogAction.IGNORE
        return 0.0 if ignored else self.value(Quantity.WATCHDOG_TIMEOUT)

    # -- writes ---------------------------------------------------------------------------------------------

    def check_write(self, quantity: Quantity, raw: int) -> None:
        super().check_write(quantity, raw)
        if quantity is Quantity.WATCHDOG_ACTION and raw > WatchdogAction.IGNORE:
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
            self.run()

    def _aux_command(self, word: int) -> None:
        before, self._aux = self._aux, word
        if word & 1:
            self.fault(self.codes.external)
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
                self.run()

    def _command(self, word: int) -> None:
        order, direction = word & 0x03, word >> 4 & 0x03
        if not self.codes.watchdog:
            self.is_expired = False
        if direction in (1, 2):
            self.is_reverse = direction == 2
        elif direction == 3:
            self.is_reverse = not self.is_reverse
        if order == 1:
            self.stop()
            self.note("stop")
        elif order == 2 and not self.is_out:
            self.is_run = True
            self.run()

    # -- what happens by itself -----------------------------------------------------------------------------

    def expired(self) -> None:
        action = self.raw(Quantity.WATCHDOG_ACTION)
        if action in (WatchdogAction.RAMP, WatchdogAction.COAST) and self.codes.watchdog:
            self.fault(self.codes.watchdog)
        if action == WatchdogAction.RAMP:
            self.stop()
        elif action == WatchdogAction.COAST:
            self.lose_torque()

    # -- measured registers ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        super().refresh()
        self.store(
            Quantity.FAULT_CODE, self.fault_code or (self.codes.off if self.plant.is_off(self.name) else 0)
        )
        self.store(Quantity.STATUS_WORD, self._status())

    def _status(self) -> int:
        bits = 0x0500  # frequency and command by communication
        output_hz = self.output_hz
        if self.is_run and self.spindle.is_running:
            bits |= 3 if output_hz > ZERO_HZ else 2
        elif output_hz > ZERO_HZ:
            bits |= 1
        turns_back = self.spindle.reference_rpm < 0.0
        if self.is_reverse:
            bits |= 0x18 if turns_back or output_hz <= ZERO_HZ else 0x10
        elif turns_back:
            bits |= 0x08
        return bits


class VirtualMs300(DeltaInverter):
    """Knows its output alone."""

    codes = Codes(external=49, watchdog=58, off=76)
    settings: ClassVar[Mapping[Quantity, int]] = {
        Quantity.SETPOINT_SOURCE: 1,
        Quantity.COMMAND_SOURCE: 2,
        Quantity.STOP_METHOD: 0,
        Quantity.MAX_SPEED: round(MAX_HZ / 0.01),
    }


class VirtualC2000(VirtualMs300):
    """With an encoder card it sees its shaft also while the output is off."""

    settings: ClassVar[Mapping[Quantity, int]] = {
        **VirtualMs300.settings,
        Quantity.ENCODER_TYPE: ABZ_ENCODER,
    }

    def refresh(self) -> None:
        super().refresh()
        is_seen = self.spindle.is_running or self.raw(Quantity.ENCODER_TYPE)
        self.show(Quantity.SHAFT_SPEED, abs(self.spindle.speed_rpm) if is_seen else 0.0)


class VirtualVfdE(DeltaInverter):
    """Knows its output alone, and has no STO: its base block input is wired to the relay."""

    codes = Codes(external=6, watchdog=0, off=17)
    settings: ClassVar[Mapping[Quantity, int]] = {
        Quantity.SETPOINT_SOURCE: 3,
        Quantity.COMMAND_SOURCE: 3,
        Quantity.STOP_METHOD: 0,
        Quantity.MAX_SPEED: round(MAX_HZ / 0.01),
    }


class VirtualVfdB(VirtualVfdE):
    """Tells torque and power as well."""

    settings: ClassVar[Mapping[Quantity, int]] = {**VirtualVfdE.settings, Quantity.SETPOINT_SOURCE: 5}
