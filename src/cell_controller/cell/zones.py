"""Grants of shared space: one owner per zone, changed only on measured clearance, never by a timeout."""

from __future__ import annotations

from collections.abc import Collection

from cell_controller.cell.layout import CellLayout
from cell_controller.cell.view import View
from cell_controller.messages import ZoneOwner


class ZoneBook:
    """Who may move in which zone. Nobody after a start: measurement alone decides then."""

    def __init__(self, layout: CellLayout) -> None:
        self._layout = layout
        self._owners: dict[str, str] = dict.fromkeys(layout.zones, "")

    def zones_of(self, station: str) -> tuple[str, ...]:
        """The zones granted to a station."""
        return tuple(zone for zone, owner in self._owners.items() if owner == station)

    def owners(self) -> tuple[ZoneOwner, ...]:
        """Every zone with its owner."""
        return tuple(ZoneOwner(zone, owner) for zone, owner in self._owners.items())

    def grant(self, station: str, view: View, busy: Collection[str]) -> bool:
        """Give a station all of its zones, or none when one other member is busy or not clear of them."""
        spec = self._layout.station(station)
        if spec is None:
            return False
        for zone in spec.zones:
            for member in self._layout.members(zone):
                if member != station and (member in busy or not view.is_clear(member)):
                    return False
        for zone in spec.zones:
            self._owners[zone] = station
        return True
