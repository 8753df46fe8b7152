"""Axial force through the velocity of Z: gain schedule, PI with anti-windup, depth window."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, pi

from cell_controller.stations.contact import STALE_SAMPLE_S

BANDWIDTH_HZ = 0.5  # practice 0.3 to 2 Hz; the samples of a slow line come every 30 to 45 ms
INTEGRAL_S = 1.5  # a few process time constants of 0.2 to 1 s: removes what heating leaves behind
MAX_RATE_M_S = 0.0005  # practice: at most 0.5 to 2 mm/s
SOLIDUS_C = 582.0  # AA6061, handbook
WARM_C = 455.0  # temperature of a steady weld, for which the recipe's force and heel depth belong together
COLD_GAIN = 0.25  # flow stress that is left near the solidus, as a share of that at WARM_C


@dataclass(frozen=True, slots=True)
class DepthWindow:
    """Where the force loop may move Z: recipe's authority around the plunged depth, never under the floor."""

    low_m: float
    high_m: float

    @staticmethod
    def around(depth_m: float, authority_m: float, floor_m: float) -> DepthWindow:
        low = max(depth_m - authority_m, floor_m)
        return DepthWindow(low, max(depth_m + authority_m, low))


class ForceLoop:
    """PI on force, output is the velocity of Z. Integrates over the real time between samples."""

    def __init__(self, target_n: float, heel_m: float, stiffness_n_m: float, window: DepthWindow) -> None:
        self.target_n, self.window = target_n, window
        self._process_n_m = target_n / max(heel_m, 0.00005)  # a flatter heel is not measured any better
        self._stiffness_n_m = stiffness_n_m
        self._reference_n = 0.0
        self._integral_m_s = 0.0
        self.speed_m_s = 0.0
        self.is_saturated = False

    def start(self, force_n: float) -> None:
        """Hand-over without a jump: the reference starts at the present force."""
        self._reference_n = min(max(force_n, 0.0), 1.2 * self.target_n)
        self._integral_m_s = 0.0

    def gain_n_m(self, temperature_c: float) -> float:
        """Force per depth: the process, softer as it warms, in series with the gantry."""
        warm = WARM_C if isnan(temperature_c) else temperature_c
        left = min(max((SOLIDUS_C - warm) / (SOLIDUS_C - WARM_C), 0.0), 4.0)
        process = self._process_n_m * (COLD_GAIN + (1.0 - COLD_GAIN) * left)
        return process * self._stiffness_n_m / (process + self._stiffness_n_m)

    def step(self, force_n: float, position_m: float, temperature_c: float, dt_s: float) -> float:
        """Velocity of Z for one new sample; upwards is positive."""
        ramp_n = 1.5 * self.target_n * dt_s  # the reference reaches its target within about a second
        self._reference_n += min(max(self.target_n - self._reference_n, -ramp_n), ramp_n)
        error_n = self._reference_n - force_n
        proportional = 2.0 * pi * BANDWIDTH_HZ / self.gain_n_m(temperature_c)
        wished = -(proportional * error_n + self._integral_m_s)
        speed = self._limit(wished, position_m)
        self.is_saturated = speed != wished
        if not self.is_saturated or error_n * self._integral_m_s < 0.0:  # anti-windup
            self._integral_m_s += proportional / INTEGRAL_S * error_n * dt_s
        self.speed_m_s = speed
        return speed

    def _limit(self, speed_m_s: float, position_m: float) -> float:
        """Rate limit, and no faster than what stops inside the window within three samples."""
        speed = min(max(speed_m_s, -MAX_RATE_M_S), MAX_RATE_M_S)
        lowest = min((self.window.low_m - position_m) / STALE_SAMPLE_S, MAX_RATE_M_S)
        highest = max((self.window.high_m - position_m) / STALE_SAMPLE_S, -MAX_RATE_M_S)
        return min(max(speed, lowest), highest)
