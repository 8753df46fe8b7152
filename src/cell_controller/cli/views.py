"""What the cell looks like on a terminal: tables built from the messages, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isnan

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cell_controller.cell.run_summary import Summary
from cell_controller.messages import (
    Alarms,
    CellState,
    DriveCondition,
    DriveState,
    DriveStates,
    PartState,
    SafetyPhase,
    SafetyState,
    Severity,
    StationSummary,
    Verdict,
)
from cell_controller.packml import Command, Mode, State

_LAMP_STYLES = {"red": "red", "amber": "yellow", "blue": "blue", "green": "green"}
_VERDICT_STYLES = {Verdict.GOOD: "green", Verdict.BAD: "red", Verdict.SUSPECT: "yellow"}


_CONDITIONS = {
    DriveCondition.OFFLINE: "offline",
    DriveCondition.NOT_READY: "not ready",
    DriveCondition.SWITCH_ON_DISABLED: "off",
    DriveCondition.READY_TO_SWITCH_ON: "ready",
    DriveCondition.SWITCHED_ON: "on",
    DriveCondition.OPERATION_ENABLED: "enabled",
    DriveCondition.QUICK_STOP_ACTIVE: "quick stop",
    DriveCondition.FAULT: "fault",
}
VALUES_SHOWN = 4  # the first ones of a station are those that its process is judged by


def name_of(number: int, kind: type[State] | type[Mode] | type[Command]) -> str:
    """The PackML name of a number as operators write it."""
    try:
        return kind(number).name.replace("_", " ").title()
    except ValueError:
        return str(number)


def state_view(state: CellState) -> RenderableType:
    """State, mode, reason, order and figures of the cell."""
    grid = Table.grid(padding=(0, 2))
    lamp = next((style for word, style in _LAMP_STYLES.items() if word in state.stack_light), "white")
    grid.add_row("state", Text(name_of(state.state, State), style=f"bold {lamp}"), f"seq {state.state_seq}")
    grid.add_row("mode", name_of(state.mode, Mode), state.stack_light)
    if state.stop_reason.text:
        grid.add_row("stop reason", f"{state.stop_reason.source}: {state.stop_reason.text}", "")
    if state.clear_hindrance and state.state == State.ABORTED:
        grid.add_row("before Clear", Text(state.clear_hindrance, style="yellow"), "")
    legal = ", ".join(name_of(c, Command) for c in state.legal_commands)
    grid.add_row("legal now", legal or "nothing", "")
    if state.order_id:
        done = f"{state.parts_good} good, {state.parts_bad} bad of {state.parts_ordered}"
        grid.add_row("order", f"{state.order_id} ({state.recipe_current}): {done}", f"OEE {state.oee:.2f}")
    return grid


def _table(title: str, *columns: str) -> Table:
    """Columns without frames: 80 characters are soon full. The first one is never cut."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for index, column in enumerate(columns):
        table.add_column(column, no_wrap=index == 0)
    return table


def stations_view(stations: Iterable[StationSummary]) -> Table:
    """One row per station."""
    table = _table("Stations", "station", "phase", "progress", "values", "")
    for s in stations:
        values = [f"{p.name} {p.value:.4g}" for p in s.values if not isnan(p.value)]
        remarks = [s.detail] if s.detail else []
        if s.tool_in_material:
            remarks.insert(0, "tool in material")
        style = "" if s.is_online else "red"
        phase = s.phase if s.is_online else "offline"
        table.add_row(
            s.label or s.station,
            phase,
            f"{s.progress:.0%}",
            "\n".join(values[:VALUES_SHOWN]),
            "; ".join(remarks),
            style=style,
        )
    return table


def drives_view(lines: Mapping[str, DriveStates]) -> Table:
    """One row per drive, under its line."""
    table = _table("Drives", "drive", "condition", "position", "speed", "force", "answers", "faults, errors")
    for name in sorted(lines):
        states = lines[name]
        words = [states.phase.name.lower()]
        words += [f"{states.program}: {states.program_step}"] if states.program else []
        words += ["tool in material"] if states.tool_in_material else []
        words += [f"stopped by itself: {states.stop_cause}"] if states.stop_cause else []
        table.add_row(Text(name, style="bold"), ", ".join(words))
        for drive in states.drives:
            style = "red" if drive.condition in (DriveCondition.FAULT, DriveCondition.OFFLINE) else ""
            table.add_row(
                f"  {drive.drive}",
                _CONDITIONS[drive.condition],
                *_measured(drive),
                _latency(drive),
                ", ".join(filter(None, (drive.fault_text, _errors(drive)))),
                style=style,
            )
    return table


