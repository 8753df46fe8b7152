"""Checks of the recipes against what the drives can measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import pi

from cell_controller.config import CellFile, Finding, Recipe
from cell_controller.config.units import quantity
from cell_controller.drives.profile import DriveProfile, Quantity
from cell_controller.plan.make import Profiles

# A reading flickers between two neighbouring counts in free air: one count is no contact, two are.
LEAST_COUNTS = 2


def resolution_n(cell: CellFile, profiles: Profiles, axis: str) -> float | None:
    """Force of an axis that one count of its measured torque stands for; None when it measures none."""
    drive = cell.axis(axis)
    profile: DriveProfile | None = profiles.get(drive.profile)
    field = profile.fields.get(Quantity.TORQUE) if profile else None
    if profile is None or field is None or profile.nameplate.rated_torque_nm is None:
        return None
    return field.scale / 100.0 * profile.nameplate.rated_torque_nm * 2.0 * pi / drive.m_per_rev


def contacts_can_be_felt(
    cell: CellFile, profiles: Profiles, recipes: Mapping[str, Recipe]
) -> Iterator[Finding]:
    """A force that counts as contact is more than the flicker of the reading that it is seen in."""
    axes = [("grind", "contact_force_n", s.infeed) for s in cell.grinding_spindles.values()]
    axes += [("weld", "touch_force_n", s.z) for s in cell.welding_robots.values()]
    for section, key, axis in axes:
        count_n = resolution_n(cell, profiles, axis)
        for name, recipe in recipes.items():
            if count_n is not None and getattr(getattr(recipe, section), key) < LEAST_COUNTS * count_n:
                text = (
                    f"below {LEAST_COUNTS} counts of the torque that {axis} measures, "
                    f"{quantity(count_n, 'N')} each"
                )
                remedy = f"write at least {quantity(LEAST_COUNTS * count_n, 'N')}, or fit a smaller motor"
                yield Finding((section, key), text, remedy, name)
