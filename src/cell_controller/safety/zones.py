"""Zones: who is measured inside, who owns them, and which motion that allows."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from cell_controller.messages import CellPermit, DriveSetpoint, DriveState, SetpointKind
from cell_controller.safety.limits import AxisLimits, Member, SafetyLimits, Zone
from cell_controller.safety.snapshot import Snapshot

# A target nearer than this to the measured position is no wish to move: it is where a finished move holds.
# Half a millimetre is far above encoder noise and a tenth of the smallest margin a zone is measured with.
SAME_PLACE_M = 0.0005


@dataclass(frozen=True, slots=True)
class ZoneView:
    """One zone at one moment."""

    zone: Zone
    owner: str
    occupants: tuple[str, ...]

    def others(self, station: str) -> tuple[str, ...]:
        """Occupants other than this station."""
        return tuple(s for s in self.occupants if s != station)


def is_inside(member: Member, axis: AxisLimits, state: DriveState | None) -> bool:
    """Measured presence; an axis that is unknown or not homed is in every zone it can reach."""
    if state is None or not state.is_homed:
        return True
    position_m = state.measured_position_m
    if not isfinite(position_m):
        return True
    if member.below_m is not None:
        return position_m < member.below_m
    if not state.is_stopped or not abs(state.measured_speed_m_s) <= axis.standstill_m_s:
        return True
    return not _off_pitch_m(member, position_m) <= member.off_pitch_m


def view_zones(snapshot: Snapshot, permit: CellPermit | None) -> dict[str, ZoneView]:
    """All zones now. A zone that is granted twice in one permit belongs to nobody."""
    owners: dict[str, str] = {}
    for grant in permit.zone_owners if permit else ():
        owners[grant.zone] = grant.owner if owners.get(grant.zone, grant.owner) == grant.owner else ""
    views = {}
    for zone in snapshot.limits.zones:
        inside: list[str] = []
        for member in zone.members:
            axis = snapshot.limits.drives[member.drive]
            if isinstance(axis, AxisLimits) and is_inside(member, axis, snapshot.usable(member.drive)):
                inside.append(member.station)
        views[zone.name] = ZoneView(zone, owners.get(zone.name, ""), tuple(inside))
    return views


class ZoneRule:
    """Decides motion in the zones of one moment; in recovery one station moves and needs no grant."""

    def __init__(self, limits: SafetyLimits, views: dict[str, ZoneView], *, is_recovery: bool) -> None:
        self._limits = limits
        self._views = views
        self._is_recovery = is_recovery

    def hindrance(self, axis: AxisLimits, setpoint: DriveSetpoint, state: DriveState) -> str:
        """Why this axis may not follow this setpoint, "" when it may."""
        if not _wants_to_move(setpoint, state):
            return ""
        for view in self._views.values():
            member = next((m for m in view.zone.members if m.station == axis.station), None)
            if member is None or not _concerns(member, axis, setpoint, state, view):
                continue
            words = self._no_right(view, member, state)
            if words:
                return words
        return ""

    def _no_right(self, view: ZoneView, member: Member, state: DriveState) -> str:
        others = view.others(member.station)
        if others:
            return f"{view.zone.name} is occupied by {' and '.join(others)}"
        if self._is_recovery or view.owner == member.station:
            return ""
        # Homing an axis without absolute encoder: it is in all of its zones already, nobody else is in
        # one, and as long as nobody owns one, nobody else may enter.
        if not view.owner and member.drive == state.drive and not state.is_homed:
            return ""
        return f"{view.zone.name} is not granted to {member.station}"


def _concerns(
    member: Member, axis: AxisLimits, setpoint: DriveSetpoint, state: DriveState, view: ZoneView
) -> bool:
    """Whether this motion is a motion in the zone, or into it."""
    if member.drive != axis.name:
        return member.station in view.occupants
    if member.below_m is None:
        return not _stays_on_pitch(member, setpoint, state)
    return not _leaves_or_stays_above(member.below_m, axis, setpoint, state)


def _wants_to_move(setpoint: DriveSetpoint, state: DriveState) -> bool:
    if setpoint.kind is SetpointKind.REFERENCE:  # also where nothing moves: it changes what positions mean
        return True
    if setpoint.kind is SetpointKind.VELOCITY:
        return setpoint.target_speed_m_s != 0.0
    if setpoint.kind is SetpointKind.MOVE:
        return not abs(setpoint.target_position_m - state.measured_position_m) <= SAME_PLACE_M
    return False


def _stays_on_pitch(member: Member, setpoint: DriveSetpoint, state: DriveState) -> bool:
    """A belt that stands on a pitch and is told to be there."""
    return (
        setpoint.kind is SetpointKind.MOVE
        and state.is_homed
        and _off_pitch_m(member, state.measured_position_m) <= member.off_pitch_m
        and abs(setpoint.target_position_m - state.measured_position_m) <= member.off_pitch_m
    )


def _leaves_or_stays_above(
    below_m: float, axis: AxisLimits, setpoint: DriveSetpoint, state: DriveState
) -> bool:
    """Upward, or downward with an end above the zone."""
    position_m = state.measured_position_m
    if setpoint.kind is SetpointKind.REFERENCE:
        return False
    if setpoint.kind is SetpointKind.MOVE:
        return state.is_homed and setpoint.target_position_m >= min(below_m, position_m)
    speed_m_s = setpoint.target_speed_m_s
    if speed_m_s >= 0.0:
        return True
    way_m = -speed_m_s * axis.reaction_s + speed_m_s**2 / (2.0 * axis.max_acceleration_m_s2)
    return state.is_homed and position_m - way_m >= below_m


def _off_pitch_m(member: Member, position_m: float) -> float:
    if not isfinite(position_m):
        return inf
    return abs(position_m - round(position_m / member.pitch_m) * member.pitch_m)
