"""What the loader feeds: two plates, clamped butt to butt, and where they are worked."""

from __future__ import annotations

from cell_controller.config import Recipe
from cell_sim.description.model import Box, Colour, Link, link

LONG_M, WIDE_M = 0.12, 0.12  # along and across the belt; the recipe knows only what is worked of it
_ALUMINIUM_KG_M3 = 2700.0
_LINE_M = 0.0003  # height of what only marks a face


def part_link(recipe: Recipe) -> Link:
    """One part, its underside at z = 0, centred on its place."""
    part = recipe.part
    thick_m = part.thickness_m
    plates = [
        Box((LONG_M, WIDE_M / 2 - 0.0004, thick_m), (0.0, side * WIDE_M / 4, thick_m / 2), Colour.ALUMINIUM)
        for side in (-1, 1)
    ]
    face = Box(
        (part.grind_length_m, part.grind_width_m, _LINE_M), (0.0, 0.0, thick_m), Colour.STEEL, is_solid=False
    )
    seam = Box((part.seam_m, 0.002, _LINE_M), (0.0, 0.0, thick_m + _LINE_M), Colour.FRAME, is_solid=False)
    return link("part", LONG_M * WIDE_M * thick_m * _ALUMINIUM_KG_M3, *plates, face, seam)
