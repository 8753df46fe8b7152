"""Checks of the moves of a cell against what its drives' registers can hold."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config import AxisDrive, CellFile, Finding, KeyPath, MoveStep
from cell_controller.drives.goal import GoalKind, move_goal, program_move
from cell_controller.drives.profile import DriveProfile, Verb
from cell_controller.plan.make import Profiles


def drives_can_be_told_their_moves(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """The hardest move of an axis, and those of its stop programs, are inside what its registers hold."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or not isinstance(drive, AxisDrive) or Verb.PROFILE_MOVE not in profile.setpoints:
            continue
        if not _can_go_as_fast(profile, drive):
            text = f"{profile.name} has no register for a move with this, max_speed_m_s and max_force_n"
            remedy = "choose values that its profile's fields hold"
            yield Finding(("drives", name, "max_acceleration_m_s2"), text, remedy)
            continue
        for path, step in _moves_of(cell, name):
            if program_move(profile, drive, step).kind is not GoalKind.MOVE:
                text = f"{profile.name} has no register for this move of {name}"
                yield Finding(path, text, "choose a position, speed and acceleration that its profile holds")


def _can_go_as_fast(profile: DriveProfile, drive: AxisDrive) -> bool:
    speed, acceleration = drive.max_speed_m_s, drive.max_acceleration_m_s2
    move = move_goal(profile, drive, 0.0, speed, acceleration, drive.max_force_n)
    return move.kind is GoalKind.MOVE


def _moves_of(cell: CellFile, name: str) -> Iterator[tuple[KeyPath, MoveStep]]:
    for program, content in cell.stop_programs.items():
        for number, step in enumerate(content.steps):
            if isinstance(step, MoveStep) and name in step.drives:
                yield ("stop_programs", program, "steps", number), step
