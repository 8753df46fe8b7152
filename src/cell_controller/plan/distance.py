"""Distance of openings from the machine: ISO 13855:2010, S = K T + C."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config import CellFile, Finding, KeyPath, Opening, OpeningKind, Severity
from cell_controller.config.drives import IoDrive
from cell_controller.config.units import quantity
from cell_controller.plan.make import estop_to_standstill_s
from cell_controller.plan.values import CellPlan

# ISO 13855:2010, 6.2.3: speed of a hand near a fine curtain, of a walking person otherwise.
HAND_M_S, WALK_M_S = 2.0, 1.6
FINE_M = 0.040  # a curtain up to this resolution sees a hand, a coarser one an arm or a leg
FINEST_M, PER_RESOLUTION = 0.014, 8.0  # C = 8 (d - 14 mm)
LEAST_M, LEAST_WALKING_M = 0.100, 0.500
REACH_M = 0.850  # C where an arm gets through before anything is seen


def least_distance_m(stop_s: float, resolution_m: float | None) -> float:
    """From detection to standstill in `stop_s`; None is a door, behind which a whole arm may be ahead."""
    if resolution_m is None or resolution_m > FINE_M:
        return WALK_M_S * stop_s + REACH_M
    intrusion_m = max(PER_RESOLUTION * (resolution_m - FINEST_M), 0.0)
    near_m = max(HAND_M_S * stop_s + intrusion_m, LEAST_M)
    if near_m <= LEAST_WALKING_M:
        return near_m
    return max(WALK_M_S * stop_s + intrusion_m, LEAST_WALKING_M)


def stop_time_s(cell: CellFile, plan: CellPlan, opening: Opening) -> float:
    """From the opening to the standstill of the slowest that can be reached through it."""
    module = plan.drives[cell.signals.inputs[opening.input].module]
    lines = {cell.drives[drive].line: None for drive in opening.reaches}
    return opening.response_s + max(estop_to_standstill_s(plan.lines[line], module) for line in lines)


def openings_are_far_enough(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """A warning, and an error with `production: true`, where a person is faster than the machine stops."""
    severity = Severity.ERROR if cell.production else Severity.WARNING
    for name, opening in cell.safety.openings.items():
        if opening.kind is OpeningKind.LOCKED or opening.distance_m is None:
            continue
        stop_s = stop_time_s(cell, plan, opening)
        least_m = least_distance_m(stop_s, opening.resolution_m)
        if opening.distance_m < least_m:
            path: KeyPath = ("safety", "openings", name, "distance_m")
            text = (
                f"{quantity(round(stop_s, 3), 's')} to standstill need {quantity(round(least_m, 3), 'm')} "
                "(ISO 13855)"
            )
            yield Finding(path, text, "lock it, move it further away, or stop sooner", severity=severity)


def every_mover_is_behind_an_opening(cell: CellFile, plan: CellPlan) -> Iterator[Finding]:
    """With `production: true`: what no opening reaches was forgotten, for people came in to build it."""
    if not cell.production:
        return
    reached = {drive for opening in cell.safety.openings.values() for drive in opening.reaches}
    movers = [name for name, drive in cell.drives.items() if not isinstance(drive, IoDrive)]
    for name in (m for m in movers if m not in reached):
        text = f"names nothing through which {name} can be reached"
        remedy = "add its guard door, such as {kind: locked, input: guard_closed, reaches: [..]}"
        yield Finding(("safety", "openings"), text, remedy, severity=Severity.ERROR)
