"""The axial force loop against plates of any softness, on the samples of a slow line."""

import random
from dataclasses import dataclass, field
from math import isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cell_controller.stations.contact import TARE_SAMPLES, ToolForce
from cell_controller.stations.welding_robot.force import MAX_RATE_M_S, DepthWindow, ForceLoop

GANTRY_N_M = 5.0e7
TARGET_N = 6000.0
HEEL_M = 0.00015
WINDOW = DepthWindow.around(0.00030, 0.00012, 0.0001)


@dataclass
class Plate:
    """Force over tip depth under the gantry's spring; the axis follows velocities exactly."""

    process_n_m: float
    z_m: float = 0.00035
    force_n: float = 0.0
    low_m: float = field(default=1.0)

    def advance(self, speed_m_s: float, dt_s: float, contact_m: float) -> float:
        self.z_m += speed_m_s * dt_s
        self.low_m = min(self.low_m, self.z_m)
        stiffness = self.process_n_m * GANTRY_N_M / (self.process_n_m + GANTRY_N_M)
        self.force_n = max(stiffness * (contact_m - self.z_m), 0.0)
        return self.force_n


def _run(loop, plate, contact_m, temperature_c, seconds=8.0, seed=1):
    """Samples every 30 to 45 ms, and the speed of a sample reaches the drive with the next one."""
    rng = random.Random(seed)
    force = ToolForce()
    speeds, forces = [0.0], []
    t = 0.0
    while t < seconds:
        dt_s = rng.uniform(0.030, 0.045)
        t += dt_s
        force.sample(-plate.advance(speeds[-1], dt_s, contact_m), dt_s)
        speeds.append(loop.step(force.filtered_n, plate.z_m, temperature_c, dt_s))
        forces.append(plate.force_n)
    return speeds, forces


@pytest.mark.parametrize("softness", [0.25, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_force_reaches_its_target_and_stays_whatever_the_metal(softness, seed):
    nominal = TARGET_N / HEEL_M
    plate = Plate(nominal * softness)
    series = plate.process_n_m * GANTRY_N_M / (plate.process_n_m + GANTRY_N_M)
    contact_m = 0.00030 + TARGET_N / series  # the target lies in the middle of the window
    plate.z_m = min(contact_m, WINDOW.high_m)
    loop = ForceLoop(TARGET_N, HEEL_M, GANTRY_N_M, WINDOW)
    loop.start(0.0)
    speeds, forces = _run(loop, plate, contact_m, 455.0, seed=seed)
    settled = forces[len(forces) // 2 :]
    assert max(settled) <= 1.04 * TARGET_N
    assert min(settled) >= 0.96 * TARGET_N
    assert max(forces) <= 1.25 * TARGET_N
    assert max(abs(s) for s in speeds) <= MAX_RATE_M_S


@settings(max_examples=60, deadline=None)
@given(
    process_n_m=st.floats(1e5, 2e8),
    contact_m=st.floats(0.0, 0.004),
    temperature_c=st.one_of(st.floats(0.0, 700.0), st.just(nan)),
    seed=st.integers(0, 1000),
)
def test_z_never_leaves_its_window_downwards(process_n_m, contact_m, temperature_c, seed):
    plate = Plate(process_n_m)
    loop = ForceLoop(TARGET_N, HEEL_M, GANTRY_N_M, WINDOW)
    loop.start(0.0)
    speeds, _ = _run(loop, plate, contact_m, temperature_c, seconds=4.0, seed=seed)
    assert plate.low_m >= WINDOW.low_m - 1e-9
    assert all(isfinite(speed) for speed in speeds)


def test_the_window_never_reaches_under_the_floor():
    assert DepthWindow.around(0.00013, 0.00012, 0.0001) == DepthWindow(0.0001, 0.00025)
    assert DepthWindow.around(0.00005, 0.00001, 0.0001).low_m == 0.0001


def test_the_gain_falls_as_the_metal_gets_warm_and_cold_tools_count_as_stiff():
    loop = ForceLoop(TARGET_N, HEEL_M, GANTRY_N_M, WINDOW)
    gains = [loop.gain_n_m(t) for t in (20.0, 200.0, 455.0, 550.0, 582.0, 700.0)]
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0.0
    assert loop.gain_n_m(nan) == loop.gain_n_m(455.0)


def test_the_integral_does_not_wind_up_at_the_end_of_the_window():
    loop = ForceLoop(TARGET_N, HEEL_M, GANTRY_N_M, WINDOW)
    loop.start(0.0)
    for _ in range(500):
        loop.step(0.0, WINDOW.low_m, 455.0, 0.04)
    assert loop.is_saturated
    steps = 0
    while loop.step(1.2 * TARGET_N, WINDOW.low_m, 455.0, 0.04) <= 0.0:
        steps += 1
        assert steps < 5, "the loop takes longer than 0.2 s to come back"


def test_force_is_tared_in_free_air_and_points_into_the_material():
    force = ToolForce()
    for _ in range(TARE_SAMPLES):
        assert not force.tare(388.0, 300.0)
    assert force.is_tared
    assert force.sample(388.0 - 2500.0, 0.04) == 2500.0
    assert force.sample(nan, 0.04) == 2500.0


def test_a_tare_that_jumps_by_the_contact_force_is_contact():
    force = ToolForce()
    assert not force.tare(400.0, 300.0)
    assert force.tare(50.0, 300.0)
