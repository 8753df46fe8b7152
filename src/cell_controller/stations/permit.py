"""How a station reads the interlock's phase for its present task."""

from __future__ import annotations

from enum import Enum

from cell_controller.messages import SafetyPhase, SafetyState


class Permit(Enum):
    """The interlock's answer."""

    GRANTED = 0
    WITHHELD = 1  # an inhibit: drives hold, the task waits
    LOST = 2  # a trip, or a recovery permit that ended


def permit_for(safety: SafetyState | None, is_fresh: bool, is_recovery: bool) -> Permit:
    """Missing or old information withholds: the interlock, not the station, decides about a trip."""
    if safety is None or not is_fresh:
        return Permit.WITHHELD
    if safety.phase is (SafetyPhase.RECOVERY if is_recovery else SafetyPhase.MOTION):
        return Permit.GRANTED
    return Permit.WITHHELD if safety.phase is SafetyPhase.HOLD else Permit.LOST
