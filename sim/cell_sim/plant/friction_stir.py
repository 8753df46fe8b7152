"""Friction stir welding: force, torque, temperature and what the weld is really like.

Sources: Schmidt, Hattel, Wert 2004 (torque of a sticking contact and partial slip); Frigaard, Grong, Midling
2001 (frictional heat); Arbegast and Hartley 1998 (peak temperature); Zhao, Kalya, Landers, Krishnamurthy 2007
(axial force: static nonlinearity plus a lag); ISO 25239-1:2020 for terms. Constants without a source of their
own are engineering values for 2 to 6 mm AA6061-T6, to be read as +-30 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin, sqrt, tan

from cell_sim.plant.parts import Part, WeldSlice

AMBIENT_C = 20.0


@dataclass(frozen=True, slots=True)
class StirTool:
    """The mounted tool."""

    shoulder_radius_m: float
    pin_radius_m: float
    pin_length_m: float
    cone_rad: float = 0.0

    @property
    def shoulder_area_m2(self) -> float:
        return pi * (self.shoulder_radius_m**2 - self.pin_radius_m**2)


@dataclass(frozen=True, slots=True)
class Alloy:
    """Material of the part; defaults are AA6061-T6."""

    solidus_c: float = 582.0  # handbook
    shear_yield_pa: float = 160e6  # 276 MPa / sqrt(3)
    friction: float = 0.4  # Frigaard
    stick: float = 0.3  # share of sticking in the partial slip formula
    pin_pressure_pa: float = 80e6  # at WARM_C: gives the plunge peak of 1.3 to 2.5 x the steady force
    shoulder_pressure_pa: float = 33e6  # of a fully seated shoulder at WARM_C
    seat_m: float = 0.00011  # heel plunge at which the shoulder is fully seated
    void_below_pa: float = 19e6  # shoulder pressure below which material does not close behind the pin
    void_below_c: float = 370.0
    flash_above_c: float = 520.0
    flash_above_m: float = 0.00026  # heel plunge
    root_above_m: float = 0.00033  # ligament under the pin
    revolutions_per_mm_min: float = 1.4


WARM_C = 455.0  # weld temperature for which the pressures above are given
_HEAT_J_K = 5.0  # tool tip and stirred volume: gives the process time constant of 0.2 to 1 s
_STANDING_W_K = 3.2  # heat into plate and anvil at v = 0
_TRAVEL_W_K = 20.0  # times sqrt(m/s): fresh cold metal
_INTO_WORK = 0.95
_LAG_S = 0.03  # of the axial force behind depth (Zhao: pure delay and first order)
_RELEASE_S = 0.005  # elastic: as soon as the tool has left
_SENSOR_S = 0.2  # thermocouple in the shoulder
_RIPPLE = 0.015  # of the force at spindle frequency, from runout
_REFERENCE_RPM, _REFERENCE_M_S = 1000.0, 0.005
_RPM_POWER, _SPEED_POWER = -0.23, 0.1  # F ~ v^0.1 w^-0.23
_TRAVERSE_SHARE = 0.14  # traverse force over axial force
_TURNING_RPM = 30.0  # slower than this does not stir
_FROZEN_PULL_N = 2500.0  # to pull a frozen tool out; below the force limit of a manual recovery
_FROZEN_DRAG_N = 30000.0  # to push a frozen tool sideways: the pin would break first
_FROZEN_STICK = 0.35  # contact share left after the metal has shrunk away from the shoulder
_ANVIL_N_M = 2e8  # steel anvil under the pin
_MOVING_M_S = 0.0002


def sticking_torque_nm(shear_pa: float, tool: StirTool, depth_m: float, shoulder: float = 1.0) -> float:
    """Torque of a tool whose whole surface sticks (Schmidt, Hattel, Wert 2004)."""
    rs, rp = tool.shoulder_radius_m, tool.pin_radius_m
    face = (rs**3 - rp**3) * (1.0 + tan(tool.cone_rad)) * shoulder
    return 2.0 / 3.0 * pi * shear_pa * (face + rp**3 + 3.0 * rp**2 * depth_m)


def frictional_heat_w(friction: float, force_n: float, radius_m: float, rpm: float) -> float:
    """Heat of a sliding shoulder (Frigaard 2001): 4/3 pi^2 mu P N R^3."""
    pressure = force_n / (pi * radius_m**2)
    return 4.0 / 3.0 * pi**2 * friction * pressure * rpm / 60.0 * radius_m**3


def peak_temperature_c(
    rpm: float, travel_m_s: float, *, solidus_c: float = 582.0, k: float = 0.7, a: float = 0.05
) -> float:
    """Peak temperature by Arbegast and Hartley, the check on the thermal model here."""
    inch_per_min = travel_m_s * 60.0 / 0.0254
    share: float = (rpm**2 / (inch_per_min * 1e4)) ** a
    return solidus_c * k * share


@dataclass(frozen=True, slots=True)
class StirLoads:
    """What the process does to the machine in this step."""

    axial_n: float = 0.0  # pushes the tool up
    pull_n: float = 0.0  # resists motion of Z
    side_n: float = 0.0  # resists motion of X and Y
    torque_nm: float = 0.0  # resists the spindle


NO_LOADS = StirLoads()


class StirZone:
    """State of one welding place: temperature, force and the tool in the material."""

    def __init__(self, tool: StirTool, stiffness_n_m: float, seam_start_x_m: float, alloy: Alloy) -> None:
        self.tool = tool
        self.stiffness_n_m = stiffness_n_m
        self.seam_start_x_m = seam_start_x_m
        self.alloy = alloy
        self.temperature_c = AMBIENT_C
        self.sensor_c = AMBIENT_C
        self.force_n = 0.0
        self.torque_nm = 0.0
        self.depth_m = 0.0  # of the pin tip under the surface, true
        self.is_frozen = False
        self._stuck_m = 0.0  # height of a frozen tip
        self.loads = NO_LOADS

    def wants_fine_steps(self, z_m: float, surface_m: float) -> bool:
        """True while the tool is in the material or about to be."""
        return self.force_n > 1.0 or z_m < surface_m + 0.002

    def step(
        self,
        dt_s: float,
        z_m: float,
        x_m: float,
        travel_m_s: float,
        rpm: float,
        angle_rev: float,
        part: Part | None,
    ) -> StirLoads:
        """Advance by dt with the axis at z and x; the gantry gives way by force over stiffness."""
        tip_m = z_m + self.force_n / self.stiffness_n_m
        surface_m = part.thickness_m if part is not None else 0.0
        before_m, self.depth_m = self.depth_m, max(surface_m - tip_m, 0.0)
        turns = abs(rpm) >= _TURNING_RPM
        if part is None:
            self._press(dt_s, _ANVIL_N_M * self.depth_m)
            self._cool_or_heat(dt_s, 0.0, 0.0)
            self.is_frozen, self.torque_nm = False, 0.0
            self.loads = StirLoads(axial_n=self.force_n)
            return self.loads
        if self.depth_m <= 0.0 and self.force_n < 1.0:
            self.force_n = self.torque_nm = 0.0
            self.is_frozen = False
            self._cool_or_heat(dt_s, 0.0, 0.0)
            self.loads = NO_LOADS
            return self.loads
        was_frozen = self.is_frozen
        self.is_frozen = not turns and self.depth_m > 0.0 and (was_frozen or part.is_stirred_at(self.depth_m))
        self._stuck_m = max(self._stuck_m, z_m) if was_frozen else tip_m
        heel_m = self.depth_m - self.tool.pin_length_m
        steady = self._static_force(heel_m, travel_m_s, rpm if turns else _TURNING_RPM, part)
        if self.is_frozen:  # solid metal does not flow: only the bent gantry is left, and it springs back
            steady = max(self._stuck_m - z_m, 0.0) * self.stiffness_n_m
        self._press(dt_s, steady)
        self.torque_nm = self._torque(heel_m, turns)
        heat_w = self.torque_nm * abs(rpm) * pi / 30.0 if turns else 0.0
        self._cool_or_heat(dt_s, heat_w, abs(travel_m_s))
        if turns:
            part.stirred_depth_m = max(part.stirred_depth_m, self.depth_m)
        elif self.is_frozen and self.depth_m < before_m - 1e-6:
            part.weld.is_torn = True
        if turns and heel_m > 0.0 and abs(travel_m_s) > _MOVING_M_S:
            self._weld(part, x_m, heel_m, travel_m_s, rpm, tip_m)
        self.loads = self._loads(travel_m_s, angle_rev)
        return self.loads

    def softness(self) -> float:
        """Flow stress over that at WARM_C: 1 when warm, about 3.6 when cold."""
        solidus = self.alloy.solidus_c
        left = max(solidus - self.temperature_c, 0.0) / (solidus - WARM_C)
        return 0.25 + 0.75 * left

    def shear_yield_pa(self) -> float:
        """Falls to zero at the solidus, so that temperature limits itself."""
        solidus = self.alloy.solidus_c
        return self.alloy.shear_yield_pa * max(solidus - self.temperature_c, 0.0) / (solidus - AMBIENT_C)

    def _static_force(self, heel_m: float, travel_m_s: float, rpm: float, part: Part) -> float:
        tool, alloy = self.tool, self.alloy
        sunk_m = min(self.depth_m, tool.pin_length_m)
        # ground that has been stirred already lets the pin in without resistance of its own
        fresh = 1.0 if self.depth_m >= part.stirred_depth_m - 0.0002 or abs(travel_m_s) > _MOVING_M_S else 0.2
        entered = 1.0 - exp(-sunk_m / 0.00005)
        pin = alloy.pin_pressure_pa * pi * tool.pin_radius_m**2 * entered * fresh
        seat = max(heel_m, 0.0) / alloy.seat_m
        shoulder = alloy.shoulder_pressure_pa * tool.shoulder_area_m2 * min(seat, 3.0)
        speed = max(abs(travel_m_s), 0.001) / _REFERENCE_M_S
        rate: float = (abs(rpm) / _REFERENCE_RPM) ** _RPM_POWER * speed**_SPEED_POWER
        through = _ANVIL_N_M * max(self.depth_m - part.thickness_m, 0.0)
        return (pin + shoulder) * self.softness() * rate + through

    def _press(self, dt_s: float, steady_n: float) -> None:
        lag_s = _LAG_S if self.depth_m > 0.0 and not self.is_frozen else _RELEASE_S
        self.force_n += (steady_n - self.force_n) * (1.0 - exp(-dt_s / lag_s))

    def _torque(self, heel_m: float, turns: bool) -> float:
        tool, alloy = self.tool, self.alloy
        yield_pa = self.shear_yield_pa()
        sunk_m = min(self.depth_m, tool.pin_length_m)
        shoulder = 0.0 if heel_m <= 0.0 else min(heel_m / 0.00003, 1.0)
        if not turns and self.is_frozen:
            return _FROZEN_STICK * sticking_torque_nm(yield_pa, tool, sunk_m, shoulder)
        pin_force_n = alloy.pin_pressure_pa * pi * tool.pin_radius_m**2 * self.softness()
        shoulder_pa = max(self.force_n - pin_force_n, 0.0) / tool.shoulder_area_m2
        pin_pa = alloy.pin_pressure_pa * self.softness()
        on_shoulder = alloy.stick * yield_pa + (1.0 - alloy.stick) * min(
            alloy.friction * shoulder_pa, yield_pa
        )
        on_pin = alloy.stick * yield_pa + (1.0 - alloy.stick) * min(alloy.friction * pin_pa, yield_pa)
        whole = sticking_torque_nm(1.0, tool, sunk_m, shoulder)
        pin = sticking_torque_nm(1.0, tool, sunk_m, 0.0)
        return on_pin * pin + on_shoulder * (whole - pin)

    def _cool_or_heat(self, dt_s: float, heat_w: float, travel_m_s: float) -> None:
        """C dT/dt = eta M w - G(v) (T - T0), exactly over the step for constant heat."""
        loss = _STANDING_W_K + _TRAVEL_W_K * sqrt(travel_m_s)
        if self.depth_m <= 0.0:
            loss = 0.3  # in air
        end_c = AMBIENT_C + _INTO_WORK * heat_w / loss
        self.temperature_c += (end_c - self.temperature_c) * (1.0 - exp(-loss * dt_s / _HEAT_J_K))
        self.sensor_c += (self.temperature_c - self.sensor_c) * (1.0 - exp(-dt_s / _SENSOR_S))

    def _loads(self, travel_m_s: float, angle_rev: float) -> StirLoads:
        if self.is_frozen:
            return StirLoads(self.force_n, _FROZEN_PULL_N, _FROZEN_DRAG_N, self.torque_nm)
        side = _TRAVERSE_SHARE * self.force_n * self.softness() if abs(travel_m_s) > 0.0 else 0.0
        ripple = 1.0 + _RIPPLE * sin(2.0 * pi * angle_rev)
        return StirLoads(self.force_n * ripple, 0.0, side, self.torque_nm)

    def _weld(
        self, part: Part, x_m: float, heel_m: float, travel_m_s: float, rpm: float, tip_m: float
    ) -> None:
        alloy = self.alloy
        pin_force_n = alloy.pin_pressure_pa * pi * self.tool.pin_radius_m**2 * self.softness()
        pressure_pa = max(self.force_n - pin_force_n, 0.0) / self.tool.shoulder_area_m2
        per_mm = abs(rpm) / 60.0 / (abs(travel_m_s) * 1000.0)
        part.weld.add(
            x_m - self.seam_start_x_m,
            WeldSlice(
                has_void=pressure_pa < alloy.void_below_pa
                or self.temperature_c < alloy.void_below_c
                or per_mm < alloy.revolutions_per_mm_min,
                has_flash=self.temperature_c > alloy.flash_above_c or heel_m > alloy.flash_above_m,
                has_root_flaw=tip_m > alloy.root_above_m,
            ),
        )
