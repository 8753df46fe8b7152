"""Which Units a cell has, and how each is made: the same for processes on ROS and for simulated ones."""

from __future__ import annotations

from collections.abc import Callable

from cell_controller.cell.manager import CellManager
from cell_controller.config import (
    CELL_MANAGER,
    INTERLOCK,
    CellFile,
    Conveyor,
    GrindingSpindle,
    LoadedCell,
    WeldingRobot,
)
from cell_controller.drives.bus import DriveBus
from cell_controller.errors import CellError
from cell_controller.plan import CellPlan
from cell_controller.runtime import Unit
from cell_controller.safety.interlock import Interlock
from cell_controller.stations.conveyor import Conveyor as ConveyorUnit
from cell_controller.stations.grinding_spindle import GrindingSpindle as GrindingSpindleUnit
from cell_controller.stations.welding_robot import WeldingRobot as WeldingRobotUnit

_STATIONS: dict[type[WeldingRobot | GrindingSpindle | Conveyor], Callable[[CellFile, str], Unit]] = {
    WeldingRobot: WeldingRobotUnit,
    GrindingSpindle: GrindingSpindleUnit,
    Conveyor: ConveyorUnit,
}


class UnknownUnitError(CellError):
    """The cell has no Unit of this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"the cell has no unit {name!r}; it has {', '.join(known)}")
        self.name, self.known = name, known


def unit_names(cell: CellFile) -> tuple[str, ...]:
    """Buses, interlock, stations, manager: in the order in which they are started."""
    return (*cell.lines, INTERLOCK, *cell.stations, CELL_MANAGER)


def make_unit(name: str, loaded: LoadedCell, plan: CellPlan, no_production: str = "") -> Unit:
    """A new Unit; raises UnknownUnitError. `no_production` tells the manager why Production is refused."""
    cell = loaded.cell
    if name in cell.lines:
        return DriveBus(cell, plan, name)
    if name in cell.stations:
        station = cell.stations[name]
        return _STATIONS[type(station)](cell, name)
    if name == INTERLOCK:
        return Interlock(cell, plan)
    if name == CELL_MANAGER:
        return CellManager(cell, loaded.recipes, no_production=no_production)
    raise UnknownUnitError(name, unit_names(cell))
