"""When Setpoint and StationState leave: on a change, for a closed loop, at the latest by period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cell_controller.messages import DriveSetpoint, Echo, Setpoint, StationState
from cell_controller.runtime.ports import SETPOINT, STATION_STATE
from cell_controller.runtime.unit import Sent, Step
from cell_controller.stations.motion import Output

PERIOD_S = 0.04  # of both messages; the contract allows 0.05


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
        self._state = StationState(station)
        self._state_at_s = -1e9

    def publish(
        self,
        now_s: float,
        setpoint: Setpoint | None,
        based_on: tuple[Echo, ...],
        state: StationState,
        is_loop: bool,
    ) -> Step:
        """What is due now; no setpoint is no message. Live values and progress alone make no state due."""
        sent = []
        if setpoint is None:
            self._setpoint_at_s = now_s
        elif now_s >= self._setpoint_at_s + PERIOD_S or is_loop or setpoint != self._setpoint:
            self._setpoint, self._setpoint_at_s = setpoint, now_s
            sent.append(Sent(SETPOINT.name, replace(setpoint, based_on=based_on)))
        quiet = replace(state, values=(), progress=0.0)
        if now_s >= self._state_at_s + PERIOD_S or quiet != self._state:
            self._state, self._state_at_s = quiet, now_s
            sent.append(Sent(STATION_STATE.name, state))
        return Step(tuple(sent), min(self._setpoint_at_s, self._state_at_s) + PERIOD_S)
