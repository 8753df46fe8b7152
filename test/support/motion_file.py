"""The simulator's motion file: true motion, whatever the controller believes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

STANDSTILL_M_S = 0.002  # of an axis; below any motion that is meant
STANDSTILL_RPM = 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """True motion of one axis (m/s) or spindle (rpm), from the simulator."""

    at_s: float
    mover: str
    speed: float


def samples(path: Path) -> list[Sample]:
    """The motion file; its last line may be half written."""
    found = []
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if entry["kind_of"] == "motion":
            found.append(Sample(entry["at_s"], entry["mover"], entry["speed"]))
    return found


def last_motion_s(path: Path, spindles: set[str], movers: Iterable[str] | None = None) -> float:
    """When anything last moved; -inf when nothing has."""
    wanted = None if movers is None else set(movers)
    times = [
        s.at_s
        for s in samples(path)
        if (wanted is None or s.mover in wanted)
        and abs(s.speed) > (STANDSTILL_RPM if s.mover in spindles else STANDSTILL_M_S)
    ]
    return max(times, default=float("-inf"))
