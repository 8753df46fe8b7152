"""Measured results of one grinding and their verdict by the recipe's limits."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan

from cell_controller.messages import Parameter, Verdict
from cell_controller.stations.parameters import GrindParameters


@dataclass(slots=True)
class GrindRecord:
    """Peaks over the whole grinding; size and finish at its end."""

    power_max_w: float = 0.0
    force_max_n: float = 0.0
    size_m: float = nan
    finish_um: float = nan
    contact_m: float = nan
    spark_out_s: float = 0.0
    is_complete: bool = False

    def load(self, force_n: float, power_w: float) -> None:
        if not isnan(force_n):
            self.force_max_n = max(self.force_max_n, force_n)
        if not isnan(power_w):
            self.power_max_w = max(self.power_max_w, power_w)

    def values(self, grind: GrindParameters) -> tuple[Parameter, ...]:
        """Results with their units in the names; nothing before contact."""
        if isnan(self.contact_m):
            return ()
        return (
            Parameter("size_m", self.size_m),
            Parameter("size_error_m", self.size_m - grind.size_m),
            Parameter("finish_um", self.finish_um),
            Parameter("power_max_w", self.power_max_w),
            Parameter("normal_force_max_n", self.force_max_n),
            Parameter("contact_m", self.contact_m),
            Parameter("spark_out_s", self.spark_out_s),
        )

    def judge(self, grind: GrindParameters) -> tuple[Verdict, str]:
        """GOOD, or BAD with every limit that was missed; NONE while the grinding is not complete."""
        if not self.is_complete:
            return Verdict.NONE, ""
        missed = []
        error_m = self.size_m - grind.size_m
        if isnan(error_m):
            missed.append("size not measured")
        elif abs(error_m) > grind.size_tolerance_m:
            missed.append(f"size off by {error_m * 1e6:.1f} um, tolerance {grind.size_tolerance_m * 1e6:g}")
        if isnan(self.finish_um):
            missed.append("finish not measured")
        elif self.finish_um > grind.finish_max_um:
            missed.append(f"finish {self.finish_um:.2f} um over {grind.finish_max_um:g} um")
        if self.power_max_w > grind.power_max_w:
            missed.append(f"power {self.power_max_w:.0f} W over {grind.power_max_w:g} W")
        return (Verdict.BAD, "; ".join(missed)) if missed else (Verdict.GOOD, "")
