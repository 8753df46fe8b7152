"""An inverter of no family: the registers that its profile names, and the states of CiA 402 (or DRIVECOM)."""

from __future__ import annotations

from collections.abc import Sequence

from cell_controller.drives.profile import Quantity
from cell_sim.drives.inverter import InverterDrive

_DISABLED, _READY, _SWITCHED_ON, _ENABLED, _FAULT = 0x0040, 0x0021, 0x0023, 0x0027, 0x0008
WATCHDOG_FAULT = 21
_RAMP = 6  # of the watchdog's action


class TableInverter(InverterDrive):
    """Obeys the control word; its speed is signed."""

    state = _DISABLED

    def power_up(self) -> None:
        super().power_up()
        self.state = _DISABLED
        self.store(Quantity.PROFILE_ACCELERATION, 30)
        self.store(Quantity.PROFILE_DECELERATION, 30)

    @property
    def watchdog_s(self) -> float:
        is_on = self.raw(Quantity.WATCHDOG_ACTION) == _RAMP
        return self.value(Quantity.WATCHDOG_TIMEOUT) if is_on else 0.0

    def written(self, touched: Sequence[Quantity]) -> None:
        word = self.raw(Quantity.CONTROL)
        if self.fault_code:
            if Quantity.CONTROL in touched and word & 0x80:
                self.fault_code, self.state, self.is_expired = 0, _DISABLED, False
            return
        if Quantity.CONTROL in touched:
            self._control(word)
        if self.state == _ENABLED and not self.is_out:
            self.is_run = True
            self.run()

    def _control(self, word: int) -> None:
        wanted = word & 0x0F
        if not word & 0x02 or self.plant.is_off(self.name):
            self.state = _DISABLED
        elif wanted == 0x06:
            self.state = _READY
        elif wanted == 0x07 and self.state != _DISABLED:
            self.state = _SWITCHED_ON
        elif wanted == 0x0F and self.state in (_SWITCHED_ON, _ENABLED):
            self.state = _ENABLED
        if self.state != _ENABLED:
            self.lose_torque()

    def lose_torque(self) -> None:
        super().lose_torque()
        self.state = self.state if self.state != _ENABLED else _DISABLED

    def expired(self) -> None:
        self.fault(WATCHDOG_FAULT)
        self.stop()

    def tick(self) -> None:
        super().tick()
        if self.plant.is_off(self.name) and self.state == _ENABLED:
            self.state = _DISABLED

    def refresh(self) -> None:
        super().refresh()
        self.show(
            Quantity.SPEED, self.spindle.reference_rpm / self.rpm_per_hz if self.spindle.is_running else 0.0
        )
        self.store(Quantity.FAULT_CODE, self.fault_code)
        self.store(Quantity.STATUS_WORD, (_FAULT if self.fault_code else self.state) | 0x0200)
