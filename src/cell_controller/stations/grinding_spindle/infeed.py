"""Infeed of the grinding wheel: contact, positions of the phases, power limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from cell_controller.stations.parameters import GrindParameters

POWER_SHARE = 0.9  # of the limit: the integral holds the power here, overshoot stays under the limit
POWER_INTEGRAL_HZ = 1.0  # practice 1 to 5 Hz, and slower than the deflection's time constant


@dataclass(frozen=True, slots=True)
class Depths:
    """Infeed positions at which roughing and finishing end."""

    rough_end_m: float
    finish_end_m: float

    @staticmethod
    def of(grind: GrindParameters, surface_m: float) -> Depths:
        """Rough depth counts from contact but leaves the finish allowance; the end is the size itself.

        Contact at gap speed is known to some 10 um only, so the final size cannot be counted from it: the
        infeed axis is absolute and its zero is the nominal surface that the gauge refers to as well.
        """
        rough_end = max(surface_m - grind.rough_m, grind.size_m + grind.finish_m)
        return Depths(rough_end, grind.size_m)


class PowerLimit:
    """Integral on (limit - power): takes speed away while the wheel is overloaded, gives it back after."""

    def __init__(self, power_max_w: float) -> None:
        self._limit_w = POWER_SHARE * power_max_w
        self.share = 1.0

    def step(self, power_w: float, dt_s: float) -> float:
        """Share of the wished infeed speed after one new sample of the wheel; NaN changes nothing."""
        if not isnan(power_w):
            change = POWER_INTEGRAL_HZ * (self._limit_w - power_w) / self._limit_w * dt_s
            self.share = min(max(self.share + change, 0.0), 1.0)
        return self.share
