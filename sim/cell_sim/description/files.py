"""All files that are generated from one cell."""

from __future__ import annotations

from cell_controller.config import CellFile, Recipe
from cell_sim.description.bridge import bridge_yaml
from cell_sim.description.mechanisms import describe
from cell_sim.description.mjcf import cell_mjcf
from cell_sim.description.sdf import world_sdf
from cell_sim.description.urdf import cell_urdf, mechanism_urdf


def generate(cell: CellFile, recipe: Recipe) -> dict[str, str]:
    """Name of the file and its text."""
    mechanisms = describe(cell, recipe)
    files = {f"{m.name}.urdf": mechanism_urdf(m) for m in mechanisms}
    files["cell.urdf"] = cell_urdf(cell.name, mechanisms)
    files["world.sdf"] = world_sdf(cell.name, mechanisms)
    files["bridge.yaml"] = bridge_yaml(cell.name, mechanisms)
    files["mujoco.xml"] = cell_mjcf(cell, recipe)
    return files
