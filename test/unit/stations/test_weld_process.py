"""Welds in a plate with heat, softening and a springy gantry: the verdict agrees with the cut-up part."""

import pytest

from cell_controller.messages import TaskKind, TaskResult, Verdict
from cell_sim.plant.friction_stir import Alloy, StirTool, StirZone
from cell_sim.plant.parts import Part

SUBSTEPS = 10  # of a bench tick: the force follows the depth within 0.03 s
FRICTION_N = 300.0  # of preloaded guides: 2 % of the nominal force


class Plate:
    """The plant's stir zone under the bench's drives."""

    def __init__(self, bench):
        tool, part = bench.recipe.tool, bench.recipe.part
        self.part = Part(1, part.thickness_m, 0.0, 0.0, part.seam_m)
        self.zone = StirZone(
            StirTool(tool.shoulder_radius_m, tool.pin_radius_m, tool.pin_length_m),
            bench.config.stiffness_n_m,
            bench.config.seam_start_x_m,
            Alloy(),
        )
        self._before = (bench.drives["weld_z"].position_m, bench.drives["weld_x"].position_m)
        self._turns = 0.0
        self.peak_n = 0.0

    def __call__(self, bench, dt_s):
        z, x, spindle = (bench.drives[d] for d in ("weld_z", "weld_x", "weld_spindle"))
        (z_m, x_m), self._before = self._before, (z.position_m, x.position_m)
        for i in range(1, SUBSTEPS + 1):
            at_z_m, at_x_m = (a + (b.position_m - a) * i / SUBSTEPS for a, b in ((z_m, z), (x_m, x)))
            self._turns += spindle.speed / 60.0 * dt_s / SUBSTEPS
            loads = self.zone.step(
                dt_s / SUBSTEPS, at_z_m, at_x_m, x.speed, spindle.speed, self._turns, self.part
            )
            self.peak_n = max(self.peak_n, self.zone.force_n)
        friction_n = FRICTION_N * ((z.speed > 1e-6) - (z.speed < -1e-6))
        z.load_n = loads.axial_n - friction_n
        bench.analog[0] = self.zone.sensor_c / 0.1


def _weld(make_bench, change):
    bench = make_bench("robot")
    weld = bench.recipe.weld.model_copy(update=change)
    bench.recipe = bench.recipe.model_copy(update={"weld": weld})
    bench.process = plate = Plate(bench)
    bench.give(TaskKind.WELD)
    done = bench.finish(60.0)
    assert done.result is TaskResult.DONE, done.detail
    return bench, plate, done


def test_a_recipe_inside_its_window_makes_a_sound_weld(make_bench):
    bench, plate, done = _weld(make_bench, {})
    assert done.verdict is Verdict.GOOD, done.detail
    assert plate.part.weld.flaws(bench.recipe.part.seam_m) == ()
    assert bench.value("axial_force_mean_n") == pytest.approx(bench.recipe.weld.axial_force_n, rel=0.05)


def test_the_plunge_into_cold_metal_stays_clear_of_the_interlock(make_bench):
    bench, plate, _ = _weld(make_bench, {"plunge_speed_m_s": 0.004})
    assert plate.peak_n < 0.9 * bench.cell.safety.max_axial_force_n["weld_z"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"axial_force_n": 3000.0}, "mean axial force"),
        ({"spindle_rpm": 450.0}, "tool temperature"),
        ({"traverse_speed_m_s": 0.02}, "revolutions per mm"),
    ],
)
def test_a_recipe_outside_its_window_makes_a_flawed_weld_and_the_station_knows(make_bench, change, words):
    _bench, plate, done = _weld(make_bench, change)
    assert done.verdict is Verdict.BAD
    assert words in done.detail
    assert any(not s.is_sound for s in plate.part.weld.slices.values())
