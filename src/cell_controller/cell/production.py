"""What the run adds up to: PackML counts and speeds, overlap of the processes, and OEE."""

from __future__ import annotations

from cell_controller.cell.orders import ProductionOrder
from cell_controller.messages import PartEvent, PartEventKind, Verdict
from cell_controller.packml import (
    MachSpeed,
    Mode,
    Oee,
    PackMLMachine,
    ProductCounters,
    ProductCounts,
    SpeedMeter,
    State,
    oee_inputs,
    overall_equipment_effectiveness,
)

_PRODUCT_ID = 1  # the cell makes one product at a time; its name is the recipe's

_UNPLANNED = (State.IDLE, State.COMPLETE)
"""States in which nothing is scheduled: their time is a planned stop of ISO 22400-2, not a loss."""

_DEFECTIVE = (Verdict.SCRAPPED, Verdict.REWORK)


class Production:
    """Counters of the present order; a part is counted once when it comes in and once when it leaves."""

    def __init__(self) -> None:
        self._counters = ProductCounters(_PRODUCT_ID, "part")
        self._meter: SpeedMeter | None = None
        self._design_hz = 0.0
        self._process_s = 0.0
        self._overlap_s = 0.0
        self._now_s: float | None = None

    def begin(self, order: ProductionOrder) -> None:
        """A new order: everything counts from here."""
        self._counters = ProductCounters(_PRODUCT_ID, order.recipe.name)
        self._design_hz = 1.0 / order.recipe.cycle_s
        self._meter = SpeedMeter(self._design_hz)
        self._process_s = self._overlap_s = 0.0

    def note_event(self, event: PartEvent, order: ProductionOrder | None, now_s: float) -> None:
        """Count what an event says about a part of the present order."""
        if order is None or event.order_id != order.order_id:
            return
        if event.kind is PartEventKind.CREATED:
            self._counters.consume()
        elif event.kind is PartEventKind.DELIVERED:
            is_good = event.verdict is Verdict.GOOD
            self._counters.process(good=int(is_good), defective=int(not is_good))
            if self._meter is not None:
                self._meter.part_ended(now_s)
        elif event.kind is PartEventKind.DISPOSED and event.verdict in _DEFECTIVE:
            self._counters.process(defective=1)

    def note_time(self, in_process: int, now_s: float) -> None:
        """Integrate since the last step: parts in process, and two or more of them."""
        elapsed_s = 0.0 if self._now_s is None else max(0.0, now_s - self._now_s)
        self._now_s = now_s
        self._process_s += elapsed_s if in_process >= 1 else 0.0
        self._overlap_s += elapsed_s if in_process >= 2 else 0.0

    def counts(self) -> ProductCounts:
        return self._counters.read()

    def speed(self, now_s: float) -> MachSpeed:
        return self._meter.read(now_s) if self._meter else MachSpeed(0.0, 0.0, 0.0)

    def overlap_fraction(self) -> float:
        """Of the time with at least one part in process, the share with two or more."""
        return self._overlap_s / self._process_s if self._process_s > 0.0 else 0.0

    def oee(self, machine: PackMLMachine, now_s: float) -> Oee:
        """Factors since the order began."""
        if self._meter is None:
            return Oee(0.0, 0.0, 0.0, 0.0)
        planned_s = sum(machine.times.cumulative_s(Mode.PRODUCTION, s, now_s) for s in _UNPLANNED)
        inputs = oee_inputs(machine.times, self.counts(), self._design_hz, planned_s, now_s)
        return overall_equipment_effectiveness(inputs)
