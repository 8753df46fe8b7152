"""The true motion of every axis and every setpoint that reached a drive: what tests read afterwards."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

SAMPLE_S = 0.01  # while moving

# Events that pictures are made from; their detail says which
CELL = "cell"  # the cell file
PART_IN, PART_OUT = "part in", "part out"  # belt and number
CLAMP_CLOSED, CLAMP_OPEN = "clamp closed", "clamp open"  # signal of the valve


@dataclass(frozen=True, slots=True)
class MotionSample:
    """One mover at one time. Position and speed are m and m/s of an axis, rev and rpm of a spindle."""

    at_s: float
    mover: str
    position: float
    speed: float
    force: float  # N of an axis, Nm of a spindle


@dataclass(frozen=True, slots=True)
class SetpointWrite:
    """A request that can move or stop a drive, as the drive understood it."""

    at_s: float  # end of the request on the wire
    drive: str
    kind: str  # move, velocity, reference, stop, enable, disable, outputs, reset, force_limit
    value: float


@dataclass(frozen=True, slots=True)
class PlantEvent:
    """Anything else worth knowing: STO, faults, injections, parts."""

    at_s: float
    name: str
    detail: str = ""


Entry = MotionSample | SetpointWrite | PlantEvent
_KINDS = {MotionSample: "motion", SetpointWrite: "setpoint", PlantEvent: "event"}
MOTION_KINDS = ("move", "velocity", "reference")


class MotionRecord:
    """Keeps the newest entries and hands each one to `sink`, if any."""

    def __init__(self, sink: Callable[[Entry], None] | None = None, *, keep: int = 500_000) -> None:
        self.entries: deque[Entry] = deque(maxlen=keep)
        self._sink = sink

    def add(self, entry: Entry) -> None:
        """Note what happened."""
        self.entries.append(entry)
        if self._sink is not None:
            self._sink(entry)

    def setpoint(self, at_s: float, drive: str, kind: str, value: float = 0.0) -> None:
        """Note a request that a drive took."""
        self.add(SetpointWrite(at_s, drive, kind, value))

    def event(self, at_s: float, name: str, detail: str = "") -> None:
        """Note anything else."""
        self.add(PlantEvent(at_s, name, detail))

    def samples(self, mover: str, since_s: float = float("-inf")) -> list[MotionSample]:
        """Motion of one axis or spindle."""
        return [
            e for e in self.entries if isinstance(e, MotionSample) and e.mover == mover and e.at_s >= since_s
        ]

    def setpoints(self, drive: str, since_s: float = float("-inf")) -> list[SetpointWrite]:
        """What one drive was told."""
        return [
            e for e in self.entries if isinstance(e, SetpointWrite) and e.drive == drive and e.at_s >= since_s
        ]

    def last_motion_s(self, mover: str, slower_than: float) -> float | None:
        """When the mover was last faster than this; None if it never was."""
        for entry in reversed(self.entries):
            if isinstance(entry, MotionSample) and entry.mover == mover and abs(entry.speed) > slower_than:
                return entry.at_s
        return None


def as_json(entry: Entry) -> dict[str, object]:
    """The entry as the motion file stores it."""
    return {"kind_of": _KINDS[type(entry)], **asdict(entry)}
