"""Checks that a drive measures what the interlock is asked to watch."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config import CellFile, Finding, KeyPath
from cell_controller.config.units import quantity
from cell_controller.drives.profile import DriveProfile, Quantity
from cell_controller.plan.make import Profiles

_WATCHED = (
    ("max_current_a", Quantity.CURRENT),
    ("max_temperature_c", Quantity.TEMPERATURE),
    ("max_power_w", Quantity.POWER),
)


def measures(profile: DriveProfile, what: Quantity) -> bool:
    """Whether a drive with this profile is asked for a quantity, cyclically or now and then."""
    return any(what in block.fields for block in (profile.reads.fast, *profile.reads.slow))


def measures_force(profile: DriveProfile) -> bool:
    """Whether an axis with this profile knows its motor's force: torque in percent, of a rated torque."""
    return measures(profile, Quantity.TORQUE) and profile.nameplate.rated_torque_nm is not None


def watched_values_are_measured(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """A limit on what nobody reads would never trip."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or profile.kind.value != drive.kind.value:
            continue
        for key, what in _WATCHED:
            if getattr(drive, key, None) is not None and not measures(profile, what):
                path: KeyPath = ("drives", name, key)
                yield Finding(path, f"{profile.name} does not read its {what.value}", "remove it")
        if name in cell.safety.max_axial_force_n and not measures_force(profile):
            path = ("safety", "max_axial_force_n", name)
            yield Finding(
                path, f"{profile.name} does not measure its force", "remove it or take another drive"
            )
        current_a, plate = getattr(drive, "max_current_a", None), profile.nameplate
        if current_a is None or plate.rated_current_a is None or plate.max_torque_percent is None:
            continue
        most_a = plate.rated_current_a * plate.max_torque_percent / 100.0
        if current_a > most_a:
            text = f"above what {profile.name} gives, {quantity(most_a, 'A')}: it would never trip"
            yield Finding(("drives", name, "max_current_a"), text, "lower it")
