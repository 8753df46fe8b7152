"""Measured results of one weld and their verdict by the recipe's limits."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, nan

from cell_controller.messages import Parameter, Verdict
from cell_controller.stations.parameters import WeldParameters

X_STANDS_M = 0.00001  # an encoder at rest toggles by less


@dataclass(slots=True)
class WeldRecord:
    """Sums over the traverse, where the weld is made; the plunge has peaks of its own."""

    time_s: float = 0.0
    impulse_ns: float = 0.0
    force_min_n: float = inf
    force_max_n: float = -inf
    temperature_min_c: float = inf
    temperature_max_c: float = -inf
    temperature_lost: bool = False
    tip_m_s: float = 0.0  # integral of the tip's height over the anvil
    revolutions: float = 0.0  # while X moved
    moved_m: float = 0.0
    standing_revolutions: float = 0.0  # since X was last seen to move
    is_moving: bool = False
    start_x_m: float = nan
    end_x_m: float = nan
    is_complete: bool = False

    def add(
        self, force_n: float, temperature_c: float, tip_m: float, rpm: float, x_m: float, dt_s: float
    ) -> None:
        """One new sample of Z; the other values are the newest known."""
        self.force_min_n, self.force_max_n = min(self.force_min_n, force_n), max(self.force_max_n, force_n)
        if isnan(temperature_c):
            self.temperature_lost = True
        else:
            self.temperature_min_c = min(self.temperature_min_c, temperature_c)
            self.temperature_max_c = max(self.temperature_max_c, temperature_c)
        self.time_s += dt_s
        self.impulse_ns += force_n * dt_s
        self.tip_m_s += tip_m * dt_s
        self.standing_revolutions += abs(rpm) / 60.0 * dt_s
        self._move(x_m)

    def _move(self, x_m: float) -> None:
        """X is read more seldom than Z; turns before it leaves and after it arrives weld nothing."""
        if isnan(self.start_x_m):
            self.start_x_m = self.end_x_m = x_m
        if abs(x_m - self.end_x_m) <= X_STANDS_M:
            return
        if self.is_moving:
            self.revolutions += self.standing_revolutions
            self.moved_m += abs(x_m - self.end_x_m)
        self.is_moving, self.standing_revolutions, self.end_x_m = True, 0.0, x_m

    @property
    def force_mean_n(self) -> float:
        return self.impulse_ns / self.time_s if self.time_s else nan

    @property
    def tip_mean_m(self) -> float:
        return self.tip_m_s / self.time_s if self.time_s else nan

    @property
    def revolutions_per_mm(self) -> float:
        way_mm = self.moved_m * 1000.0
        return self.revolutions / way_mm if way_mm > 0.0 else nan

    def values(self, weld: WeldParameters) -> tuple[Parameter, ...]:
        """Results with their units in the names; nothing before the traverse."""
        if not self.time_s:
            return ()
        return (
            Parameter("axial_force_mean_n", self.force_mean_n),
            Parameter("axial_force_min_n", self.force_min_n),
            Parameter("axial_force_max_n", self.force_max_n),
            Parameter("temperature_min_c", self.temperature_min_c),
            Parameter("temperature_max_c", self.temperature_max_c),
            Parameter("revolutions_per_mm", self.revolutions_per_mm),
            Parameter("heel_plunge_m", weld.thickness_m - weld.pin_length_m - self.tip_mean_m),
            Parameter("welded_length_m", abs(self.end_x_m - self.start_x_m)),
        )

    def judge(self, weld: WeldParameters) -> tuple[Verdict, str]:
        """GOOD, or BAD with every limit that was missed; NONE while the weld is not complete.

        The limits of the axial force are limits of its mean (config.recipe.WeldLimits).
        """
        if not self.is_complete:
            return Verdict.NONE, ""
        missed = []
        if not weld.axial_force_min_n <= self.force_mean_n <= weld.axial_force_max_n:
            missed.append(
                f"mean axial force {self.force_mean_n:.0f} N"
                f" outside {weld.axial_force_min_n:g} to {weld.axial_force_max_n:g} N"
            )
        if self.temperature_lost:
            missed.append("tool temperature not measured")
        elif (
            self.temperature_min_c < weld.temperature_min_c or self.temperature_max_c > weld.temperature_max_c
        ):
            missed.append(
                f"tool temperature {self.temperature_min_c:.0f} to {self.temperature_max_c:.0f} C"
                f" outside {weld.temperature_min_c:g} to {weld.temperature_max_c:g} C"
            )
        if not self.revolutions_per_mm >= weld.revolutions_per_mm_min:
            missed.append(
                f"{self.revolutions_per_mm:.2f} revolutions per mm under {weld.revolutions_per_mm_min:g}"
            )
        return (Verdict.BAD, "; ".join(missed)) if missed else (Verdict.GOOD, "")
