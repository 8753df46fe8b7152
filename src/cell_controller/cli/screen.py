"""Everything that a running cell says, on one screen."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
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
TWO_COLUMNS_WIDTH = 170  # a row of the drives beside a row of the parts


def cell_screen(client: OperatorClient) -> RenderableType:
    """State, interlock, stations, drives, parts and alarms; old news are marked as such."""
    return Group(
        *_head(client),
        Text(),
        _interlock(client),
        Text(),
        *_machine(client),
        *_parts(client),
        *_alarms(client),
    )


def live_screen(client: OperatorClient, width: int) -> RenderableType:
    """The same for a screen that does not scroll: what needs a person is never below its lower edge."""
    first = Group(*_head(client), *_alarms(client), *_parts(client), _interlock(client))
    second = Group(*_machine(client))
    if width < TWO_COLUMNS_WIDTH:
        return Group(first, second)
    columns = Table.grid(padding=(0, 4))
    columns.add_row(first, second)
    return columns


def _head(client: OperatorClient) -> list[RenderableType]:
    items: list[RenderableType] = []
    silent_s = client.age_s(ports.STATE)
    if silent_s > SILENT_S:
        items.append(Text(f"nothing heard from {client.namespace} for {silent_s:.0f} s", style="bold red"))
    return items if client.state is None else [*items, state_view(client.state)]


def _interlock(client: OperatorClient) -> RenderableType:
    return (
        Text("interlock is not heard", style="red") if client.safety is None else safety_view(client.safety)
    )


def _machine(client: OperatorClient) -> list[RenderableType]:
    stations = [] if client.state is None else [stations_view(client.state.stations)]
    return [*stations, drives_view(client.drive_states)]


def _parts(client: OperatorClient) -> list[RenderableType]:
    return [parts_view(client.state.parts)] if client.state is not None and client.state.parts else []


def _alarms(client: OperatorClient) -> list[RenderableType]:
    return [alarms_view(client.alarms)] if client.alarms.active else []
