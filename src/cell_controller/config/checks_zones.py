"""Checks of the zones: every shared space is one, and a station at rest is outside."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config.models import CellFile, Conveyor, GrindingSpindle, WeldingRobot, ZoneMember
from cell_controller.config.problems import Finding, KeyPath
from cell_controller.config.units import quantity


def shared_places_are_zones(cell: CellFile) -> Iterator[Finding]:
    """Who works at a place of a conveyor shares that space with it, and with all others who work there."""
    workers: dict[str, list[str]] = {}
    for name, station in cell.stations.items():
        if not isinstance(station, Conveyor):
            workers.setdefault(station.place, []).append(name)
    for conveyor_name, conveyor in cell.conveyors.items():
        for place in conveyor.places:
            sharing = [*workers.get(place, []), conveyor_name]
            for index, first in enumerate(sharing):
                for second in sharing[index + 1 :]:
                    if not any(first in zone and second in zone for zone in cell.zones.values()):
                        yield Finding(
                            ("stations", first, "place"),
                            f"{first} and {second} share this space, and no zone has both as members",
                            f"add a zone with {first} and {second}",
                        )


def zones_have_members(cell: CellFile) -> Iterator[Finding]:
    """A zone with one member protects nobody."""
    for name, members in cell.zones.items():
        if len(members) < 2:
            yield Finding(("zones", name), f"has {len(members)} member, at least 2 needed", "add the others")


def members_are_measured_on_their_own_axis(cell: CellFile) -> Iterator[Finding]:
    """Presence is measured on an axis of the member itself, by the one condition that fits its kind."""
    for zone, members in cell.zones.items():
        for name, member in members.items():
            path: KeyPath = ("zones", zone, name)
            if member.drive not in cell.stations[name].drives:
                text = f"is no drive of {name}"
                yield Finding((*path, "drive"), text, "use an axis of the station")
                continue
            wanted = "off_pitch_m" if isinstance(cell.stations[name], Conveyor) else "below_m"
            other = "below_m" if wanted == "off_pitch_m" else "off_pitch_m"
            if getattr(member, other) is not None:
                yield Finding((*path, other), f"does not fit {name}", f"use {wanted}")
            elif getattr(member, wanted) is None:
                yield Finding((*path, wanted), "missing key", f"add it: when is {name} inside?")
            else:
                yield from _outside_at_rest(cell, path, name, member)


def _outside_at_rest(cell: CellFile, path: KeyPath, name: str, member: ZoneMember) -> Iterator[Finding]:
    """A member at its safe position, or standing on a pitch, must count as outside."""
    station = cell.stations[name]
    if isinstance(station, Conveyor) and member.off_pitch_m is not None:
        if not station.in_place_m < member.off_pitch_m < station.pitch_m / 2:
            low, high = quantity(station.in_place_m, "m"), quantity(station.pitch_m / 2, "m")
            text = f"must be between in_place_m = {low} and half a pitch, {high}"
            yield Finding((*path, "off_pitch_m"), text, "correct it")
        return
    safe_m = -1.0
    if isinstance(station, WeldingRobot) and member.drive == station.z:
        safe_m = station.safe_z_m
    if isinstance(station, GrindingSpindle) and member.drive == station.infeed:
        safe_m = station.safe_infeed_m
    if member.below_m is not None and 0.0 < safe_m <= member.below_m:
        text = f"{name} would be inside at its safe position, {quantity(safe_m, 'm')}"
        yield Finding((*path, "below_m"), text, "lower it")
