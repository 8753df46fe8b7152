"""The picture of a cell that nobody runs: a part at every place, the tool in a weld, the wheel on a face."""

from __future__ import annotations

from cell_controller.config import CellFile, Recipe
from cell_sim.plant import CellPlant, build_plant


def cell_at_work(cell: CellFile, recipe: Recipe) -> CellPlant:
    """After five seconds of work."""
    plant = build_plant(cell, recipe)
    for module in plant.modules:
        plant.set_outputs(module, 0xFF)
    plant.advance(0.1)
    for belt in plant.belts.values():
        belt.wants_part = False
        belt.parts += [belt.loader.make(n * belt.pitch_m) for n in range(len(belt.places) - 1)]
    for weld in plant.welds.values():
        weld.spindle.run(recipe.weld.spindle_rpm, 2000.0)
        middle_m = weld.zone.seam_start_x_m + recipe.part.seam_m / 2
        weld.x.move_to(middle_m, 0.1, 1.0, 1.0)
        weld.z.move_to(recipe.part.thickness_m, 0.02, 1.0, 1.0)
    for grind in plant.grinds.values():
        grind.wheel.run(recipe.grind.wheel_rpm, 2000.0)
        grind.infeed.move_to(0.0, 0.02, 1.0, 1.0)
        grind.traverse.move_to(recipe.part.grind_length_m / 3, 0.1, 1.0, 1.0)
    plant.advance(5.0)
    return plant
