"""A picture of the cell at work, rendered off-screen.

    python -m cell_sim.still CELL.yaml OUT.png

Needs PyOpenGL and EGL (Debian: libegl1 libgl1) or, with MUJOCO_GL=osmesa, OSMesa (libosmesa6).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cell_controller.config import PlantModel
from cell_controller.config.loader import load_cell
from cell_sim.plant import CellPlant, build_plant
from cell_sim.plant.mujoco_mechanics import MujocoMechanics


def at_work(path: Path) -> CellPlant:
    """A cell with a part at every place but the last, the tool in a weld and the wheel on a face."""
    loaded = load_cell(path)
    recipe = next(iter(loaded.recipes.values()))
    plant = build_plant(loaded.cell, recipe, model=PlantModel.MUJOCO)
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


def main(argv: Sequence[str] | None = None) -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(prog="cell_sim.still", description="a picture of a cell at work")
    parser.add_argument("cell", type=Path, help="cell file")
    parser.add_argument("out", type=Path, help="PNG to write")
    options = parser.parse_args(argv)
    plant = at_work(options.cell)
    mechanics = plant.mechanics
    assert isinstance(mechanics, MujocoMechanics)  # at_work asks for it
    mechanics.render_still(options.out, [p for belt in plant.belts.values() for p in belt.parts])
    return 0


if __name__ == "__main__":
    sys.exit(main())
