"""A remote I/O module whose outputs fall back to a declared state when communication is lost."""

from __future__ import annotations

from collections.abc import Sequence

from cell_controller.drives.profile import ANALOG_INPUTS, DriveProfile, Quantity
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.modbus import ExceptionCode, Refusal
from cell_sim.plant import CellPlant

IDENTITY = 0x494F
_READY, _IN_FALLBACK = 1, 2


class VirtualRemoteIo(VirtualDrive):
    """Inputs are read from what is wired; outputs open at power-on and keep what was written."""

    def __init__(self, name: str, unit: int, profile: DriveProfile, plant: CellPlant) -> None:
        super().__init__(name, unit, profile, plant)
        self.wiring = plant.modules[name]
        self.is_in_fallback = False

    def power_up(self) -> None:
        self.is_in_fallback = False
        self.store(Quantity.IDENTITY, IDENTITY)
        self.plant.set_outputs(self.name, 0)

    def lose_torque(self) -> None:
        """Without supply every output is open."""
        self.plant.set_outputs(self.name, 0)

    @property
    def watchdog_s(self) -> float:
        return self.value(Quantity.WATCHDOG_TIMEOUT) if self.raw(Quantity.WATCHDOG_ACTION) else 0.0

    def check_write(self, quantity: Quantity, raw: int) -> None:
        if quantity is Quantity.DIGITAL_OUTPUTS:
            if self.is_in_fallback:
                raise Refusal(ExceptionCode.DEVICE_FAILURE)
            if raw >> self.profile.nameplate.digital_outputs:
                raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        if quantity is Quantity.WATCHDOG_ACTION and raw > 1:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)

    def written(self, touched: Sequence[Quantity]) -> None:
        if Quantity.WATCHDOG_TIMEOUT in touched:
            self.is_in_fallback = False
            self.is_expired = False
        if Quantity.DIGITAL_OUTPUTS in touched:
            bits = self.raw(Quantity.DIGITAL_OUTPUTS)
            if bits != self.wiring.outputs:
                self.note("outputs", bits)
            self.plant.set_outputs(self.name, bits)

    def expired(self) -> None:
        self.is_in_fallback = True
        self.plant.set_outputs(self.name, self.wiring.outputs & self.raw(Quantity.OUTPUT_FALLBACK))

    def refresh(self) -> None:
        self.store(Quantity.STATUS_WORD, _READY | (_IN_FALLBACK if self.is_in_fallback else 0))
        self.store(Quantity.DIGITAL_INPUTS, self.wiring.input_bits())
        self.store(Quantity.DIGITAL_OUTPUTS, self.wiring.outputs)
        for channel in range(self.profile.nameplate.analog_inputs):
            self.store(ANALOG_INPUTS[channel], self.wiring.analog_raw(channel))
