"""The stop of a whole line: its programs in force side by side, plain stops for the rest, then all off."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from cell_controller.config import AxisDrive, MoveStep, StopProgram
from cell_controller.drives.device import Device
from cell_controller.drives.goal import KEEP, OFF, STOP, Goal, GoalKind, program_move
from cell_controller.drives.stop_program import Act, DriveView, ProgramPlayer
from cell_controller.messages import DriveCondition

SWITCH_OFF_S = 1.0  # from the end of the programs until the drives must be off: four repeats
_ON = (DriveCondition.OPERATION_ENABLED, DriveCondition.QUICK_STOP_ACTIVE)


def view_of(device: Device, move: Goal | None = None) -> DriveView:
    """What a stop program has to know of a drive; `move` is the one that the program has given it."""
    return DriveView(
        is_silent=device.is_silent,
        is_faulted=device.condition is DriveCondition.FAULT,
        can_move=device.can_move,
        is_standing=device.is_standing,
        at_target=device.actuator.goal == move and device.at_target(),
        position_m=device.image.position_m,
        is_axis=isinstance(device.drive, AxisDrive),
    )


class LineStop:
    """Plays until everything that answers stands and is off."""

    def __init__(
        self,
        devices: tuple[Device, ...],
        programs: Mapping[str, StopProgram],
        in_force: Mapping[str, str],
        now_s: float,
    ) -> None:
        self._devices = {d.name: d for d in devices if not d.is_module}
        self._axes = {d.name: d.drive for d in devices if isinstance(d.drive, AxisDrive)}
        names = dict.fromkeys(in_force[name] for name in self._devices if in_force.get(name))
        self._players = [ProgramPlayer(name, programs[name], now_s) for name in names]
        self._plays = {name: programs[name].drives for name in names}
        self._moves: dict[str, Goal] = {}  # of this stop: the station's own moves may have arrived somewhere
        self._over_since_s: float | None = None

    def update(self, now_s: float) -> None:
        """Follow the drives and give each its goal."""
        views = {name: view_of(device, self._moves.get(name)) for name, device in self._devices.items()}
        for player in self._players:
            player.update(views, now_s)
        if self._over_since_s is None and all(player.is_done for player in self._players):
            self._over_since_s = now_s
        for name, device in self._devices.items():
            device.pursue(self._goal(device, name, views))

    def _goal(self, device: Device, name: str, views: Mapping[str, DriveView]) -> Goal:
        if self._over_since_s is not None:
            return OFF
        for player in self._players:
            if name in self._plays[player.name]:
                return self._acted(player, device, views)
        return STOP

    def _acted(self, player: ProgramPlayer, device: Device, views: Mapping[str, DriveView]) -> Goal:
        act = player.act(device.name, views)
        step = player.step
        if act is Act.KEEP:
            return KEEP
        if act is Act.MOVE and device.can_move and isinstance(step, MoveStep):
            move = program_move(device.profile, self._axes[device.name], step)
            if move.kind is GoalKind.MOVE:  # what the drive cannot be told is not made
                self._moves[device.name] = move
                return move
        return STOP

    def is_done(self, now_s: float) -> bool:
        """All programs are over, and every drive that answers stands and is off, or has had its time."""
        if self._over_since_s is None:
            return False
        answering = [d for d in self._devices.values() if not d.is_silent]
        if any(not d.is_standing for d in answering):
            return False
        return now_s >= self._over_since_s + SWITCH_OFF_S or all(d.condition not in _ON for d in answering)

    @property
    def due_s(self) -> float:
        """When a step or the switching off ends at the latest."""
        if self._over_since_s is not None:
            return self._over_since_s + SWITCH_OFF_S
        return min((p.due_s for p in self._players if not p.is_done), default=inf)

    @property
    def order(self) -> tuple[Device, ...]:
        """Drives in the order of their stop: those of the present steps first."""
        first = dict.fromkeys(name for p in self._players if p.step for name in p.step.drives)
        names = (*first, *(name for name in self._devices if name not in first))
        return tuple(self._devices[name] for name in names if name in self._devices)

    @property
    def program(self) -> str:
        """What is being played, for the report."""
        return next((p.name for p in self._players if not p.is_done), "")

    @property
    def step_name(self) -> str:
        return next((p.step_name for p in self._players if not p.is_done), "")

    @property
    def tool_in_material(self) -> bool:
        return any(p.tool_in_material for p in self._players)
