"""Worked examples of the sources, and what recipes do to welds."""

from __future__ import annotations

from math import pi, radians

import pytest

from cell_sim.plant import Part
from cell_sim.plant.friction_stir import (
    StirTool,
    frictional_heat_w,
    peak_temperature_c,
    sticking_torque_nm,
)

WORKED = StirTool(0.009, 0.003, 0.004, radians(10.0))


def test_the_sticking_torque_is_that_of_schmidt_hattel_wert():
    torque = sticking_torque_nm(25e6, WORKED, 0.004)
    assert torque == pytest.approx(50.3, abs=0.1)
    assert torque * 400 * pi / 30 == pytest.approx(2110, abs=5)


def test_the_shares_of_shoulder_side_and_tip_are_the_known_ones():
    whole = sticking_torque_nm(25e6, WORKED, 0.004)
    pin = sticking_torque_nm(25e6, WORKED, 0.004, shoulder=0.0)
    tip = sticking_torque_nm(25e6, WORKED, 0.0, shoulder=0.0)
    assert 100 * (whole - pin) / whole == pytest.approx(85.9, abs=0.1)
    assert 100 * (pin - tip) / whole == pytest.approx(11.2, abs=0.1)
    assert 100 * tip / whole == pytest.approx(2.8, abs=0.1)


def test_frictional_heat_is_that_of_frigaard():
    assert frictional_heat_w(0.4, 7000, 0.009, 1000) == pytest.approx(1760, abs=5)


@pytest.mark.parametrize(
    ("rpm", "mm_per_min", "peak_c"),
    [(400, 120, 433), (800, 200, 452), (1000, 300, 453), (1200, 100, 488), (1400, 80, 501)],
)
def test_peak_temperature_is_that_of_arbegast_and_hartley(rpm, mm_per_min, peak_c):
    assert peak_temperature_c(rpm, mm_per_min / 60000.0) == pytest.approx(peak_c, abs=1)


class Welder:
    """Welds one part as a careful operator would: touch, plunge, dwell, traverse under force, retract."""

    def __init__(self, rig, rpm=1000.0, travel_m_s=0.005, force_n=6000.0):
        self.rig, self.rpm, self.travel_m_s, self.force_n = rig, rpm, travel_m_s, force_n
        belt = rig.plant.belts["conveyor"]
        self.part: Part = belt.loader.make(belt.pitch_m)
        belt.parts.append(self.part)
        rig.plant.set_outputs("station_io", 1)
        rig.run(0.3)
        self.place = rig.plant.welds["robot"]
        self.peak_n = 0.0
        self.traverse_c: list[float] = []

    def plunge(self) -> float:
        place, weld, rig = self.place, self.rig.recipe.weld, self.rig
        place.x.move_to(0.1, 0.2, 2.0, 2.0)
        place.spindle.run(self.rpm, 3000.0)
        place.z.move_to(self.part.thickness_m + 0.002, 0.08, 1.0, 1.0)
        rig.run(2.5)
        place.z.set_speed(-weld.touch_speed_m_s, 1.0, 1.0)
        while place.zone.force_n < weld.touch_force_n:
            rig.run(0.02)
        down_m = rig.recipe.tool.pin_length_m + weld.heel_plunge_m
        target_m = place.z.position_m - down_m
        place.z.move_to(target_m, weld.plunge_speed_m_s, 1.0, 1.0)
        while not place.z.ramp.is_done:
            rig.run(0.02)
            self.peak_n = max(self.peak_n, place.zone.force_n)
        return target_m

    def weld(self) -> None:
        target_m = self.plunge()
        place, rig = self.place, self.rig
        authority_m = rig.recipe.weld.depth_authority_m

        def control() -> None:
            speed = -(self.force_n - place.zone.force_n) * 1e-7
            speed = min(max(speed, -0.0005), 0.0005)
            at_end = (
                place.z.position_m <= target_m - authority_m
                if speed < 0
                else (place.z.position_m >= target_m + authority_m)
            )
            place.z.set_speed(0.0 if at_end else speed, 1.0, 1.0)
            if abs(place.x.speed_m_s) > 0.001:
                self.traverse_c.append(place.zone.temperature_c)

        rig.run(1.5, each=control)
        seam_m = rig.recipe.part.seam_m
        place.x.move_to(0.1 + seam_m, self.travel_m_s, 1.0, 1.0)
        rig.run(seam_m / self.travel_m_s + 0.1, each=control)
        place.z.move_to(0.06, 0.04, 1.0, 1.0)
        rig.run(2.0)

    @property
    def flaws(self) -> tuple[str, ...]:
        return self.part.weld.flaws(self.part.seam_m)


