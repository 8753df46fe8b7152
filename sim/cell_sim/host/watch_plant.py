"""Invariants 4 and 5, by the machine itself: shared space, wheel speed, guard lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from cell_controller.config import CELL_MANAGER, AxisDrive, CellFile, SpindleDrive
from cell_controller.messages import CellPermit
from cell_sim.plant import CellPlant
from cell_sim.plant.record import MotionSample, PlantEvent
from cell_sim.plant.relay import LOCK_TIME_S

Broken = Callable[[float, int, str], None]
OVERSPEED = 1.02  # slip and ripple of an inverter at its set speed
LOCKS_AGAIN_S = LOCK_TIME_S + 0.1  # after a forced door has been closed: solenoid and a sample
# Its bus asks a silent module now and then, proves its settings, and obeys in a new epoch.
ARMED_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class _Shared:
    """A zone that a tool enters from above and a belt from the side."""

    zone: str
    tool_station: str
    tool: str
    below_m: float
    belt_station: str
    belt: str
    free_m: float


class PlantWatch:
    """Sees every motion, and every grant of a zone."""

    def __init__(self, cell: CellFile, plant: CellPlant, broken: Broken) -> None:
        self._cell, self._plant, self._broken = cell, plant, broken
        self._shared = _shared(cell)
        self._closed_since_s = -inf
        self._excused_s = -inf  # the module that holds the lock is disturbed until then
        self._lock_module = cell.signals.outputs[cell.safety.guard_lock].module
        self._told: set[tuple[int, str]] = set()  # once per cause, until it is over

    def excuse(self, name: str, until_s: float) -> None:
        """A module without supply lets go of the lock, whatever it was told."""
        if name == self._lock_module:
            self._excused_s = max(self._excused_s, until_s + ARMED_AGAIN_S)

    def see_motion(self, sample: MotionSample) -> None:
        drive = self._cell.drives[sample.mover]
        speed = abs(sample.speed)
        if isinstance(drive, AxisDrive):
            if speed > drive.standstill_m_s:
                self._see_moving(sample)
            for shared in self._shared:
                if sample.mover in (shared.tool, shared.belt):
                    self._see_zone(sample.at_s, shared)
        elif isinstance(drive, SpindleDrive):
            self._tell(
                speed > drive.permitted_rpm * OVERSPEED,
                sample.at_s,
                5,
                f"{sample.mover} turns faster than {drive.permitted_rpm:.0f} rpm",
            )
            if speed > drive.standstill_rpm:
                self._see_moving(sample)

    def see_event(self, event: PlantEvent) -> None:
        if event.name == "guard closed":
            self._closed_since_s = event.at_s

    def hear_permit(self, now_s: float, source: str, message: CellPermit) -> None:
        """A zone has one owner, and is given to nobody while another is in it."""
        if source != CELL_MANAGER:
            return
        owners: dict[str, str] = {}
        for grant in message.zone_owners:
            before = owners.setdefault(grant.zone, grant.owner)
            if before != grant.owner:
                self._broken(now_s, 4, f"zone {grant.zone} has two owners: {before} and {grant.owner}")
        for shared in self._shared:
            owner = owners.get(shared.zone, "")
            self._tell(
                owner == shared.belt_station and self._is_tool_inside(shared),
                now_s,
                4,
                f"zone {shared.zone} was given to {owner} while {shared.tool} is inside",
            )
            self._tell(
                owner == shared.tool_station and self._is_belt_inside(shared),
                now_s,
                4,
                f"zone {shared.zone} was given to {owner} while {shared.belt} is inside",
            )

    def _see_moving(self, sample: MotionSample) -> None:
        """Whatever moves, moves behind a locked guard, unless somebody has broken it open."""
        relay, guard = self._plant.relay, self._plant.guard
        is_shut = (
            sample.at_s > self._excused_s
            and relay.guard_closed
            and sample.at_s > self._closed_since_s + LOCKS_AGAIN_S
        )
        words = f"the guard is not locked while {sample.mover} moves"
        self._tell(is_shut and not guard.is_locked, sample.at_s, 5, words)

    def _see_zone(self, at_s: float, shared: _Shared) -> None:
        words = f"zone {shared.zone}: {shared.tool} is inside while {shared.belt} moves or is off its pitch"
        self._tell(self._is_tool_inside(shared) and self._is_belt_inside(shared), at_s, 4, words)

    def _is_tool_inside(self, shared: _Shared) -> bool:
        return self._plant.axes[shared.tool].position_m < shared.below_m

    def _is_belt_inside(self, shared: _Shared) -> bool:
        axis, spec = self._plant.axes[shared.belt], self._cell.drives[shared.belt]
        standstill_m_s = spec.standstill_m_s if isinstance(spec, AxisDrive) else 0.0
        off_m = next(b.off_pitch_m for b in self._plant.belts.values() if b.axis is axis)
        return off_m > shared.free_m or abs(axis.speed_m_s) > standstill_m_s

    def _tell(self, is_broken: bool, at_s: float, invariant: int, words: str) -> None:
        key = (invariant, words)
        if not is_broken:
            self._told.discard(key)
        elif key not in self._told:
            self._told.add(key)
            self._broken(at_s, invariant, words)


def _shared(cell: CellFile) -> tuple[_Shared, ...]:
    return tuple(
        _Shared(zone, a, tool.drive, tool.below_m, b, belt.drive, belt.off_pitch_m)
        for zone, members in cell.zones.items()
        for a, tool in members.items()
        for b, belt in members.items()
        if tool.below_m is not None and belt.off_pitch_m is not None
    )
