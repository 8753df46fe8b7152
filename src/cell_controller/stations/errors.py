"""What a station refuses or cannot do; each error carries the values it failed on."""

from cell_controller.errors import CellError


class StationError(CellError):
    """Anything that a station cannot do."""


class ParameterError(StationError):
    """A parameter of a task is missing, not a number or outside its range."""

    def __init__(self, name: str, value: float | None, low: float, high: float) -> None:
        self.name, self.value, self.low, self.high = name, value, low, high
        found = "is missing" if value is None else f"= {value:g}"
        super().__init__(f"parameter {name} {found}; {low:g} to {high:g} is possible")


class TaskRefusedError(StationError):
    """A task that the station does not start; nothing has moved because of it."""


class PhaseFaultError(StationError):
    """A phase that cannot go on; the station reacts as its table says under `fault or overtime`."""


class StationSetupError(StationError):
    """The cell file names something that this station cannot be built from."""

    def __init__(self, station: str, name: str, expected: str) -> None:
        self.station, self.name, self.expected = station, name, expected
        super().__init__(f"station {station}: {name} is not {expected}")


class PhaseTableError(StationError):
    """A phase table with a hole: a defect of this program."""

    def __init__(self, phase: str, event: str) -> None:
        self.phase, self.event = phase, event
        super().__init__(f"the phase table says nothing about {event} in {phase}")
