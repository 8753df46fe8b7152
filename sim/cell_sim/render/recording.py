"""The true motion that a simulator wrote down (motion.jsonl), as poses; a running cell's may still grow."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cell_sim.description.fixtures import JAW_WAY_M
from cell_sim.description.surroundings import DOOR, DOOR_M
from cell_sim.plant import CellPlant
from cell_sim.plant.conveyor import CLAMPING_S
from cell_sim.plant.record import CELL, CLAMP_CLOSED, CLAMP_OPEN, PART_IN, PART_OUT
from cell_sim.render.errors import RecordingError
from cell_sim.render.pose import Pose, pose_of

_DOOR_S = 0.8  # a person slides it
_GAP_S = 0.2  # between two samples of something that moved all the time


@dataclass(slots=True)
class _Track:
    """A position over time; it stands between samples that are far apart."""

    at_s: list[float] = field(default_factory=list)
    position: list[float] = field(default_factory=list)

    def add(self, at_s: float, position: float) -> None:
        self.at_s.append(at_s)
        self.position.append(position)

    def at(self, now_s: float, first: float) -> float:
        n = bisect_right(self.at_s, now_s)
        if n == 0:
            return first
        before = self.position[n - 1]
        if n == len(self.at_s) or self.at_s[n] - self.at_s[n - 1] > _GAP_S:
            return before
        share = (now_s - self.at_s[n - 1]) / (self.at_s[n] - self.at_s[n - 1])
        return before + share * (self.position[n] - before)


@dataclass(frozen=True, slots=True)
class _Stay:
    """A part on a belt, until it is taken away."""

    belt: str
    from_s: float
    to_s: float


class Recording:
    """All poses between `start_s` and `end_s`, on the clock of the simulator."""

    def __init__(self, path: Path) -> None:
        self.cell_file: Path | None = None
        self._tracks: dict[str, _Track] = defaultdict(_Track)
        self._stays: dict[str, _Stay] = {}
        times = [self._take(entry) for entry in _entries(path)]
        if not times:
            raise RecordingError(path, "nothing is recorded in it")
        self.start_s, self.end_s = times[0], max(times)

    def _take(self, entry: dict[str, Any]) -> float:
        at_s = float(entry["at_s"])
        if entry["kind_of"] == "motion":
            self._tracks[entry["mover"]].add(at_s, float(entry["position"]))
        elif entry["kind_of"] == "event":
            self._event(at_s, entry["name"], entry["detail"])
        return at_s

    def _event(self, at_s: float, name: str, detail: str) -> None:
        if name == CELL:
            self.cell_file = Path(detail)
        elif name == PART_IN:
            self._stays[detail] = _Stay(detail.split()[0], at_s, float("inf"))
        elif name == PART_OUT and detail in self._stays:
            stay = self._stays[detail]
            self._stays[detail] = _Stay(stay.belt, stay.from_s, at_s)
        elif name in (CLAMP_CLOSED, CLAMP_OPEN):
            self._slide(detail, at_s - CLAMPING_S, at_s, JAW_WAY_M, is_out=name == CLAMP_CLOSED)
        elif name in ("guard opened", "guard closed"):
            self._slide(DOOR, at_s, at_s + _DOOR_S, DOOR_M, is_out=name == "guard opened")

    def _slide(self, joint: str, from_s: float, to_s: float, way_m: float, *, is_out: bool) -> None:
        """Told only by its ends; steps in between keep it from being taken for a rest."""
        for n in range(11):
            share = n / 10 if is_out else 1 - n / 10
            self._tracks[joint].add(from_s + (to_s - from_s) * n / 10, way_m * share)

    def pose(self, now_s: float, first: CellPlant) -> Pose:
        """At a time; `first` is the machine as the simulator found it, before anything had moved."""
        at_first = pose_of(first)
        joints = {
            name: self._tracks[name].at(now_s, position) if name in self._tracks else position
            for name, position in at_first.joints.items()
        }
        parts = []
        for stay in self._stays.values():
            if stay.from_s <= now_s < stay.to_s:
                belt = first.belts[stay.belt].axis.spec.name
                start_m = self._tracks[belt].at(stay.from_s, at_first.joints[belt])
                parts.append(joints[belt] - start_m)
        return Pose(joints, tuple(parts))


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except OSError as error:
        raise RecordingError(path, error.strerror or str(error)) from error
    if lines and not lines[-1].endswith("\n"):
        del lines[-1]  # being written just now
    try:
        return [json.loads(line) for line in lines]
    except ValueError as error:
        raise RecordingError(path, f"is not a record of motion: {error}") from error
