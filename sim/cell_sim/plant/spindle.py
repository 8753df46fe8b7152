"""A spindle as one inertia: what an inverter and the process do to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from cell_controller.config import SpindleDrive

COAST_TIME_S = (
    20.0  # from full speed, unbraked, if nobody has measured it: grinding spindles take 10 to 120 s
)
MEASURED_COAST = 0.9  # of the longest coast of the cell file: what was measured has a margin in it
RAD_S_PER_RPM = pi / 30.0
_DRIVE_PERIOD_S = 0.002


@dataclass(frozen=True, slots=True)
class SpindleSpec:
    """Mechanics and nameplate of one spindle."""

    name: str
    max_speed_rpm: float
    inertia_kg_m2: float
    max_torque_nm: float
    coast_s: float = COAST_TIME_S  # from full speed to standstill without torque

    @classmethod
    def of(cls, name: str, drive: SpindleDrive) -> SpindleSpec:
        """The spindle behind a drive of the cell file."""
        coast_s = COAST_TIME_S if drive.coast_s is None else MEASURED_COAST * drive.coast_s
        return cls(name, drive.max_speed_rpm, drive.inertia_kg_m2, drive.max_torque_nm, coast_s)


class Spindle:
    """Port and state of one spindle. `load_nm` is the process torque that resists turning (magnitude)."""

    __slots__ = (
        "_is_lagging",
        "_ramp_rpm_s",
        "angle_rev",
        "is_enabled",
        "is_running",
        "load_nm",
        "reference_rpm",
        "spec",
        "speed_rpm",
        "target_rpm",
        "torque_limit_nm",
        "torque_nm",
    )

    def __init__(self, spec: SpindleSpec) -> None:
        self.spec = spec
        self.speed_rpm = 0.0
        self.angle_rev = 0.0
        self.torque_nm = 0.0  # motor torque, signed
        self.target_rpm = 0.0
        self.reference_rpm = 0.0  # of the inverter's ramp
        self.is_running = False
        self.is_enabled = True  # False: safe torque off
        self.torque_limit_nm = spec.max_torque_nm
        self.load_nm = 0.0
        self._ramp_rpm_s = 1.0
        self._is_lagging = False

    @property
    def is_moving(self) -> bool:
        return self.speed_rpm != 0.0 or (self.is_running and self.target_rpm != 0.0)

    @property
    def drag_nm(self) -> float:
        """Bearing and windage torque that stops it in its coasting time."""
        return self.spec.inertia_kg_m2 * self.spec.max_speed_rpm * RAD_S_PER_RPM / self.spec.coast_s

    def run(self, target_rpm: float, ramp_rpm_s: float) -> None:
        """Ramp to a speed; a running inverter catches a turning spindle where it is."""
        if not self.is_enabled:
            return
        if not self.is_running:
            self.reference_rpm = self.speed_rpm
        self.is_running = True
        self.target_rpm = target_rpm
        self._ramp_rpm_s = ramp_rpm_s

    def coast(self) -> None:
        """Take the torque away."""
        self.is_running = False
        self.target_rpm = 0.0
        self._is_lagging = False

    def step(self, dt_s: float) -> None:
        """Advance the inertia; exact for any step while the motor has torque enough."""
        before = self.speed_rpm
        if self.is_running:
            self._step_driven(dt_s)
        else:
            self.torque_nm = 0.0
            self._spin(0.0, dt_s)
            self.reference_rpm = self.speed_rpm
        self.angle_rev = (self.angle_rev + 0.5 * (before + self.speed_rpm) / 60.0 * dt_s) % 1.0

    def advance_reference(self, dt_s: float) -> float:
        """Play dt of the inverter's ramp; the torque that following it takes."""
        change = self.target_rpm - self.reference_rpm
        step = self._ramp_rpm_s * dt_s
        reference = (
            self.target_rpm if abs(change) <= step else self.reference_rpm + (step if change > 0 else -step)
        )
        slope_rpm_s = 0.0 if dt_s <= 0.0 else (reference - self.reference_rpm) / dt_s
        self.reference_rpm = reference
        need = self.spec.inertia_kg_m2 * slope_rpm_s * RAD_S_PER_RPM
        if reference:
            need += (self.drag_nm + self.load_nm) * (1.0 if reference > 0.0 else -1.0)
        return need

    def _step_driven(self, dt_s: float) -> None:
        need = self.advance_reference(dt_s)
        reference = self.reference_rpm
        if not self._is_lagging and abs(need) <= self.torque_limit_nm:
            self.speed_rpm, self.torque_nm = reference, need
            return
        self._is_lagging = True
        error = (reference - self.speed_rpm) * RAD_S_PER_RPM
        wish = self.spec.inertia_kg_m2 * error / max(dt_s, _DRIVE_PERIOD_S)
        if reference:
            wish += (self.drag_nm + self.load_nm) * (1.0 if reference > 0.0 else -1.0)
        self.torque_nm = min(max(wish, -self.torque_limit_nm), self.torque_limit_nm)
        self._spin(self.torque_nm, dt_s)
        if abs(reference - self.speed_rpm) < 1.0 and abs(need) <= self.torque_limit_nm:
            self._is_lagging = False

    def _spin(self, torque_nm: float, dt_s: float) -> None:
        """Free inertia under motor torque and everything that resists."""
        per_nm = dt_s / (self.spec.inertia_kg_m2 * RAD_S_PER_RPM)
        resist = (self.drag_nm + self.load_nm) * per_nm
        free = self.speed_rpm + torque_nm * per_nm
        if abs(free) <= resist:
            self.speed_rpm = 0.0
        else:
            self.speed_rpm = free - resist if free > 0.0 else free + resist
