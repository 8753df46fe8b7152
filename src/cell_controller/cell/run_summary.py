"""What a production run adds up to: parts, times per phase, overlap, OEE, trips, line errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cell_controller.messages import CellState, DriveStates


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of `cell run`; its fields are the keys of the JSON object."""

    parts_ordered: int
    parts_good: int
    parts_bad: int
    duration_s: float
    overlap_fraction: float  # share of the process time in which two or more parts were in process
    oee: float
    availability: float
    performance: float
    quality: float
    trips: int
    first_trip: str
    bus_transactions: int
    bus_errors: int
    phase_s: Mapping[str, float]  # "station phase" -> seconds

    @property
    def is_success(self) -> bool:
        return self.parts_ordered > 0 and self.parts_good == self.parts_ordered and self.parts_bad == 0


@dataclass(slots=True)
class RunRecord:
    """Collects while the run goes on."""

    began_at_s: float | None = None
    now_s: float = 0.0
    trips: int = 0
    first_trip: str = ""
    phase_s: dict[str, float] = field(default_factory=dict)
    _was_tripped: bool = True  # the interlock starts tripped; that is not a trip of the run
    _lines: dict[str, tuple[int, int]] = field(default_factory=dict)

    def begin(self, now_s: float) -> None:
        self.began_at_s = now_s

    def take_safety(self, is_tripped: bool, first_out: str) -> None:
        if is_tripped and not self._was_tripped:
            self.trips += 1
            self.first_trip = self.first_trip or first_out
        self._was_tripped = is_tripped

    def take_drives(self, states: DriveStates) -> None:
        transactions = sum(d.transactions for d in states.drives)
        errors = sum(d.errors for d in states.drives)
        self._lines[states.line] = (transactions, errors)

    def take_state(self, state: CellState, now_s: float) -> None:
        if self.began_at_s is not None:
            for station in state.stations:
                key = f"{station.station} {station.phase}"
                self.phase_s[key] = self.phase_s.get(key, 0.0) + now_s - self.now_s
        self.now_s = now_s

    def summary(self, ordered: int, state: CellState | None) -> Summary:
        return Summary(
            parts_ordered=ordered,
            parts_good=state.parts_good if state else 0,
            parts_bad=state.parts_bad if state else 0,
            duration_s=0.0 if self.began_at_s is None else self.now_s - self.began_at_s,
            overlap_fraction=state.overlap_fraction if state else 0.0,
            oee=state.oee if state else 0.0,
            availability=state.availability if state else 0.0,
            performance=state.performance if state else 0.0,
            quality=state.quality if state else 0.0,
            trips=self.trips,
            first_trip=self.first_trip,
            bus_transactions=sum(t for t, _ in self._lines.values()),
            bus_errors=sum(e for _, e in self._lines.values()),
            phase_s=dict(sorted(self.phase_s.items())),
        )
