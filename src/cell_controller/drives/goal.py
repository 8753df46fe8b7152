"""What one drive shall do now, in the units of its registers, made from a LineCommand and the cell file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import copysign, inf, isfinite, pi
from typing import Final

from cell_controller.config import AxisDrive, Drive, MoveStep, ReferenceMethod, SpindleDrive
from cell_controller.drives.profile import DriveProfile, Exchange, Source, Verb, within_reach
from cell_controller.messages import Allowed, DriveSetpoint, LineDrive, SetpointKind


class GoalKind(Enum):
    """What the exchanges of a drive converge to."""

    OFF = "off"  # ramp down, then switch off
    HOLD = "hold"  # switch on if off, ramp down, hold
    STOP = "stop"  # ramp down and hold; a drive that is off stays off
    KEEP = "keep"  # leave it as it is
    MOVE = "move"
    VELOCITY = "velocity"
    OUTPUTS = "outputs"
    REFERENCE = "reference"  # find the zero


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal; equal goals need no new exchange."""

    kind: GoalKind
    values: tuple[tuple[Source, float], ...] = ()
    move_id: int = 0  # of a station's move or reference; 0 for moves of the bus itself
    target_m: float = 0.0  # MOVE
    outputs: int = 0
    outputs_mask: int = 0
    method: ReferenceMethod | None = None  # REFERENCE


OFF: Final = Goal(GoalKind.OFF)
HOLD: Final = Goal(GoalKind.HOLD)
STOP: Final = Goal(GoalKind.STOP)
KEEP: Final = Goal(GoalKind.KEEP)


def rated_force_n(profile: DriveProfile, axis: AxisDrive) -> float:
    """Force of an axis at 100 percent of motor torque, without losses."""
    return (profile.nameplate.rated_torque_nm or 0.0) * 2.0 * pi / axis.m_per_rev


def outputs_goal(wish: DriveSetpoint | None, open_mask: int) -> Goal:
    """The outputs that the wish owns; without one those of the mask open, and the others stay."""
    if wish is None:
        return Goal(GoalKind.OUTPUTS, outputs_mask=open_mask)
    return Goal(GoalKind.OUTPUTS, outputs=wish.outputs, outputs_mask=wish.outputs_mask)


def goal_of(profile: DriveProfile, drive: Drive, command: LineDrive) -> Goal:
    """The goal of an axis or a spindle under a permit; what makes no sense is HOLD."""
    if command.allowed is Allowed.NONE:
        return OFF
    if command.allowed not in (Allowed.MOTION, Allowed.RECOVERY):
        return HOLD
    setpoint = command.setpoint
    if isinstance(drive, SpindleDrive):
        return _spindle(profile, drive, command, setpoint)
    if not isinstance(drive, AxisDrive):
        return HOLD
    if setpoint.kind is SetpointKind.MOVE:
        return _move(profile, drive, command, setpoint)
    if setpoint.kind is SetpointKind.VELOCITY:
        return _velocity(profile, drive, command, setpoint)
    if setpoint.kind is SetpointKind.REFERENCE and command.allowed is Allowed.MOTION:
        return _reference(profile, drive, command, setpoint)
    return HOLD


def _spindle(profile: DriveProfile, drive: SpindleDrive, command: LineDrive, setpoint: DriveSetpoint) -> Goal:
    speed_rpm = setpoint.target_speed_rpm
    limit_rpm = min(command.max_speed_rpm, drive.permitted_rpm)
    if setpoint.kind is not SetpointKind.VELOCITY or not isfinite(speed_rpm) or not limit_rpm > 0.0:
        return HOLD
    clipped_rpm = copysign(min(abs(speed_rpm), limit_rpm), speed_rpm)
    if clipped_rpm == 0.0:
        return HOLD
    values = {Source.TARGET_SPEED: clipped_rpm / drive.rpm_per_hz}
    return _told(profile, profile.setpoints[Verb.VELOCITY], Goal(GoalKind.VELOCITY), values)


def _move(profile: DriveProfile, drive: AxisDrive, command: LineDrive, setpoint: DriveSetpoint) -> Goal:
    numbers = (
        setpoint.target_position_m,
        setpoint.target_speed_m_s,
        setpoint.target_acceleration_m_s2,
        command.max_speed_m_s,
    )
    speed_m_s = min(setpoint.target_speed_m_s, command.max_speed_m_s, drive.max_speed_m_s)
    if not all(map(isfinite, numbers)) or speed_m_s <= 0.0 or setpoint.target_acceleration_m_s2 <= 0.0:
        return HOLD
    force_n = _force_limit_n(drive, command)
    acceleration = setpoint.target_acceleration_m_s2
    return move_goal(
        profile, drive, setpoint.target_position_m, speed_m_s, acceleration, force_n, setpoint.move_id
    )


