"""What one station wants: its newest setpoint that may be used, or why there is none."""

from __future__ import annotations

from math import inf

from cell_controller.messages import DriveSetpoint, Setpoint
from cell_controller.safety.clip import fault_of
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import SafetyLimits, StationLimits
from cell_controller.safety.snapshot import Snapshot


class StationFeed:
    """Takes Setpoints one by one. One that is refused is as good as not received: it refreshes nothing."""

    def __init__(self, limits: SafetyLimits, station: StationLimits) -> None:
        self.station = station
        self._limits = limits
        self.setpoint: Setpoint | None = None
        self.wishes: dict[str, DriveSetpoint] = {}
        self.fault: Finding | None = None  # the newest message is one that no working station sends
        self.refusal = ""  # why the newest message was not used
        self._floors_s: dict[str, float] = {}

    def require_newer(self, snapshot: Snapshot) -> None:
        """From now on only what was computed from drive states that are still to come may be used."""
        self.setpoint, self.wishes = None, {}
        self._floors_s = {
            line: states.guard.stamp_s if (states := snapshot.lines[line].states) else inf
            for line in self.station.lines
        }

    def offer(self, setpoint: Setpoint, at_s: float, snapshot: Snapshot) -> bool:
        """True when the setpoint is the newest that may be used."""
        words = self._malformed(setpoint)
        self.fault = Finding(RuleName.SETPOINT, self.station.name, words) if words else None
        self.refusal = words or self._refusal(setpoint, snapshot)
        if self.refusal:
            return False
        self.setpoint = setpoint
        self.wishes = {d.drive: d for d in setpoint.drives}
        snapshot.setpoint_at_s[self.station.name] = at_s
        return True

    def _malformed(self, setpoint: Setpoint) -> str:
        if setpoint.program and setpoint.program not in self.station.programs:
            return f"{setpoint.program} is no stop program of this station"
        seen: set[str] = set()
        for wish in setpoint.drives:
            if wish.drive not in self.station.drives and wish.drive not in self.station.modules:
                return f"{wish.drive} is no drive of this station"
            if wish.drive in seen:
                return f"{wish.drive} is named twice"
            seen.add(wish.drive)
            words = fault_of(self._limits.drives[wish.drive], wish, self.station.name)
            if words:
                return words
        return ""

    def _refusal(self, setpoint: Setpoint, snapshot: Snapshot) -> str:
        limit_s = self._limits.ages.based_on_s[self.station.name]
        echoes = {e.source: e for e in setpoint.based_on}
        for line in self.station.lines:
            view, echo = snapshot.lines[line], echoes.get(line)
            if view.states is None or echo is None:
                return f"it is not based on the drive states of {line}"
            if echo.session != view.states.guard.session:
                return f"it is based on another session of {line}"
            age_s = view.bus_now_s(snapshot.now_s) - echo.stamp_s
            if not abs(age_s) <= limit_s:
                return f"it is based on drive states of {line} that are {age_s:.3f} s old"
            if not echo.stamp_s > self._floors_s.get(line, -inf):
                return f"it is based on drive states of {line} from before the permit"
        return ""
