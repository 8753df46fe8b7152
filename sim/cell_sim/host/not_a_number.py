"""A guarded message in which one number is none any more: what a broken sender or a broken link may send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isnan, nan
from typing import TypeVar

from cell_controller.messages import (
    DriveSetpoint,
    DriveState,
    DriveStates,
    LineCommand,
    LineDrive,
    Order,
    Setpoint,
    SetpointKind,
)

T = TypeVar("T")


def with_nan(message: object) -> object | None:
    """The same message with NaN where its receiver reads a number; None when it has no such number now."""
    if isinstance(message, Setpoint):
        drives = _first(message.drives, _setpoint)
        return None if drives is None else replace(message, drives=drives)
    if isinstance(message, DriveStates):
        states = _first(message.drives, _state)
        return None if states is None else replace(message, drives=states)
    if isinstance(message, LineCommand):
        commands = _first(message.drives, _command)
        return None if commands is None else replace(message, drives=commands)
    if isinstance(message, Order) and message.parameters:
        first, *others = message.parameters
        return replace(message, parameters=(replace(first, value=nan), *others))
    return None


def _first(items: tuple[T, ...], spoil: Callable[[T], T | None]) -> tuple[T, ...] | None:
    """The items with the first one that can be spoilt spoilt."""
    for at, item in enumerate(items):
        spoilt = spoil(item)
        if spoilt is not None:
            return (*items[:at], spoilt, *items[at + 1 :])
    return None


def _setpoint(setpoint: DriveSetpoint) -> DriveSetpoint | None:
    if setpoint.kind is SetpointKind.MOVE:
        return replace(setpoint, target_position_m=nan)
    if setpoint.kind is SetpointKind.VELOCITY and setpoint.target_speed_rpm:
        return replace(setpoint, target_speed_rpm=nan)
    if setpoint.kind is SetpointKind.VELOCITY:
        return replace(setpoint, target_speed_m_s=nan)
    return None


def _state(state: DriveState) -> DriveState | None:
    return None if isnan(state.measured_position_m) else replace(state, measured_position_m=nan)


def _command(command: LineDrive) -> LineDrive | None:
    setpoint = _setpoint(command.setpoint)
    return None if setpoint is None else replace(command, setpoint=setpoint)
