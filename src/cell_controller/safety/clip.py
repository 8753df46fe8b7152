"""Limits of one drive applied to one setpoint: speeds are clipped, positions are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import copysign, inf, isfinite, sqrt

from cell_controller.messages import DriveSetpoint, DriveState, SetpointKind
from cell_controller.safety.limits import AxisLimits, DriveLimits, ModuleLimits, SpindleLimits

_KINDS: dict[type, tuple[SetpointKind, ...]] = {
    AxisLimits: (
        SetpointKind.NONE,
        SetpointKind.STOP,
        SetpointKind.MOVE,
        SetpointKind.VELOCITY,
        SetpointKind.REFERENCE,
    ),
    SpindleLimits: (SetpointKind.NONE, SetpointKind.STOP, SetpointKind.VELOCITY),
    ModuleLimits: (SetpointKind.NONE, SetpointKind.OUTPUTS),
}


@dataclass(frozen=True, slots=True)
class Clipped:
    """What is left of a setpoint: `setpoint` is None when it is refused, `warning` says what was changed."""

    setpoint: DriveSetpoint | None
    warning: str = ""


def fault_of(limits: DriveLimits, setpoint: DriveSetpoint, station: str) -> str:
    """Why no working station would send this, "" when it is well formed."""
    kind = setpoint.kind
    if kind not in _KINDS[type(limits)]:
        return f"{limits.name} cannot take a setpoint of kind {kind!r}"
    if isinstance(limits, ModuleLimits):
        foreign = setpoint.outputs_mask & ~limits.owners.get(station, 0)
        if kind is SetpointKind.OUTPUTS and foreign:
            return f"outputs {foreign:#x} of {limits.name} belong to others"
        return ""
    if kind is SetpointKind.REFERENCE and not (isinstance(limits, AxisLimits) and limits.is_referenced):
        return f"{limits.name} has no reference to find"
    numbers: tuple[float, ...] = ()
    if kind is SetpointKind.MOVE:
        numbers = (setpoint.target_position_m, setpoint.target_speed_m_s, setpoint.target_acceleration_m_s2)
    elif kind is SetpointKind.REFERENCE:
        numbers = (setpoint.target_speed_m_s,)
    elif kind is SetpointKind.VELOCITY:
        numbers = (
            (setpoint.target_speed_m_s,) if isinstance(limits, AxisLimits) else (setpoint.target_speed_rpm,)
        )
    if isinstance(limits, AxisLimits):
        numbers = (*numbers, setpoint.force_limit_n)
    if not all(map(isfinite, numbers)):
        return f"{limits.name}: a number of the setpoint is not finite"
    return ""


def clip_spindle(limits: SpindleLimits, setpoint: DriveSetpoint, *, max_speed_rpm: float) -> Clipped:
    """A well-formed setpoint of a spindle inside its speed limit."""
    speed_rpm = setpoint.target_speed_rpm
    if setpoint.kind is not SetpointKind.VELOCITY or abs(speed_rpm) <= max_speed_rpm:
        return Clipped(setpoint)
    clipped = replace(setpoint, target_speed_rpm=copysign(max_speed_rpm, speed_rpm))
    return Clipped(clipped, f"{limits.name}: {speed_rpm:.6g} rpm clipped to {max_speed_rpm:.6g}")


def clip_axis(
    limits: AxisLimits,
    setpoint: DriveSetpoint,
    state: DriveState,
    *,
    max_speed_m_s: float,
    max_force_n: float,
) -> Clipped:
    """A well-formed setpoint of an axis inside its limits; a target outside them is refused."""
    if setpoint.force_limit_n > max_force_n:
        setpoint = replace(setpoint, force_limit_n=max_force_n)
    if setpoint.kind is SetpointKind.MOVE:
        if limits.floor_m is not None and not state.is_homed:
            return Clipped(None, f"{limits.name}: has no zero, so no target is known to be above its floor")
        return _clip_move(limits, setpoint, max_speed_m_s)
    if setpoint.kind is SetpointKind.VELOCITY:
        return _clip_velocity(limits, setpoint, state, max_speed_m_s)
    if setpoint.kind is SetpointKind.REFERENCE:
        return _clip_reference(limits, setpoint, max_speed_m_s)
    return Clipped(setpoint)


def _clip_move(limits: AxisLimits, setpoint: DriveSetpoint, max_speed_m_s: float) -> Clipped:
    target_m = setpoint.target_position_m
    if not limits.lowest_m <= target_m <= limits.max_m:
        return Clipped(
            None,
            f"{limits.name}: target {target_m:.6g} m is outside "
            f"{limits.lowest_m:.6g} to {limits.max_m:.6g} m",
        )
    speed_m_s, acceleration_m_s2 = setpoint.target_speed_m_s, setpoint.target_acceleration_m_s2
    if speed_m_s <= 0.0 or acceleration_m_s2 <= 0.0 or setpoint.force_limit_n < 0.0:
        return Clipped(None, f"{limits.name}: a move needs a speed and an acceleration above 0")
    clipped = replace(
        setpoint,
        target_speed_m_s=min(speed_m_s, max_speed_m_s),
        target_acceleration_m_s2=min(acceleration_m_s2, limits.max_acceleration_m_s2),
    )
    if clipped == setpoint:
        return Clipped(setpoint)
    return Clipped(clipped, f"{limits.name}: speed or acceleration of the move clipped to its limit")


def _clip_reference(limits: AxisLimits, setpoint: DriveSetpoint, max_speed_m_s: float) -> Clipped:
    """Without a zero there are no positions: the speed is all that can be limited."""
    speed_m_s = setpoint.target_speed_m_s
    if speed_m_s <= 0.0 or setpoint.force_limit_n < 0.0:
        return Clipped(None, f"{limits.name}: a reference needs a speed above 0")
    if speed_m_s <= max_speed_m_s:
        return Clipped(setpoint)
    clipped = replace(setpoint, target_speed_m_s=max_speed_m_s)
    return Clipped(clipped, f"{limits.name}: speed of the reference clipped to {max_speed_m_s:.6g} m/s")


def _clip_velocity(
    limits: AxisLimits, setpoint: DriveSetpoint, state: DriveState, max_speed_m_s: float
) -> Clipped:
    speed_m_s = setpoint.target_speed_m_s
    allowed_m_s = max_speed_m_s
    if state.is_homed:
        position_m = state.measured_position_m
        way_m = limits.max_m - position_m if speed_m_s > 0.0 else position_m - limits.lowest_m
        allowed_m_s = min(allowed_m_s, approach_speed_m_s(limits, way_m))
    if abs(speed_m_s) <= allowed_m_s:
        return Clipped(setpoint)
    clipped = replace(setpoint, target_speed_m_s=copysign(allowed_m_s, speed_m_s))
    return Clipped(clipped, f"{limits.name}: {speed_m_s:.6g} m/s clipped to {allowed_m_s:.6g}")


def approach_speed_m_s(limits: AxisLimits, way_m: float) -> float:
    """The fastest from which the axis stops inside `way_m`: v t + v^2 / 2a = way, solved for v."""
    if not way_m > 0.0:
        return 0.0
    if way_m == inf:
        return inf
    a, t = limits.max_acceleration_m_s2, limits.reaction_s
    return a * (sqrt(t * t + 2.0 * way_m / a) - t)
