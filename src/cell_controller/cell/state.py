"""CellState as operators see it, built from the books."""

from __future__ import annotations

from cell_controller.cell.alarms import AlarmId
from cell_controller.cell.core import CellCore
from cell_controller.cell.layout import StationSpec
from cell_controller.cell.view import View
from cell_controller.messages import (
    CellState,
    PartState,
    StateTime,
    StationSummary,
    StopReason,
)
from cell_controller.packml import Command, describe, stack_light

CLOSED_PARTS_SHOWN = 20
"""Parts of the present order that have left and are still listed; get_parts knows them all."""

_PER_MIN = 60.0


def cell_state(core: CellCore, view: View, heartbeat: int) -> CellState:
    """The state at this moment."""
    machine, now_s, order = core.machine, view.now_s, core.orders.present
    counts, speed, oee = (
        core.production.counts(),
        core.production.speed(now_s),
        core.production.oee(machine, now_s),
    )
    is_starved = core.suspension is AlarmId.STARVED
    is_blocked = core.suspension is AlarmId.BLOCKED
    light = stack_light(machine.state, is_starved=is_starved, is_blocked=is_blocked)
    return CellState(
        state=int(machine.state),
        state_requested=int(machine.state_requested),
        is_changing=machine.is_changing,
        mode=int(machine.mode),
        state_seq=machine.state_seq,
        heartbeat=heartbeat,
        legal_commands=tuple(int(command) for command in machine.legal_commands()),
        legal_modes=tuple(int(mode) for mode in machine.legal_modes()),
        stop_reason=_stop_reason(core),
        is_blocked=is_blocked,
        is_starved=is_starved,
        stack_light=describe(light),
        mach_speed_parts_per_min=speed.target_hz * _PER_MIN,
        cur_mach_speed_parts_per_min=speed.current_hz * _PER_MIN,
        recipe_current=order.recipe.name if order else "",
        order_id=order.order_id if order else "",
        parts_ordered=order.quantity if order else 0,
        parts_consumed=counts.consumed.count,
        parts_processed=counts.processed.count,
        parts_good=counts.good,
        parts_bad=counts.defective.count,
        overlap_fraction=core.production.overlap_fraction(),
        availability=oee.availability,
        performance=oee.performance,
        quality=oee.quality,
        oee=oee.oee,
        acc_time_since_reset_s=machine.times.acc_since_reset_s(now_s),
        times=tuple(
            StateTime(int(t.mode), int(t.state), t.current_s, t.cumulative_s)
            for t in machine.times.entries(now_s)
        ),
        parts=_parts(core),
        stations=tuple(_station(spec, view) for spec in core.layout.stations),
        clear_hindrance=core.conditions.hindrance(Command.CLEAR, view),
    )


def _stop_reason(core: CellCore) -> StopReason:
    reason = core.machine.stop_reason
    if reason is None:
        return StopReason()
    return StopReason(reason.cause.id, reason.cause.source, reason.cause.text)


def _parts(core: CellCore) -> tuple[PartState, ...]:
    """Every part in the cell, and the newest that left of the present order."""
    order = core.orders.present
    left = [p for p in core.parts.of_order(order.order_id) if not p.is_open] if order else []
    return tuple(part.state() for part in (*left[-CLOSED_PARTS_SHOWN:], *core.parts.open()))


def _station(spec: StationSpec, view: View) -> StationSummary:
    state = view.stations.get(spec.name)
    if state is None:
        return StationSummary(spec.name, spec.label, "not heard", 0.0, False, False)
    return StationSummary(
        spec.name,
        spec.label,
        state.phase,
        state.progress,
        True,
        state.tool_in_material,
        state.detail,
        state.values,
    )
