"""Surface grinding: force, power, deflection, the surface that is left, finish and burn.

Sources: specific energy and force ratio of steel and aluminium grinding (Malkin, Guo: Grinding Technology);
infeed lag tau = F_n / (k v_r) and spark-out decay (Malkin); finish following later than deflection (Rowe and
Chen 1999); burn threshold u* = u0 + B d_e^0.25 a_e^-0.75 v_w^-0.5 (Malkin). Values +-30 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, pi

from cell_sim.plant.parts import Part

SPECIFIC_ENERGY_J_M3 = 40e9  # 20 to 60 J/mm3
FORCE_RATIO = 2.5  # normal over tangential
BURN_U0_J_MM3 = 6.2
BURN_B = 7.2  # mm and mm/s
_CONTACT_M = 0.005  # length of face that a wheel covers while the traverse stands
_SMOOTH_UM = 0.25  # finish after long spark-out
_ROUGH_UM = 0.90  # added at _ROUGH_M_S, growing with the root of the rate
_ROUGH_M_S = 15e-6
_FINISH_LAG = 2.5  # time constant of the finish over that of the deflection (Rowe and Chen: more than 2)
_BURN_FILTER_S = 0.5  # heat soaks in over about one stroke
_CUTTING_M_S = 0.5  # wheel surface slower than this rubs and does not cut
_BLANK_UM = 3.2  # finish of the part before grinding


def grinding_power_w(removal_m3_s: float, specific_energy_j_m3: float = SPECIFIC_ENERGY_J_M3) -> float:
    """P = u Q_w."""
    return specific_energy_j_m3 * removal_m3_s


def normal_force_n(power_w: float, wheel_m_s: float, ratio: float = FORCE_RATIO) -> float:
    """F_n = ratio x F_t with F_t = P / v_s."""
    return ratio * power_w / wheel_m_s


def deflection_time_s(force_n: float, stiffness_n_m: float, infeed_m_s: float) -> float:
    """tau = F_n / (k v_r): steady lag is v_r tau."""
    return force_n / (stiffness_n_m * infeed_m_s)


def burn_energy_j_mm3(wheel_diameter_m: float, cut_m: float, work_m_s: float) -> float:
    """Specific energy above which the surface burns (Malkin)."""
    if cut_m <= 0.0 or work_m_s <= 0.0:
        return inf
    diameter_mm, cut_mm, work_mm_s = wheel_diameter_m * 1e3, cut_m * 1e3, work_m_s * 1e3
    part: float = diameter_mm**0.25 * cut_mm**-0.75 * work_mm_s**-0.5
    return BURN_U0_J_MM3 + BURN_B * part


@dataclass(frozen=True, slots=True)
class GrindLoads:
    """What the process does to the machine in this step."""

    normal_n: float = 0.0  # pushes the wheel away from the part
    tangential_n: float = 0.0  # resists the traverse
    torque_nm: float = 0.0  # resists the wheel


NO_LOADS = GrindLoads()


class GrindZone:
    """State of one grinding place: contact, removal rate and what finish and burn follow from."""

    def __init__(
        self,
        stiffness_n_m: float,
        wheel_diameter_m: float,
        traverse_start_m: float,
        length_m: float,
        width_m: float,
    ) -> None:
        self.stiffness_n_m = stiffness_n_m
        self.wheel_diameter_m = wheel_diameter_m
        self.traverse_start_m = traverse_start_m
        self.length_m = length_m
        self.width_m = width_m
        self.force_n = 0.0
        self.power_w = 0.0
        self.removal_m_s = 0.0  # of the surface
        self.loads = NO_LOADS
        self._work_m_s = 0.0  # filtered traverse speed
        self._burn_m_s = 0.0  # filtered removal rate
        self._infeed_m = inf

    def wants_fine_steps(self, infeed_m: float, surface_m: float) -> bool:
        """True while the wheel touches or is about to."""
        return self.force_n > 0.0 or infeed_m < surface_m + 0.0005

    def step(
        self,
        dt_s: float,
        infeed_m: float,
        traverse_m: float,
        traverse_m_s: float,
        rpm: float,
        part: Part | None,
    ) -> GrindLoads:
        """Advance by dt. While cutting, wheel and part move towards each other by F_n / k."""
        before_m, self._infeed_m = self._infeed_m, infeed_m
        blend = 1.0 - exp(-dt_s / _BURN_FILTER_S)
        self._work_m_s += (abs(traverse_m_s) - self._work_m_s) * blend
        over = -_CONTACT_M <= traverse_m - self.traverse_start_m <= self.length_m + _CONTACT_M
        if part is None or not over or infeed_m >= part.surface_m:
            self.force_n = self.power_w = self.removal_m_s = 0.0
            self._burn_m_s -= self._burn_m_s * blend
            self.loads = NO_LOADS
            return self.loads
        wheel_m_s = abs(rpm) * pi * self.wheel_diameter_m / 60.0
        start_m = min(before_m, part.surface_m)
        self._cut(dt_s, start_m, infeed_m, wheel_m_s, part)
        self._judge(dt_s, blend, wheel_m_s, part)
        tangential = self.force_n / FORCE_RATIO
        self.loads = GrindLoads(self.force_n, tangential, tangential * self.wheel_diameter_m / 2.0)
        return self.loads

    def _area_m2(self) -> float:
        """Face over which a stroke spreads the removal; only the contact patch while the traverse stands."""
        swept = min(self._work_m_s / 0.01, 1.0)
        return self.width_m * max(self.length_m * swept, _CONTACT_M)

    def _cut(self, dt_s: float, start_m: float, infeed_m: float, wheel_m_s: float, part: Part) -> None:
        overlap_m = max(part.surface_m - start_m, 0.0)
        if wheel_m_s < _CUTTING_M_S or dt_s <= 0.0:
            self.force_n = self.stiffness_n_m * max(part.surface_m - infeed_m, 0.0)
            self.removal_m_s = self.power_w = 0.0
            return
        tau = self._tau_s(wheel_m_s)
        rate = (infeed_m - start_m) / dt_s  # towards the part is negative
        steady_m = -rate * tau
        left_m = max(steady_m + (overlap_m - steady_m) * exp(-dt_s / tau), 0.0)
        surface_m = min(infeed_m + left_m, part.surface_m)
        self.removal_m_s = (part.surface_m - surface_m) / dt_s
        part.surface_m = surface_m
        self.force_n = self.stiffness_n_m * left_m
        self.power_w = self.force_n / FORCE_RATIO * wheel_m_s

    def _tau_s(self, wheel_m_s: float) -> float:
        return FORCE_RATIO * SPECIFIC_ENERGY_J_M3 * self._area_m2() / (wheel_m_s * self.stiffness_n_m)

    def _judge(self, dt_s: float, blend: float, wheel_m_s: float, part: Part) -> None:
        self._burn_m_s += (self.removal_m_s - self._burn_m_s) * blend
        truth = part.grind
        if wheel_m_s < _CUTTING_M_S:
            truth.is_pressed = truth.is_pressed or self.force_n > 500.0  # a standing wheel leaves a dent
            return
        truth.is_ground = True
        if self._work_m_s > 0.005:
            stroke_s = self.length_m / self._work_m_s
            limit = burn_energy_j_mm3(self.wheel_diameter_m, self._burn_m_s * stroke_s, self._work_m_s)
            truth.is_burnt = truth.is_burnt or limit < SPECIFIC_ENERGY_J_M3 * 1e-9
        elif self._burn_m_s > 2e-6:
            truth.has_groove = True  # cut in one spot with the traverse standing
        start_um = _BLANK_UM if truth.finish_um is None else truth.finish_um
        end_um = _SMOOTH_UM + _ROUGH_UM * (max(self.removal_m_s, 0.0) / _ROUGH_M_S) ** 0.5
        follow = 1.0 - exp(-dt_s / (_FINISH_LAG * self._tau_s(wheel_m_s)))
        truth.finish_um = start_um + (end_um - start_um) * follow
