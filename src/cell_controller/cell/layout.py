"""What the manager needs of the cell file: the flow of parts, who works where, who shares which space."""

from __future__ import annotations

from dataclasses import dataclass

from cell_controller.cell.errors import LayoutError
from cell_controller.config.models import CellFile, Conveyor, Station
from cell_controller.config.values import StationKind
from cell_controller.messages import TaskKind

PROCESS_OF_KIND = {
    StationKind.WELDING_ROBOT: TaskKind.WELD,
    StationKind.GRINDING_SPINDLE: TaskKind.GRIND,
    StationKind.CONVEYOR: TaskKind.INDEX,
}


@dataclass(frozen=True, slots=True)
class StationSpec:
    """One station as the manager sees it."""

    name: str
    label: str
    process: TaskKind  # WELD, GRIND, or INDEX for the conveyor
    place: str  # where it works; "" for the conveyor
    zones: tuple[str, ...]  # of which it is a member
    drives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CellLayout:
    """One conveyor with its places in the direction of travel, and the stations beside it."""

    conveyor: str
    places: tuple[str, ...]
    stations: tuple[StationSpec, ...]
    zones: tuple[str, ...]

    @property
    def load(self) -> str:
        """The first place, where parts come in."""
        return self.places[0]

    @property
    def out(self) -> str:
        """The last place, where parts are taken away."""
        return self.places[-1]

    @property
    def processing(self) -> tuple[StationSpec, ...]:
        """The stations that work on parts, in file order."""
        return tuple(s for s in self.stations if s.name != self.conveyor)

    def station(self, name: str) -> StationSpec | None:
        """A station by its name."""
        return next((s for s in self.stations if s.name == name), None)

    def station_at(self, place: str) -> StationSpec | None:
        """The station that works at a place."""
        return next((s for s in self.stations if s.place == place and place), None)

    def members(self, zone: str) -> tuple[str, ...]:
        """The stations that share a zone."""
        return tuple(s.name for s in self.stations if zone in s.zones)

    def next_place(self, place: str) -> str | None:
        """The place one pitch further, None behind the last one."""
        index = self.places.index(place) + 1
        return self.places[index] if index < len(self.places) else None


def layout_of(cell: CellFile) -> CellLayout:
    """The layout of a cell file; LayoutError where the manager could not track its parts."""
    conveyors = cell.conveyors
    if len(conveyors) != 1:
        raise LayoutError(
            "stations", f"{len(conveyors)} conveyors; parts are tracked along exactly one of them"
        )
    name, conveyor = next(iter(conveyors.items()))
    stations = tuple(_spec(cell, name, station) for name, station in cell.stations.items())
    taken: dict[str, str] = {}
    for spec in stations:
        if not spec.place:
            continue
        if spec.place not in conveyor.places[:-1]:
            where = "the last place" if spec.place == conveyor.places[-1] else "no place"
            raise LayoutError(f"stations.{spec.name}.place", f"{spec.place} is {where} of {name}")
        if spec.place in taken:
            raise LayoutError(f"stations.{spec.name}.place", f"{taken[spec.place]} works there already")
        taken[spec.place] = spec.name
    return CellLayout(name, conveyor.places, stations, tuple(cell.zones))


def _spec(cell: CellFile, name: str, station: Station) -> StationSpec:
    place = "" if isinstance(station, Conveyor) else station.place
    return StationSpec(
        name,
        station.label,
        PROCESS_OF_KIND[station.kind],
        place,
        cell.zones_of_station(name),
        station.drives,
    )
