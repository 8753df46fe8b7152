"""The recovery permit: begins on an edge, ends by itself, one station at a time."""

from __future__ import annotations

from cell_controller.messages import CellPermit, Permit
from cell_controller.packml import Mode
from cell_controller.safety.findings import Finding
from cell_controller.safety.limits import SafetyLimits
from cell_controller.safety.rules import RuleBook


class RecoveryPermit:
    """Whom the present recovery permit is for; none to begin with."""

    def __init__(self, limits: SafetyLimits, rules: RuleBook) -> None:
        self._limits = limits
        self._rules = rules
        self._is_released = False  # the operator has let go since the last trip or recovery
        self.station = ""
        self.drive = ""

    def hear(self, permit: CellPermit) -> None:
        """A permit that asks for no recovery makes the next one that does an edge."""
        if permit.permit is not Permit.RECOVERY:
            self._is_released = True

    def lapse(self) -> None:
        """Tripped: whoever still holds the button down has to let go first."""
        self._is_released = False
        self.station = self.drive = ""

    def may_begin(self, permit: CellPermit, findings: tuple[Finding, ...], hindrance: str) -> bool:
        """Asked while tripped; `hindrance` is why the lines are not ready for a new epoch."""
        station = self._limits.stations.get(permit.recover_station)
        return (
            self._is_released
            and not hindrance
            and self._is_asked(permit)
            and station is not None
            and (not permit.recover_drive or permit.recover_drive in station.drives)
            and self.allows(findings)
        )

    def begin(self, permit: CellPermit) -> None:
        self._is_released = False
        self.station, self.drive = permit.recover_station, permit.recover_drive

    def must_end(self, permit: CellPermit | None, findings: tuple[Finding, ...]) -> bool:
        """No longer asked for, asked for something else, or something present does not allow it."""
        return (
            permit is None
            or not self._is_asked(permit)
            or (permit.recover_station, permit.recover_drive) != (self.station, self.drive)
            or not self.allows(findings)
        )

    def _is_asked(self, permit: CellPermit) -> bool:
        return permit.permit is Permit.RECOVERY and permit.mode == Mode.MANUAL

    def allows(self, findings: tuple[Finding, ...]) -> bool:
        """None of the findings forbids a recovery."""
        return not any(f.is_event or not self._rules.is_recoverable(f) for f in findings)
