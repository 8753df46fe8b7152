"""Everything that a running cell says, on one screen."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from cell_controller.cli.views import (
    alarms_view,
    drives_view,
    parts_view,
    safety_view,
    state_view,
    stations_view,
)
from cell_controller.nodes.operator_client import OperatorClient
from cell_controller.runtime import ports

SILENT_S = 1.0  # ten periods of the state


def cell_screen(client: OperatorClient) -> RenderableType:
    """State, interlock, stations, drives, parts and alarms; old news are marked as such."""
    items: list[RenderableType] = []
    silent_s = client.age_s(ports.STATE)
    if silent_s > SILENT_S:
        items.append(Text(f"nothing heard from {client.namespace} for {silent_s:.0f} s", style="bold red"))
    state, safety, alarms = client.state, client.safety, client.alarms
    if state is not None:
        items += [state_view(state), Text()]
    items += [Text("interlock is not heard", style="red") if safety is None else safety_view(safety), Text()]
    if state is not None:
        items.append(stations_view(state.stations))
    items.append(drives_view(client.drive_states))
    if state is not None and state.parts:
        items.append(parts_view(state.parts))
    if alarms.active:
        items.append(alarms_view(alarms))
    return Group(*items)
