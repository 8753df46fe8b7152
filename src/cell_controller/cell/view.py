"""What the manager sees in one step: only values fresh enough to decide on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_controller.cell.layout import CellLayout
from cell_controller.config.models import INTERLOCK
from cell_controller.messages import Echo, SafetyPhase, SafetyState, StationState
from cell_controller.runtime import FaultKind, Inputs, ports

SAFETY_LIMIT_S = 0.2
"""Age at which SafetyState counts as missing: ten of its 20 ms periods."""

STATION_LIMIT_S = 0.3
"""Age at which a StationState counts as missing: six of its 50 ms periods, as stations allow their Orders."""


@dataclass(frozen=True, slots=True)
class View:
    """The newest fresh messages at now_s; what is missing or too old is not in it."""

    now_s: float
    safety: SafetyState | None
    echo: Echo  # the newest SafetyState processed, fresh or not
    stations: Mapping[str, StationState]
    restarted: tuple[str, ...] = ()  # stations heard with a new session since the last step
    was_safety_heard: bool = False

    def is_clear(self, station: str) -> bool:
        """Measured to be outside every shared zone; unheard is not clear."""
        state = self.stations.get(station)
        return state is not None and state.is_clear

    def is_ready(self, station: str) -> bool:
        """Can take a task; unheard is not ready."""
        state = self.stations.get(station)
        return state is not None and state.is_ready

    @property
    def is_tripped(self) -> bool:
        """The interlock reports a trip; unheard is not reported here."""
        return self.safety is not None and self.safety.phase is SafetyPhase.TRIPPED

    def with_tool_in_material(self) -> tuple[str, ...]:
        """Stations that report a tool in the material."""
        return tuple(name for name, state in self.stations.items() if state.tool_in_material)


def look(inputs: Inputs, layout: CellLayout, now_s: float) -> View:
    """Take the view of this step from the inbox."""
    last = inputs.latest(ports.SAFETY.name, INTERLOCK, SafetyState)
    age_s = inputs.age_s(ports.SAFETY.name, INTERLOCK)
    stations: dict[str, StationState] = {}
    for spec in layout.stations:
        state = inputs.latest(ports.STATION_STATE.name, spec.name, StationState)
        is_fresh = inputs.age_s(ports.STATION_STATE.name, spec.name) < STATION_LIMIT_S
        if state is not None and is_fresh and state.station == spec.name:
            stations[spec.name] = state
    return View(
        now_s=now_s,
        safety=last if age_s < SAFETY_LIMIT_S else None,
        echo=Echo(INTERLOCK, last.guard.session, last.guard.stamp_s) if last else Echo(),
        stations=stations,
        restarted=tuple(
            fault.source
            for fault in inputs.faults
            if fault.kind is FaultKind.NEW_SESSION and fault.port == ports.STATION_STATE.name
        ),
        was_safety_heard=last is not None,
    )
