"""The belt with its places, sensors, clamps, loader and unloader."""

from __future__ import annotations

from math import inf

from cell_sim.plant.axis import Axis
from cell_sim.plant.parts import Loader, Part

SENSOR_M = 0.003  # reach of a part sensor to either side of its place
LOADING_S = 0.5  # gripper of the loader, after the place is free and the belt stands
UNLOADING_S = 0.3
CLAMPING_S = 0.2
_BLOCKED_N = 1e5  # a clamped part or a jam: more than any belt drive has


class Clamp:
    """A pneumatic clamp with a switch; without air it stays as it is."""

    def __init__(self, place: int, name: str) -> None:
        self.place = place
        self.name = name  # of the signal that closes it
        self.is_closed = False
        self._wanted = False
        self._since_s = -inf

    @property
    def due_s(self) -> float:
        return self._since_s + CLAMPING_S if self._wanted != self.is_closed else inf

    def update(self, wanted: bool, has_air: bool, now_s: float) -> None:
        """Follow the valve."""
        if not has_air:
            self._since_s = now_s
            return
        if wanted != self._wanted:
            self._wanted, self._since_s = wanted, now_s
        if self._wanted != self.is_closed and now_s >= self._since_s + CLAMPING_S:
            self.is_closed = self._wanted


class Belt:
    """Parts on one indexing conveyor. They move exactly as the belt does."""

    def __init__(
        self, axis: Axis, places: tuple[str, ...], pitch_m: float, in_place_m: float, loader: Loader
    ) -> None:
        self.axis = axis
        self.places = places
        self.pitch_m = pitch_m
        self.in_place_m = in_place_m
        self.loader = loader
        self.parts: list[Part] = []
        self.delivered: list[Part] = []
        self.lost: list[Part] = []
        self.clamps: list[Clamp] = []
        self.is_jammed = False
        self.wants_part = False
        self.moved_m = 0.0  # in the last step
        self._origin_m = axis.position_m  # where the belt stood with its marks on the places
        self._last_m = axis.position_m
        self._may_load_since_s: float | None = None
        self._may_unload_since_s: float | None = None

    @property
    def off_pitch_m(self) -> float:
        """Distance of the belt from the nearest pitch."""
        turned = self.axis.position_m - self._origin_m
        return abs(turned - round(turned / self.pitch_m) * self.pitch_m)

    @property
    def is_in_place(self) -> bool:
        return self.axis.speed_m_s == 0.0 and self.off_pitch_m <= 2.0 * self.in_place_m

    def nearest_mark_m(self, ahead: int) -> float:
        """Axis position of the next pitch mark, ahead (+1) or behind (-1): the reference switch."""
        turned = (self.axis.position_m - self._origin_m) / self.pitch_m
        index = int(-(-turned // 1)) if ahead > 0 else int(turned // 1)
        return self._origin_m + index * self.pitch_m

    def part_at(self, place: int) -> Part | None:
        """The part that the sensor of this place sees."""
        at_m = place * self.pitch_m
        return next((p for p in self.parts if abs(p.at_m - at_m) <= SENSOR_M), None)

    def remove(self, part: Part) -> None:
        """Take a part off by hand."""
        self.parts.remove(part)

    @property
    def due_s(self) -> float:
        """When loader or unloader is next done."""
        due = inf
        if self._may_load_since_s is not None:
            due = self._may_load_since_s + LOADING_S
        if self._may_unload_since_s is not None:
            due = min(due, self._may_unload_since_s + UNLOADING_S)
        return due

    def resist(self) -> None:
        """Tell the axis what holds the belt before it moves."""
        held = self.is_jammed or any(c.is_closed and self.part_at(c.place) is not None for c in self.clamps)
        self.axis.drag_n = _BLOCKED_N if held else 0.0

    def update(self, now_s: float) -> None:
        """Carry the parts along and let loader and unloader work."""
        self.moved_m = self.axis.position_m - self._last_m
        self._last_m = self.axis.position_m
        if self.moved_m:
            self._carry()
        self._load(now_s)
        self._unload(now_s)

    def _carry(self) -> None:
        last_m = (len(self.places) - 0.5) * self.pitch_m
        for part in list(self.parts):
            part.at_m += self.moved_m
            if not -0.5 * self.pitch_m < part.at_m < last_m:
                part.is_lost = True
                self.parts.remove(part)
                self.lost.append(part)

    def _load(self, now_s: float) -> None:
        is_free = all(abs(p.at_m) > 0.5 * self.pitch_m for p in self.parts)
        if self.loader.is_empty or not (self.wants_part and is_free and self.is_in_place):
            self._may_load_since_s = None
        elif self._may_load_since_s is None:
            self._may_load_since_s = now_s
        elif now_s >= self._may_load_since_s + LOADING_S:
            self._may_load_since_s = None
            self.parts.append(self.loader.make(0.0))

    def _unload(self, now_s: float) -> None:
        part = self.part_at(len(self.places) - 1)
        if part is None or not self.is_in_place:
            self._may_unload_since_s = None
        elif self._may_unload_since_s is None:
            self._may_unload_since_s = now_s
        elif now_s >= self._may_unload_since_s + UNLOADING_S:
            self._may_unload_since_s = None
            part.left_at_s = now_s
            self.parts.remove(part)
            self.delivered.append(part)