def _measured(drive: DriveState) -> tuple[str, str, str]:
    if not isnan(drive.measured_speed_rpm):
        return "", f"{drive.measured_speed_rpm:.0f} rpm", _quantity(drive.measured_torque_nm, "N m")
    if not isnan(drive.measured_position_m):
        speed = _quantity(drive.measured_speed_m_s * 1e3, "mm/s")
        return f"{drive.measured_position_m * 1e3:.3f} mm", speed, _quantity(drive.measured_force_n, "N")
    return f"in {drive.inputs:b}", f"out {drive.outputs:b}", ""


def _quantity(value: float, unit: str) -> str:
    return "" if isnan(value) else f"{value:.1f} {unit}"


def _latency(drive: DriveState) -> str:
    """How long an exchange takes as a rule, and one of a hundred at least."""
    if isnan(drive.latency_p50_s):
        return ""
    return f"{1e3 * drive.latency_p50_s:.0f}, {1e3 * drive.latency_p99_s:.0f} ms"


def _errors(drive: DriveState) -> str:
    kinds = (
        (drive.timeouts, "timeouts"),
        (drive.crc_errors, "CRC"),
        (drive.exceptions, "refused"),
        (drive.echo_errors, "echo"),
        (drive.other_errors, "other"),
    )
    said = ", ".join(f"{count} {kind}" for count, kind in kinds if count)
    return f"{drive.errors} of {drive.transactions} bad: {said}" if said else ""


def safety_view(safety: SafetyState) -> RenderableType:
    """Phase of the interlock and what tripped, first-out on top."""
    style = {SafetyPhase.TRIPPED: "red", SafetyPhase.MOTION: "green"}.get(safety.phase, "yellow")
    head = Text.assemble("interlock ", (safety.phase.name.lower(), style), f"  epoch {safety.epoch}")
    if not safety.trips:
        return head
    table = _table("", "tripped", "of", "what", "now")
    for trip in safety.trips:
        table.add_row(trip.rule, trip.subject, trip.text, "present" if trip.is_present else "gone")
    return Group(head, table)


def parts_view(parts: Iterable[PartState]) -> Table:
    """One row per part."""
    table = _table("Parts", "part", "order", "recipe", "place", "process", "verdict", "")
    for part in parts:
        verdict = Text(part.verdict.name.lower(), style=_VERDICT_STYLES.get(part.verdict, ""))
        note = "needs disposition" if part.needs_disposition else ""
        table.add_row(
            part.part_id,
            part.order_id,
            part.recipe,
            part.place,
            part.process,
            verdict,
            "; ".join(filter(None, (note, part.detail))),
        )
    return table


def part_view(part: PartState) -> RenderableType:
    """One part with its results."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("part", part.part_id)
    grid.add_row("order", part.order_id)
    grid.add_row("recipe", f"{part.recipe} ({part.recipe_hash[:12]})")
    grid.add_row("place", part.place + (f", {part.process}" if part.process else ""))
    grid.add_row("verdict", Text(part.verdict.name.lower(), style=_VERDICT_STYLES.get(part.verdict, "")))
    if part.needs_disposition:
        grid.add_row("needs", "a decision: cell parts dispose")
    if part.detail:
        grid.add_row("detail", part.detail)
    for result in part.results:
        grid.add_row(result.name, f"{result.value:.5g}")
    return grid


def alarms_view(alarms: Alarms, *, with_history: bool = False) -> Table:
    """Active alarms, and on request those that are over."""
    table = _table("Alarms", "id", "severity", "message", *(("",) if with_history else ()))
    for alarm in (*alarms.active, *(alarms.history if with_history else ())):
        is_named = not alarm.source or alarm.source in alarm.message
        table.add_row(
            str(alarm.id),
            alarm.severity.name.lower(),
            alarm.message if is_named else f"{alarm.source}: {alarm.message}",
            *(("active" if alarm.is_active else "over",) if with_history else ()),
            style="red" if alarm.is_active and alarm.severity >= Severity.STOP else "",
        )
    return table


def summary_view(summary: Summary) -> Table:
    """The end of `cell run`."""
    table = _table("Summary", "figure", "value")
    good = f"{summary.parts_good} good, {summary.parts_bad} bad of {summary.parts_ordered}"
    table.add_row("parts", Text(good, style="green" if summary.is_success else "red"))
    table.add_row("duration", f"{summary.duration_s:.1f} s")
    table.add_row("two parts in process", f"{summary.overlap_fraction:.0%} of the process time")
    table.add_row(
        "OEE",
        f"{summary.oee:.2f} (availability {summary.availability:.2f}, performance {summary.performance:.2f}, "
        f"quality {summary.quality:.2f})",
    )
    table.add_row("trips", f"{summary.trips} {summary.first_trip}".rstrip())
    table.add_row("serial lines", f"{summary.bus_errors} errors in {summary.bus_transactions} exchanges")
    for phase, seconds in summary.phase_s.items():
        if seconds >= 0.1:
            table.add_row(f"  {phase}", f"{seconds:.1f} s")
    return table