def _velocity(profile: DriveProfile, drive: AxisDrive, command: LineDrive, setpoint: DriveSetpoint) -> Goal:
    speed_m_s, limit_m_s = setpoint.target_speed_m_s, min(command.max_speed_m_s, drive.max_speed_m_s)
    if not isfinite(speed_m_s) or not limit_m_s > 0.0:
        return HOLD
    speed_m_s = copysign(min(abs(speed_m_s), limit_m_s), speed_m_s)
    force_n = _force_limit_n(drive, command)
    if Verb.VELOCITY in profile.setpoints:
        values = _shaft_values(profile, drive, speed_m_s, drive.max_acceleration_m_s2, force_n)
        return _told(profile, profile.setpoints[Verb.VELOCITY], Goal(GoalKind.VELOCITY), values, drive)
    if speed_m_s == 0.0:
        return HOLD
    # A drive that takes moves only goes towards the soft limit at that speed, until it is told otherwise.
    end_m = drive.max_m if speed_m_s > 0.0 else drive.min_m
    return move_goal(profile, drive, end_m, abs(speed_m_s), drive.max_acceleration_m_s2, force_n)


def _reference(profile: DriveProfile, drive: AxisDrive, command: LineDrive, setpoint: DriveSetpoint) -> Goal:
    """The drive's own search; it never begins without a speed limit, whether its method moves or not."""
    if not (isfinite(setpoint.target_speed_m_s) and isfinite(command.max_speed_m_s)):
        return HOLD
    speed_m_s = min(setpoint.target_speed_m_s, command.max_speed_m_s, drive.max_speed_m_s)
    if drive.reference is None or drive.reference not in profile.references or speed_m_s <= 0.0:
        return HOLD
    force_n = _force_limit_n(drive, command)
    values = _shaft_values(profile, drive, speed_m_s, drive.max_acceleration_m_s2, force_n)
    goal = Goal(GoalKind.REFERENCE, move_id=setpoint.move_id, method=drive.reference)
    return _told(profile, profile.references[drive.reference], goal, values, drive)


def move_goal(
    profile: DriveProfile,
    drive: AxisDrive,
    position_m: float,
    speed_m_s: float,
    acceleration_m_s2: float,
    force_n: float,
    move_id: int = 0,
) -> Goal:
    """A profile move inside the axis' range and limits; HOLD when the drive cannot be told such a move."""
    target_m = min(max(position_m, drive.min_m), drive.max_m)
    acceleration = min(acceleration_m_s2, drive.max_acceleration_m_s2)
    values = _shaft_values(profile, drive, min(speed_m_s, drive.max_speed_m_s), acceleration, force_n)
    values = {Source.TARGET_POSITION: target_m / drive.m_per_rev, **values}
    goal = Goal(GoalKind.MOVE, move_id=move_id, target_m=target_m)
    return _told(profile, profile.setpoints[Verb.PROFILE_MOVE], goal, values, drive)


def program_move(profile: DriveProfile, drive: AxisDrive, step: MoveStep) -> Goal:
    """The move of a stop program, with all the force that the axis may use."""
    return move_goal(
        profile, drive, step.position_m, step.speed_m_s, step.acceleration_m_s2, drive.max_force_n
    )


def _force_limit_n(drive: AxisDrive, command: LineDrive) -> float:
    limits = [drive.max_force_n, command.max_force_n, command.setpoint.force_limit_n]
    return min(limit for limit in limits if limit > 0.0)  # 0 says: no limit of its own


def _shaft_values(
    profile: DriveProfile, drive: AxisDrive, speed_m_s: float, acceleration_m_s2: float, force_n: float
) -> dict[Source, float]:
    percent = 100.0 * force_n / rated_force_n(profile, drive)
    most = profile.nameplate.max_torque_percent or percent
    return {
        Source.TARGET_SPEED: speed_m_s / drive.m_per_rev * 60.0,
        Source.ACCELERATION: acceleration_m_s2 / drive.m_per_rev * 60.0,
        Source.RAMP_TIME: abs(speed_m_s) / acceleration_m_s2,
        Source.STOP_RAMP_TIME: abs(speed_m_s) / drive.max_acceleration_m_s2,
        Source.TORQUE_LIMIT: min(percent, most),
    }


def _told(
    profile: DriveProfile,
    sequence: tuple[Exchange, ...],
    goal: Goal,
    values: dict[Source, float],
    axis: AxisDrive | None = None,
) -> Goal:
    """The goal with its values as the drive's registers take them; HOLD when they do not."""
    most = axis.max_acceleration_m_s2 / axis.m_per_rev * 60.0 if axis is not None else inf
    fitted = within_reach(profile, sequence, values, most)
    return HOLD if fitted is None else replace(goal, values=tuple(fitted.items()))
