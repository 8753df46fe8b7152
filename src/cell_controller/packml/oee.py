"""Overall equipment effectiveness after ISO 22400-2, fed from PackML timers and counters.

availability = APT/PBT, effectiveness (performance) = PRI x PQ/APT, quality ratio = GQ/PQ and
OEE = their product = GQ x PRI/PBT. Our mapping: PBT is the time in Production less planned stops,
APT the time in Production's Execute, PQ and GQ the processed and good parts, PRI = 1/design speed.
Performance is not clipped: a part that ends in Holding or Completing counts although its time does not.
"""

from dataclasses import dataclass, fields
from math import isfinite

from cell_controller.packml.counters import ProductCounts
from cell_controller.packml.errors import CountError
from cell_controller.packml.modes import Mode
from cell_controller.packml.states import State
from cell_controller.packml.timers import StateTimes


@dataclass(frozen=True, slots=True)
class OeeInputs:
    """The ISO 22400-2 elements; times in seconds, quantities in parts."""

    planned_busy_s: float  # PBT
    actual_production_s: float  # APT
    planned_run_time_per_part_s: float  # PRI
    produced: float  # PQ
    good: float  # GQ

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not (isfinite(value) and value >= 0.0):
                raise CountError(item.name, value, "must be finite and not negative")
        if self.good > self.produced:
            raise CountError("good", self.good, f"more than the {self.produced} produced")


@dataclass(frozen=True, slots=True)
class Oee:
    """The three factors and their product, as fractions; a factor without a denominator is 0."""

    availability: float
    performance: float
    quality: float
    oee: float


def overall_equipment_effectiveness(inputs: OeeInputs) -> Oee:
    """The factors, and OEE as GQ x PRI/PBT: equal to their product wherever all three are defined."""
    return Oee(
        availability=_ratio(inputs.actual_production_s, inputs.planned_busy_s),
        performance=_ratio(inputs.planned_run_time_per_part_s * inputs.produced, inputs.actual_production_s),
        quality=_ratio(inputs.good, inputs.produced),
        oee=_ratio(inputs.good * inputs.planned_run_time_per_part_s, inputs.planned_busy_s),
    )


def oee_inputs(
    times: StateTimes, counts: ProductCounts, design_hz: float, planned_stops_s: float, now_s: float
) -> OeeInputs:
    """The elements from PackML's timers and counts since their last common reset."""
    if not (isfinite(design_hz) and design_hz > 0.0):
        raise CountError("design speed in parts/s", design_hz, "must be finite and above 0")
    return OeeInputs(
        planned_busy_s=max(0.0, times.mode_s(Mode.PRODUCTION, now_s) - planned_stops_s),
        actual_production_s=times.cumulative_s(Mode.PRODUCTION, State.EXECUTE, now_s),
        planned_run_time_per_part_s=1.0 / design_hz,
        produced=counts.processed.count,
        good=counts.good,
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0