def test_the_bracket_recipe_makes_a_sound_weld(rig):
    welder = Welder(rig)
    welder.weld()
    assert welder.flaws == ()
    steady_c = sum(welder.traverse_c) / len(welder.traverse_c)
    assert steady_c == pytest.approx(peak_temperature_c(1000, 0.005), abs=25)


@pytest.mark.parametrize(
    ("wrong", "flaw"),
    [
        ({"rpm": 600.0}, "void"),  # too cold
        ({"travel_m_s": 0.013}, "void"),  # too few revolutions per mm
        ({"force_n": 3000.0}, "root flaw"),  # not deep enough
        ({"rpm": 1800.0, "travel_m_s": 0.001}, "flash"),  # too hot
    ],
)
def test_a_wrong_recipe_makes_a_bad_weld(rig, wrong, flaw):
    welder = Welder(rig, **wrong)
    welder.weld()
    assert flaw in welder.flaws


def test_an_interrupted_weld_is_incomplete(rig):
    welder = Welder(rig)
    welder.plunge()
    rig.run(1.0)
    welder.place.x.move_to(0.12, 0.005, 1.0, 1.0)
    rig.run(4.2)
    welder.place.z.move_to(0.06, 0.04, 1.0, 1.0)
    rig.run(2.0)
    assert "incomplete" in welder.flaws


def test_a_spindle_stopped_in_the_weld_freezes_the_tool(rig):
    welder = Welder(rig)
    welder.plunge()
    rig.run(1.0)
    place = welder.place
    place.spindle.run(0.0, 3000.0)
    rig.run(3.0)
    assert place.zone.is_frozen
    before_m = place.x.position_m
    place.x.move_to(0.12, 0.01, 1.0, 1.0)
    rig.run(1.0)
    assert place.x.position_m == before_m  # the drive cannot tear it sideways
    place.x.hold(1.0)
    place.z.force_limit_n = 3000.0
    place.z.move_to(0.06, 0.01, 1.0, 1.0)
    rig.run(7.0)
    assert not place.tool_in_material  # a limited force still pulls it out
    assert "torn" in welder.flaws


def test_a_frozen_tool_springs_back_and_is_pushed_no_further(rig):
    welder = Welder(rig)
    welder.plunge()
    rig.run(1.0)
    place = welder.place
    place.spindle.run(0.0, 3000.0)
    rig.run(3.0)
    assert place.zone.force_n > 3000.0
    bent_m = place.zone.force_n / place.zone.stiffness_n_m
    place.z.move_to(place.z.position_m + 2.0 * bent_m, 0.001, 1.0, 1.0)
    rig.run(1.0)
    assert place.zone.is_frozen
    assert place.zone.force_n == pytest.approx(0.0, abs=1.0)


def test_a_frozen_spindle_breaks_loose_below_the_recovery_torque(rig):
    welder = Welder(rig)
    welder.plunge()
    rig.run(1.0)
    spindle = welder.place.spindle
    spindle.run(0.0, 3000.0)
    rig.run(20.0)  # cold
    spindle.torque_limit_nm = rig.cell.safety.recovery_torque_nm
    spindle.run(500.0, 500.0)
    rig.run(3.0)
    assert spindle.speed_rpm == pytest.approx(500.0, abs=50.0)
    assert not welder.place.zone.is_frozen


def test_the_gantry_gives_way_by_force_over_stiffness(rig):
    welder = Welder(rig)
    target_m = welder.plunge()
    zone = welder.place.zone
    tip_m = welder.part.thickness_m - zone.depth_m
    assert zone.force_n > 2000.0
    assert tip_m - target_m == pytest.approx(zone.force_n / zone.stiffness_n_m, abs=5e-6)


def test_plunging_peaks_above_the_force_after_the_dwell(rig):
    welder = Welder(rig)
    welder.plunge()
    rig.run(1.5)
    assert welder.peak_n > 1.25 * welder.place.zone.force_n


def test_a_weld_without_clamp_is_known_to_be_loose(rig):
    welder = Welder(rig)
    rig.plant.set_outputs("station_io", 0)
    rig.run(0.3)
    welder.plunge()
    assert "loose" in welder.flaws
