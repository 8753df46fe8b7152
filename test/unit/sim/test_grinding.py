"""Worked examples of the sources, and what recipes do to ground faces."""

from __future__ import annotations

from math import pi

import pytest

from cell_sim.plant.grinding import (
    burn_energy_j_mm3,
    deflection_time_s,
    grinding_power_w,
    normal_force_n,
)


def test_power_force_and_lag_are_those_of_the_worked_example():
    removal = pi * 0.040 * 0.020 * 10e-6  # d_w 40 mm, b 20 mm, v_r 10 um/s
    assert removal / 0.020 * 1e6 == pytest.approx(1.26, abs=0.005)
    power = grinding_power_w(removal)
    assert power == pytest.approx(1005, abs=2)
    force = normal_force_n(power, 35.0)
    assert force == pytest.approx(72, abs=0.5)
    assert deflection_time_s(force, 10e6, 10e-6) == pytest.approx(0.72, abs=0.005)
    assert deflection_time_s(force, 20e6, 10e-6) == pytest.approx(0.36, abs=0.005)


def test_the_burn_threshold_falls_with_the_depth_of_cut():
    assert burn_energy_j_mm3(0.25, 20e-6, 0.05) > 40.0 > burn_energy_j_mm3(0.25, 80e-6, 0.05)


class Grinder:
    """Grinds one part: gap, rough, finish, spark-out, back."""

    def __init__(self, rig, **recipe):
        self.rig = rig
        self.recipe = rig.recipe.grind.model_copy(update=recipe)
        belt = rig.plant.belts["conveyor"]
        self.part = belt.loader.make(2 * belt.pitch_m)
        belt.parts.append(self.part)
        rig.plant.set_outputs("station_io", 2)
        rig.run(0.3)
        self.place = rig.plant.grinds["spindle"]
        self.most_w = 0.0

    def _stroke(self) -> None:
        traverse = self.place.traverse
        self.most_w = max(self.most_w, self.place.zone.power_w)
        if traverse.ramp.is_done:
            end_m = self.rig.recipe.part.grind_length_m if traverse.position_m < 0.01 else 0.0
            traverse.move_to(end_m, self.recipe.traverse_speed_m_s, 2.0, 2.0)

    def until_contact(self) -> float:
        place, r = self.place, self.recipe
        place.wheel.run(r.wheel_rpm, 2900.0)
        place.infeed.move_to(r.approach_m, 0.06, 1.0, 1.0)
        self.rig.run(2.0)
        place.infeed.set_speed(-r.gap_speed_m_s, 1.0, 1.0)
        while place.zone.force_n < r.contact_force_n:
            self.rig.run(0.02, each=self._stroke)
        return place.infeed.position_m

    def grind(self, spark_out_s: float = 2.0) -> None:
        contact_m = self.until_contact()
        self.feed(contact_m - self.recipe.rough_m, self.recipe.rough_speed_m_s)
        self.feed(self.recipe.size_m, self.recipe.finish_speed_m_s)
        self.rig.run(spark_out_s, each=self._stroke)
        self.place.infeed.move_to(0.04, 0.06, 1.0, 1.0)
        self.rig.run(1.5)

    def feed(self, to_m: float, speed_m_s: float) -> None:
        infeed = self.place.infeed
        infeed.move_to(to_m, speed_m_s, 1.0, 1.0)
        while not infeed.ramp.is_done:
            self.rig.run(0.02, each=self._stroke)

    def flaws(self) -> tuple[str, ...]:
        limits = self.recipe.limits
        every = self.part.flaws(self.recipe.size_m, limits.size_tolerance_m, limits.finish_max_um)
        return tuple(f for f in every if f.startswith("grind"))


def test_the_bracket_recipe_grinds_to_size_and_finish(rig):
    grinder = Grinder(rig)
    grinder.grind()
    assert grinder.flaws() == ()
    assert grinder.most_w < grinder.recipe.power_max_w


def test_the_gauge_reads_the_face_that_is_left(rig):
    grinder = Grinder(rig)
    grinder.grind()
    signal = rig.cell.signals.analog["grind_gauge_m"]
    raw = rig.plant.modules[signal.module].analog_raw(signal.channel)
    assert signal.offset + signal.scale * raw == pytest.approx(grinder.part.surface_m, abs=1e-7)


@pytest.mark.parametrize(
    ("wrong", "spark_out_s", "flaw"),
    [
        ({"finish_speed_m_s": 15e-6}, 0.0, "grind finish"),
        ({"rough_speed_m_s": 60e-6}, 2.0, "grind burnt"),
        ({"size_m": -90e-6}, 2.0, "grind size"),
    ],
)
def test_a_wrong_recipe_grinds_a_bad_face(rig, wrong, spark_out_s, flaw):
    size_m = rig.recipe.grind.size_m
    grinder = Grinder(rig, **wrong)
    grinder.grind(spark_out_s)
    grinder.recipe = grinder.recipe.model_copy(update={"size_m": size_m})
    assert flaw in grinder.flaws()


def test_the_lag_of_the_infeed_is_rate_times_time_constant(rig):
    grinder = Grinder(rig)
    contact_m = grinder.until_contact()
    grinder.feed(contact_m - 50e-6, 15e-6)
    zone = grinder.place.zone
    lag_m = grinder.part.surface_m - grinder.place.infeed.position_m
    assert lag_m == pytest.approx(zone.force_n / zone.stiffness_n_m, rel=1e-3)
    assert lag_m == pytest.approx(
        15e-6 * deflection_time_s(zone.force_n, zone.stiffness_n_m, 15e-6), rel=1e-3
    )
    removal = rig.recipe.part.grind_length_m * rig.recipe.part.grind_width_m * 15e-6
    assert zone.power_w == pytest.approx(grinding_power_w(removal), rel=0.05)


def test_a_standing_wheel_dents_the_part_and_removes_nothing(rig):
    grinder = Grinder(rig)
    infeed, before_m = grinder.place.infeed, grinder.part.surface_m
    infeed.move_to(-50e-6, 0.06, 1.0, 1.0)
    rig.run(3.0)
    assert grinder.part.surface_m == before_m
    assert "grind pressed" in grinder.flaws()


def test_infeed_with_a_standing_traverse_cuts_a_groove(rig):
    grinder = Grinder(rig)
    grinder.place.wheel.run(2600.0, 2900.0)
    grinder.place.infeed.move_to(0.0, 0.06, 1.0, 1.0)
    rig.run(2.0)
    grinder.place.infeed.move_to(-50e-6, 15e-6, 1.0, 1.0)
    rig.run(4.0)
    assert "grind groove" in grinder.flaws()
