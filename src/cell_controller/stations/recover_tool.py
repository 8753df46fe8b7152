"""Pulling a tool out of the material under a recovery permit: spindle up if it can, then slowly out."""

from __future__ import annotations

from enum import StrEnum

from cell_controller.config.models import Safety
from cell_controller.messages import DriveCondition
from cell_controller.safety.limits import RECOVERY_SPEED
from cell_controller.stations.motion import Axis, Spindle
from cell_controller.stations.tool_phases import ToolPhase

RECOVER_TURNING = 0.5  # of the commanded speed, to count as turning
RECOVER_SPIN_S = 5.0  # then the spindle cannot, and the tool is pulled as it is
_DEAD = (DriveCondition.OFFLINE, DriveCondition.FAULT)


class ToolRecovery:
    """Commands `feed` and `spindle` only; the caller lets the other axes stand."""

    def __init__(self, feed: Axis, spindle: Spindle, safety: Safety) -> None:
        self._feed, self._spindle, self._safety = feed, spindle, safety
        self._spinning_s = 0.0

    def start(self) -> None:
        self._spinning_s = 0.0

    def act(self, phase: ToolPhase, is_safe: bool, dt_s: float) -> StrEnum | None:
        """RECOVER_SPIN, then RECOVER_RETRACT, then idle."""
        cannot = self._spindle.state.condition in _DEAD or self._spinning_s > RECOVER_SPIN_S
        if cannot or is_safe:
            self._spindle.stop()
        else:
            self._spindle.turn(self._spindle.model.permitted_rpm * RECOVERY_SPEED)
        if phase is ToolPhase.RECOVER_SPIN:
            self._spinning_s += dt_s
            self._feed.stop()
            is_over = cannot or is_safe or self._spindle.is_turning(RECOVER_TURNING)
            return ToolPhase.RECOVER_RETRACT if is_over else None
        if is_safe:
            self._feed.stop()
            return ToolPhase.IDLE
        self._feed.velocity(self._safety.manual_speed_m_s)
        self._feed.limit_force(self._safety.manual_force_n)
        return None
