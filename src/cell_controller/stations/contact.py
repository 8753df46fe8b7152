"""Force between tool and part, from the motor force of the axis that enters the material."""

from __future__ import annotations

from math import exp, isnan

FILTER_S = 0.05  # first order; over the sample time, under half the spindle frequency of 5 Hz and more
STALE_SAMPLE_S = 0.12  # three samples missed: the axis stands until there is a new one
TARE_FROM_S = 0.15  # the acceleration is over
TARE_SAMPLES = 5


class ToolForce:
    """Tared in free air while moving towards the part, so weight and friction of the guides are out of it.

    The axis' positive direction leads out of the material, so the motor pushes with a negative force.
    """

    def __init__(self) -> None:
        self._sum_n, self._count = 0.0, 0
        self._first_n: float | None = None
        self.is_tared = False
        self.tare_n = 0.0
        self.raw_n = 0.0
        self.filtered_n = 0.0

    def tare(self, motor_n: float, contact_n: float) -> bool:
        """Take one sample of free air; True when it jumped by the contact force: that was not free air."""
        if isnan(motor_n):
            return False
        if self._first_n is None:
            self._first_n = motor_n
        if abs(motor_n - self._first_n) > contact_n:
            return True
        self._sum_n, self._count = self._sum_n + motor_n, self._count + 1
        self.tare_n = self._sum_n / self._count
        self.is_tared = self._count >= TARE_SAMPLES
        return False

    def sample(self, motor_n: float, dt_s: float) -> float:
        """Take one sample; returns the force as measured. A NaN leaves everything as it was."""
        if not isnan(motor_n):
            self.raw_n = self.tare_n - motor_n
            share = 1.0 - exp(-dt_s / FILTER_S) if dt_s > 0.0 else 1.0
            self.filtered_n += (self.raw_n - self.filtered_n) * share
        return self.raw_n
