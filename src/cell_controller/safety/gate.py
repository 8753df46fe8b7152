"""The gate: joins what stations want and what the interlock allows into one LineCommand per line."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from cell_controller.messages import (
    Allowed,
    DriveSetpoint,
    DriveState,
    Echo,
    LineCommand,
    LineDrive,
    SafetyPhase,
    Setpoint,
    SetpointKind,
)
from cell_controller.packml import Mode
from cell_controller.safety.clip import clip_axis, clip_spindle
from cell_controller.safety.feed import StationFeed
from cell_controller.safety.limits import (
    RECOVERY_SPEED,
    REDUCED_SPEED_M_S,
    AxisLimits,
    ModuleLimits,
    SafetyLimits,
    SpindleLimits,
)
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.zones import ZoneRule

# Commanded share of the reduced speed: the rest is for the overshoot of a servo, so that only a fault trips.
REDUCED_SHARE = 0.9
_MOVING_KINDS = (SetpointKind.MOVE, SetpointKind.VELOCITY, SetpointKind.REFERENCE)


@dataclass(frozen=True, slots=True)
class Clearance:
    """What the interlock has decided for this moment."""

    phase: SafetyPhase
    mode: int
    zones: ZoneRule
    outputs: dict[str, tuple[int, int]]  # module: the interlock's own outputs and their mask
    recover_station: str = ""
    recover_drive: str = ""


class Gate:
    """Remembers each station's usable setpoint and the stop program in force for each drive."""

    def __init__(self, limits: SafetyLimits) -> None:
        self._limits = limits
        self.feeds = {name: StationFeed(limits, station) for name, station in limits.stations.items()}
        self._programs: dict[str, str] = dict.fromkeys(limits.drives, "")
        self._inhibits: dict[str, tuple[str, ...]] = {}
        # all axes of a tool at once are no faster than the reduced speed
        self._reduced_m_s = {
            name: REDUCED_SHARE * REDUCED_SPEED_M_S / sqrt(len(station.axes) or 1)
            for name, station in limits.stations.items()
        }

    def require_newer(self, snapshot: Snapshot) -> None:
        """Motion begins: no wish from before may take part in it."""
        for feed in self.feeds.values():
            feed.require_newer(snapshot)

    def offer(self, station: str, setpoint: Setpoint, at_s: float, snapshot: Snapshot) -> bool:
        """True when the setpoint may be used; its program is then in force, unless the cell is tripped."""
        feed = self.feeds[station]
        if not feed.offer(setpoint, at_s, snapshot):
            return False
        program = self._limits.programs.get(setpoint.program)
        is_ours = snapshot.phase is not SafetyPhase.RECOVERY or station == _recovering(snapshot)
        if program is not None and snapshot.phase is not SafetyPhase.TRIPPED and is_ours:
            snapshot.in_force[station] = setpoint.program
            for drive in feed.station.drives:
                if drive in program.drives:
                    self._programs[drive] = setpoint.program
        return True

    def command(self, line: str, snapshot: Snapshot, clearance: Clearance) -> LineCommand:
        """Permit and setpoints of one line; the words of what was held back are in `warnings`."""
        view = snapshot.lines[line]
        guard = view.states.guard if view.states else None
        inhibits: list[str] = []
        drives = tuple(self._drive(name, snapshot, clearance, inhibits) for name in view.limits.drives)
        self._inhibits[line] = tuple(inhibits)
        return LineCommand(
            line=line,
            epoch=snapshot.epoch,
            echo=Echo(line, guard.session, guard.stamp_s) if guard else Echo(),
            valid_for_s=self._limits.permit_valid_s,
            drives=drives,
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the newest commands held back or clipped."""
        return tuple(words for inhibits in self._inhibits.values() for words in inhibits)

    def _drive(self, name: str, snapshot: Snapshot, clearance: Clearance, inhibits: list[str]) -> LineDrive:
        limits = self._limits.drives[name]
        if isinstance(limits, ModuleLimits):
            return self._module(limits, clearance)
        phase = clearance.phase
        if phase is SafetyPhase.MOTION:
            return self._moving(limits, snapshot, clearance, inhibits)
        if phase is SafetyPhase.RECOVERY and limits.station == clearance.recover_station:
            if clearance.recover_drive in ("", name):
                return self._moving(limits, snapshot, clearance, inhibits)
            return self._still(limits, Allowed.NONE)
        still = {
            SafetyPhase.TRIPPED: Allowed.STOP_PROGRAM,
            SafetyPhase.HOLD: Allowed.HOLD,
            SafetyPhase.RECOVERY: Allowed.NONE,
        }
        return self._still(limits, still[phase])

    def _still(self, limits: AxisLimits | SpindleLimits, allowed: Allowed) -> LineDrive:
        return LineDrive(
            drive=limits.name,
            allowed=allowed,
            max_force_n=limits.max_force_n if isinstance(limits, AxisLimits) else 0.0,
            program=self._programs[limits.name],
            setpoint=DriveSetpoint(limits.name),
        )

    def _moving(
        self,
        limits: AxisLimits | SpindleLimits,
        snapshot: Snapshot,
        clearance: Clearance,
        inhibits: list[str],
    ) -> LineDrive:
        """MOTION or RECOVERY with the setpoint, or HOLD and a word why."""
        feed = self.feeds[limits.station]
        state = snapshot.usable(limits.name)
        words, wish = "", feed.wishes.get(limits.name) or DriveSetpoint(limits.name)
        if feed.setpoint is None:
            if feed.refusal:  # else motion has just begun, and the first one is on its way
                inhibits.append(f"{limits.name}: no usable setpoint: {feed.refusal}")
            return self._still(limits, Allowed.HOLD)
        if state is None:
            words = f"{limits.name}: its state is not known"
        elif wish.kind in _MOVING_KINDS and not feed.setpoint.program:
            words = f"{limits.name}: {limits.station} names no stop program"
        elif wish.kind is SetpointKind.REFERENCE and clearance.phase is SafetyPhase.RECOVERY:
            words = f"{limits.name}: a drive's own search for its zero is not hold-to-run"
        if words or state is None:
            inhibits.append(words)
            return self._still(limits, Allowed.HOLD)
        if isinstance(limits, AxisLimits):
            return self._axis(limits, wish, state, clearance, inhibits)
        max_speed_rpm = limits.max_speed_rpm
        if clearance.phase is SafetyPhase.RECOVERY:
            max_speed_rpm *= RECOVERY_SPEED
        clipped = clip_spindle(limits, wish, max_speed_rpm=max_speed_rpm)
        if clipped.warning:
            inhibits.append(clipped.warning)
        return LineDrive(
            drive=limits.name,
            allowed=_allowed(clearance),
            max_speed_rpm=max_speed_rpm,
            program=self._programs[limits.name],
            setpoint=clipped.setpoint or DriveSetpoint(limits.name),
        )

    def _axis(
        self,
        limits: AxisLimits,
        wish: DriveSetpoint,
        state: DriveState,
        clearance: Clearance,
        inhibits: list[str],
    ) -> LineDrive:
        max_speed_m_s, max_force_n = self._caps(limits, clearance)
        clipped = clip_axis(limits, wish, state, max_speed_m_s=max_speed_m_s, max_force_n=max_force_n)
        if clipped.warning:
            inhibits.append(clipped.warning)
        if clipped.setpoint is None:
            return self._still(limits, Allowed.HOLD)
        words = clearance.zones.hindrance(limits, clipped.setpoint, state)
        if words:
            inhibits.append(f"{limits.name}: {words}")
            return self._still(limits, Allowed.HOLD)
        return LineDrive(
            drive=limits.name,
            allowed=_allowed(clearance),
            max_speed_m_s=max_speed_m_s,
            max_force_n=max_force_n,
            program=self._programs[limits.name],
            setpoint=clipped.setpoint,
        )

    def _caps(self, limits: AxisLimits, clearance: Clearance) -> tuple[float, float]:
        """Speed and force limit of an axis for the phase and the mode."""
        if clearance.phase is SafetyPhase.RECOVERY:
            return (
                min(limits.max_speed_m_s, self._limits.manual_speed_m_s),
                min(limits.max_force_n, self._limits.manual_force_n),
            )
        if clearance.mode == Mode.PRODUCTION:
            return limits.max_speed_m_s, limits.max_force_n
        return min(limits.max_speed_m_s, self._reduced_m_s[limits.station]), limits.max_force_n

    def _module(self, limits: ModuleLimits, clearance: Clearance) -> LineDrive:
        """Outputs by owner: the interlock's always, a station's in motion only, `open` ones off on a trip."""
        outputs, mask = clearance.outputs.get(limits.name, (0, 0))
        if clearance.phase is SafetyPhase.MOTION:
            for station, own_mask in limits.owners.items():
                wish = self.feeds[station].wishes.get(limits.name)
                if wish is not None and wish.kind is SetpointKind.OUTPUTS:
                    station_mask = wish.outputs_mask & own_mask
                    outputs, mask = outputs | wish.outputs & station_mask, mask | station_mask
        elif clearance.phase is not SafetyPhase.HOLD:
            mask |= limits.open_mask
        return LineDrive(
            drive=limits.name,
            allowed=Allowed.MOTION if clearance.phase is SafetyPhase.MOTION else Allowed.HOLD,
            setpoint=DriveSetpoint(limits.name, SetpointKind.OUTPUTS, outputs=outputs, outputs_mask=mask),
        )


def _allowed(clearance: Clearance) -> Allowed:
    return Allowed.RECOVERY if clearance.phase is SafetyPhase.RECOVERY else Allowed.MOTION


def _recovering(snapshot: Snapshot) -> str:
    return snapshot.permit.recover_station if snapshot.permit else ""
