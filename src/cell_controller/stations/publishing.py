"""When Setpoint and StationState leave: on a change, for a closed loop, at the latest by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from operator import attrgetter
from typing import TypedDict

from cell_controller.messages import DriveSetpoint, Parameter, Setpoint, StationState
from cell_controller.runtime.ports import SETPOINT, STATION_STATE
from cell_controller.runtime.unit import Sent, Step
from cell_controller.stations.motion import Output

PERIOD_S = 0.04  # of both messages; the contract allows 0.05
_LIVE = ("values", "progress", "guard")  # of StationState: what changes all the time
_news_of = attrgetter(*(f.name for f in fields(StationState) if f.name not in _LIVE))


class StationFacts(TypedDict, total=False):
    """Fields of StationState that a kind of station fills in."""

    is_ready: bool
    is_clear: bool
    is_blocked: bool
    is_starved: bool
    is_stranded: bool
    tool_in_material: bool
    zones_wanted: tuple[str, ...]
    progress: float
    places: tuple[bool, ...]


def joined_outputs(outputs: Iterable[Output]) -> tuple[DriveSetpoint, ...]:
    """One setpoint per I/O module for all its outputs; nothing for outputs that are not known yet."""
    by_module: dict[str, DriveSetpoint] = {}
    for output in outputs:
        one = output.setpoint
        if one is None:
            continue
        other = by_module.get(one.drive)
        if other is not None:
            mask = one.outputs_mask | other.outputs_mask
            one = replace(one, outputs=one.outputs | other.outputs, outputs_mask=mask)
        by_module[one.drive] = one
    return tuple(by_module.values())


class Publisher:
    """Remembers what was sent last."""

    def __init__(self, station: str) -> None:
        self._setpoint = Setpoint(station)
        self._setpoint_at_s = -1e9
        self._news: object = None
        self._state_at_s = -1e9

    def publish(
        self,
        now_s: float,
        setpoint: Setpoint | None,
        state: StationState,
        values: Callable[[], tuple[Parameter, ...]],
        is_loop: bool,
    ) -> Step:
        """What is due now; no setpoint is no message. Live values and progress alone make no state due."""
        sent = []
        if setpoint is None:
            self._setpoint_at_s = now_s
        elif now_s >= self._setpoint_at_s + PERIOD_S or is_loop or not self._repeats(setpoint):
            self._setpoint, self._setpoint_at_s = setpoint, now_s
            sent.append(Sent(SETPOINT.name, setpoint))
        news = _news_of(state)
        if now_s >= self._state_at_s + PERIOD_S or news != self._news:
            self._news, self._state_at_s = news, now_s
            sent.append(Sent(STATION_STATE.name, replace(state, values=values())))
        return Step(tuple(sent), min(self._setpoint_at_s, self._state_at_s) + PERIOD_S)

    def _repeats(self, setpoint: Setpoint) -> bool:
        """It says what the one before said, out of newer drive states."""
        return setpoint.drives == self._setpoint.drives and setpoint.program == self._setpoint.program
