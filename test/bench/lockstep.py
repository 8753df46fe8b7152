"""The demo cell on simulated time with MuJoCo in the loop: seconds of it in one second of one core.

Three parts are made by the Units, drives and lines that `cell simulate` runs, invariants checked. The second
figure is what of the time MuJoCo itself takes, the third what the same parts take on the analytic plant.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figure import Figure, say
from bench.stage import Stage
from cell_controller.config import PlantModel
from cell_sim.host.simcell import SimCell
from cell_sim.plant import mujoco_mechanics

DEMO = Path(__file__).parents[2] / "config/cells/demo.yaml"
PARTS = 3
LIMIT_S = 1500.0  # of simulated time


def measure(stage: Stage) -> Iterator[Figure]:
    """However long it takes: a part is a part."""
    say(f"lockstep: {PARTS} parts on simulated time, twice")
    analytic_s, its_cpu_s = _make(PlantModel.ANALYTIC)
    clock = _Clock(mujoco_mechanics.mujoco)
    mujoco_mechanics.mujoco = clock
    try:
        simulated_s, cpu_s = _make(PlantModel.MUJOCO)
    finally:
        mujoco_mechanics.mujoco = clock.module
    yield Figure("lockstep_mujoco", simulated_s / cpu_s, "s/s", None, PARTS)
    yield Figure("lockstep_mujoco_share", clock.spent_s / cpu_s * 100.0, "%", None, clock.steps)
    yield Figure("lockstep_analytic", analytic_s / its_cpu_s, "s/s", None, PARTS)


def _make(model: PlantModel) -> tuple[float, float]:
    cell = SimCell(DEMO, model=model)
    cell.start()
    begun_s, began_s = cell.host.now_s, time.process_time()
    summary = cell.make_parts(PARTS, LIMIT_S)
    spent_s = time.process_time() - began_s
    if not summary.is_success:
        raise RuntimeError(f"{summary.parts_good} of {PARTS} parts are good")
    return cell.host.now_s - begun_s, spent_s


class _Clock:
    """The module with a clock around its steps."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.spent_s, self.steps = 0.0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def mj_step(self, model: Any, data: Any) -> None:
        began_s = time.process_time()
        self.module.mj_step(model, data)
        self.spent_s += time.process_time() - began_s
        self.steps += 1
