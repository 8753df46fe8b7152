"""PackML's product counters and speeds."""

from collections import deque
from dataclasses import dataclass
from math import isfinite

from cell_controller.packml.errors import CountError

_SPEED_WINDOW_PARTS = 4
"""Completions that the current speed is taken over: three cycles smooth it and are soon made."""


@dataclass(frozen=True, slots=True)
class ProductCount:
    """One PackML count: `count` since the last reset, `acc_count` since the counter exists."""

    id: int
    name: str
    unit: str
    count: int
    acc_count: int


@dataclass(frozen=True, slots=True)
class ProductCounts:
    """The three counts; processed includes defective."""

    consumed: ProductCount
    processed: ProductCount
    defective: ProductCount

    @property
    def good(self) -> int:
        """Processed and not defective, since the last reset."""
        return self.processed.count - self.defective.count


class ProductCounters:
    """Counts of one product; a part is consumed once on entry and processed once on its end."""

    def __init__(self, product_id: int, name: str, unit: str = "part") -> None:
        self._product_id = product_id
        self._name = name
        self._unit = unit
        self._count = [0, 0, 0]
        self._acc = [0, 0, 0]

    def consume(self, parts: int = 1) -> None:
        """Parts have entered the process."""
        self._add(0, "consumed parts", parts)

    def process(self, good: int = 0, defective: int = 0) -> None:
        """Parts have ended the process, good and defective."""
        if good < 0:
            raise CountError("good parts", good, "a count never falls")
        self._add(2, "defective parts", defective)
        self._add(1, "good parts", good + defective)

    def reset(self) -> None:
        """Zero the counts; the accumulated counts stay."""
        self._count = [0, 0, 0]

    def read(self) -> ProductCounts:
        """The counts as they are now."""
        consumed, processed, defective = (
            ProductCount(self._product_id, self._name, self._unit, count, acc)
            for count, acc in zip(self._count, self._acc, strict=True)
        )
        return ProductCounts(consumed, processed, defective)

    def _add(self, index: int, name: str, parts: int) -> None:
        if parts < 0:
            raise CountError(name, parts, "a count never falls")
        self._count[index] += parts
        self._acc[index] += parts


@dataclass(frozen=True, slots=True)
class MachSpeed:
    """PackML's speeds in parts per second: MachDesignSpeed, MachSpeed, CurMachSpeed."""

    design_hz: float
    target_hz: float
    current_hz: float


class SpeedMeter:
    """CurMachSpeed from the times at which parts ended."""

    def __init__(self, design_hz: float) -> None:
        if not (isfinite(design_hz) and design_hz > 0.0):
            raise CountError("design speed in parts/s", design_hz, "must be finite and above 0")
        self._design_hz = design_hz
        self._ends_s: deque[float] = deque(maxlen=_SPEED_WINDOW_PARTS)

    def part_ended(self, now_s: float) -> None:
        """A part has ended the process."""
        self._ends_s.append(max(now_s, self._ends_s[-1]) if self._ends_s else now_s)

    def restart(self) -> None:
        """Forget the completions, as at the start of an order."""
        self._ends_s.clear()

    def read(self, now_s: float, target_hz: float | None = None) -> MachSpeed:
        """The speeds; without a target the unit is set to its design speed."""
        set_hz = self._design_hz if target_hz is None else target_hz
        return MachSpeed(self._design_hz, set_hz, self._current_hz(now_s))

    def _current_hz(self, now_s: float) -> float:
        if len(self._ends_s) < 2:
            return 0.0
        span_s = self._ends_s[-1] - self._ends_s[0]
        mean_s = span_s / (len(self._ends_s) - 1)
        interval_s = max(mean_s, now_s - self._ends_s[-1])  # a silence bounds the speed from above
        return 1.0 / interval_s if interval_s > 0.0 else 0.0
