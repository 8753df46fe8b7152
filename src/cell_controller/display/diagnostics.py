"""What is well and what is not, as diagnostics have it: one status per drive, line, station, and the rest.

Names are "kind name", such as "drive weld_z"; config/diagnostics.yaml sorts them for the aggregator.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

from cell_controller.config import CELL_MANAGER, INTERLOCK, CellFile
from cell_controller.display.values import Diagnosis, Item, Level
from cell_controller.messages import (
    Alarms,
    CellState,
    DriveCondition,
    DriveState,
    DriveStates,
    LinePhase,
    SafetyPhase,
    SafetyState,
    Severity,
    StationSummary,
)
from cell_controller.packml import Mode, State

NO_DATA = "no fresh data"
_BAD_CONDITIONS = {DriveCondition.OFFLINE, DriveCondition.FAULT}
_MEASURED = (
    ("position (m)", "measured_position_m"),
    ("speed (m/s)", "measured_speed_m_s"),
    ("force (N)", "measured_force_n"),
    ("speed (rpm)", "measured_speed_rpm"),
    ("torque (N m)", "measured_torque_nm"),
    ("current (A)", "measured_current_a"),
    ("power (W)", "measured_power_w"),
    ("temperature (C)", "measured_temperature_c"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """The newest of each message that is still fresh."""

    lines: dict[str, DriveStates]
    safety: SafetyState | None
    state: CellState | None
    alarms: Alarms | None


def names(cell: CellFile) -> tuple[str, ...]:
    """Of everything that is diagnosed in this cell."""
    return (
        *(f"drive {name}" for name in cell.drives),
        *(f"line {name}" for name in cell.lines),
        INTERLOCK,
        *(f"station {name}" for name in cell.stations),
        CELL_MANAGER,
    )


def diagnose(cell: CellFile, known: Known) -> tuple[Diagnosis, ...]:
    """One per name, in the order of `names`."""
    drives = {d.drive: d for states in known.lines.values() for d in states.drives}
    stations = {} if known.state is None else {s.station: s for s in known.state.stations}
    return (
        *(_drive(cell, name, drives.get(name)) for name in cell.drives),
        *(_line(cell, name, known.lines.get(name)) for name in cell.lines),
        _interlock(known.safety),
        *(_station(name, stations.get(name)) for name in cell.stations),
        _manager(known.state, known.alarms),
    )


def _drive(cell: CellFile, name: str, state: DriveState | None) -> Diagnosis:
    drive = cell.drives[name]
    full_name, hardware = f"drive {name}", f"{drive.line}/{drive.unit} {drive.profile}"
    if state is None:
        return Diagnosis(full_name, Level.STALE, NO_DATA, hardware)
    condition = _words(state.condition)
    level, message = Level.OK, condition
    if state.condition in _BAD_CONDITIONS:
        fault = f"{state.fault_text} ({state.fault_code})" if state.fault_code else state.fault_text
        level, message = Level.ERROR, f"{condition}: {fault}" if fault else condition
    elif not state.is_armed:
        level, message = Level.WARN, f"{condition}, not armed"
    values = [(key, getattr(state, field)) for key, field in _MEASURED]
    return Diagnosis(
        full_name,
        level,
        message,
        hardware,
        (
            Item("label", drive.label),
            Item("armed", _words(state.is_armed)),
            Item("standing still", _words(state.is_stopped)),
            Item("homed", _words(state.is_homed)),
            *(Item(key, f"{value:.6g}") for key, value in values if not isnan(value)),
            *_exchanges(state),
        ),
    )


def _exchanges(state: DriveState) -> tuple[Item, ...]:
    """How its line serves it; no latency before it has answered."""
    latencies = (
        ("latency p50 (ms)", state.latency_p50_s),
        ("latency p99 (ms)", state.latency_p99_s),
        ("latency max (ms)", state.latency_max_s),
    )
    return (
        Item("transactions", str(state.transactions)),
        Item("timeouts", str(state.timeouts)),
        Item("CRC errors", str(state.crc_errors)),
        Item("exceptions", str(state.exceptions)),
        Item("echo errors", str(state.echo_errors)),
        Item("other errors", str(state.other_errors)),
        *(Item(key, f"{1e3 * value:.1f}") for key, value in latencies if not isnan(value)),
    )


def _line(cell: CellFile, name: str, states: DriveStates | None) -> Diagnosis:
    full_name, device = f"line {name}", cell.lines[name].device
    if states is None:
        return Diagnosis(full_name, Level.STALE, NO_DATA, device)
    level, message = Level.OK, _words(states.phase)
    if states.tool_in_material:
        level, message = Level.ERROR, "tool in material"
    elif states.phase is LinePhase.CLOSED:
        level = Level.ERROR
    elif states.stop_cause or not states.is_armed:
        level, message = Level.WARN, states.stop_cause or f"{message}, not armed"
    return Diagnosis(
        full_name,
        level,
        message,
        device,
        (
            Item("phase", _words(states.phase)),
            Item("armed", _words(states.is_armed)),
            Item("standing still", _words(states.is_stopped)),
            Item("epoch", str(states.epoch)),
            Item("stop program", f"{states.program} {states.program_step}".strip()),
            Item("configuration", states.config_hash),
        ),
    )


def _interlock(safety: SafetyState | None) -> Diagnosis:
    """Tripped and clear waits for a person: a warning. Tripped for something that lasts is an error."""
    if safety is None:
        return Diagnosis(INTERLOCK, Level.STALE, NO_DATA)
    level, message = Level.OK, _words(safety.phase)
    if safety.phase is SafetyPhase.TRIPPED:
        level = Level.ERROR if any(t.is_present for t in safety.trips) else Level.WARN
        message = safety.first_out or message
    elif safety.warnings:
        level, message = Level.WARN, safety.warnings[0]
    return Diagnosis(
        INTERLOCK,
        level,
        message,
        "",
        (
            Item("phase", _words(safety.phase)),
            Item("epoch", str(safety.epoch)),
            Item("no reset because", safety.reset_hindrance),
            Item("occupied zones", ", ".join(safety.occupied_zones)),
            Item("inputs on", ", ".join(safety.inputs_on)),
            *(Item(f"trip {t.rule} {t.subject}", t.text) for t in safety.trips),
            *(Item(f"warning {n}", text) for n, text in enumerate(safety.warnings, 1)),
        ),
    )


def _station(name: str, summary: StationSummary | None) -> Diagnosis:
    full_name = f"station {name}"
    if summary is None:
        return Diagnosis(full_name, Level.STALE, NO_DATA)
    level, message = Level.OK, summary.phase
    if not summary.is_online:
        level, message = Level.ERROR, "not heard by the cell manager"
    elif summary.tool_in_material:
        level, message = Level.OK, f"{summary.phase}, tool in material"
    return Diagnosis(
        full_name,
        level,
        message,
        "",
        (
            Item("label", summary.label),
            Item("progress (%)", f"{100 * summary.progress:.0f}"),
            Item("detail", summary.detail),
            *(Item(v.name, f"{v.value:.6g}") for v in summary.values),  # the unit is in the name
        ),
    )


def _manager(state: CellState | None, alarms: Alarms | None) -> Diagnosis:
    if state is None:
        return Diagnosis(CELL_MANAGER, Level.STALE, NO_DATA)
    active = () if alarms is None else tuple(a for a in alarms.active if a.is_active)
    worst = max((a.severity for a in active), default=Severity.INFO)
    level = Level.ERROR if worst >= Severity.STOP else Level.WARN if worst is Severity.WARNING else Level.OK
    message = next((a.message for a in active if a.severity is worst and worst > Severity.INFO), "")
    name = State(state.state).name.lower() if state.state in list(State) else str(state.state)
    mode = Mode(state.mode).name.lower() if state.mode in list(Mode) else str(state.mode)
    return Diagnosis(
        CELL_MANAGER,
        level,
        message or name,
        "",
        (
            Item("state", name),
            Item("mode", mode),
            Item("stop reason", state.stop_reason.text),
            Item("no clear because", state.clear_hindrance),
            Item("parts good", str(state.parts_good)),
            Item("parts bad", str(state.parts_bad)),
            *(Item(f"alarm {a.id} {a.source}", a.message) for a in active),
        ),
    )


def _words(value: bool | DriveCondition | LinePhase | SafetyPhase) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.name.lower().replace("_", " ")
