"""Levels, words and units of diagnostics, and the aggregator's configuration."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cell_controller.config import load_cell
from cell_controller.display.diagnostics import Known, diagnose, names
from cell_controller.display.values import Diagnosis, Level
from cell_controller.messages import (
    Alarm,
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
    Trip,
)

ROOT = Path(__file__).parents[3]
CELL = load_cell(ROOT / "config/cells/demo.yaml").cell
AXIS = DriveState("weld_z", DriveCondition.OPERATION_ENABLED, is_armed=True, measured_position_m=0.06)
LINE = DriveStates("weld_line", LinePhase.PERMITTED, is_armed=True, drives=(AXIS,))
TRIP = Trip("guard", "guard_closed", "the guard is open", is_present=True)
NOTHING = Known({}, None, None, None)


def said(known: Known, name: str) -> Diagnosis:
    return next(d for d in diagnose(CELL, known) if d.name == name)


@pytest.mark.parametrize(
    ("change", "level", "message"),
    [
        ({}, Level.OK, "operation enabled"),
        ({"is_armed": False}, Level.WARN, "operation enabled, not armed"),
        ({"condition": DriveCondition.OFFLINE}, Level.ERROR, "offline"),
        (
            {"condition": DriveCondition.FAULT, "fault_code": 17, "fault_text": "overload"},
            Level.ERROR,
            "fault: overload (17)",
        ),
    ],
)
def test_a_drive_is_as_well_as_its_condition(change: dict[str, Any], level: Level, message: str) -> None:
    drive = said(
        Known({"weld_line": replace(LINE, drives=(replace(AXIS, **change),))}, None, None, None),
        "drive weld_z",
    )
    assert (drive.level, drive.message, drive.hardware_id) == (
        level,
        message,
        "weld_line/3 fast_modbus_servo",
    )
    items = {i.key: i.value for i in drive.items}
    assert items["position (m)"] == "0.06"
    assert "temperature (C)" not in items, "what is not measured is not said"


def test_a_drive_says_how_its_exchanges_ended_and_how_soon_it_answers() -> None:
    axis = replace(
        AXIS, transactions=900, timeouts=5, crc_errors=4, exceptions=3, echo_errors=2, other_errors=1,
        latency_p50_s=0.0042, latency_p99_s=0.0119, latency_max_s=0.09,
    )  # fmt: skip
    lines = {"weld_line": replace(LINE, drives=(axis,))}
    items = {i.key: i.value for i in said(Known(lines, None, None, None), "drive weld_z").items}
    assert items["transactions"] == "900"
    kinds = ("timeouts", "CRC errors", "exceptions", "echo errors", "other errors")
    assert [items[kind] for kind in kinds] == ["5", "4", "3", "2", "1"]
    latencies = [items[f"latency {which} (ms)"] for which in ("p50", "p99", "max")]
    assert latencies == ["4.2", "11.9", "90.0"]


def test_a_drive_that_never_answered_has_no_latency() -> None:
    items = said(Known({"weld_line": LINE}, None, None, None), "drive weld_z").items
    assert not [i for i in items if i.key.startswith("latency")]


@pytest.mark.parametrize(
    ("change", "level", "message"),
    [
        ({}, Level.OK, "permitted"),
        ({"stop_cause": "no permit"}, Level.WARN, "no permit"),
        ({"is_armed": False, "phase": LinePhase.ARMING}, Level.WARN, "arming, not armed"),
        ({"phase": LinePhase.CLOSED, "is_armed": False}, Level.ERROR, "closed"),
        ({"tool_in_material": True, "stop_cause": "no permit"}, Level.ERROR, "tool in material"),
    ],
)
def test_a_line_says_why_it_stopped(change: dict[str, Any], level: Level, message: str) -> None:
    line = said(Known({"weld_line": replace(LINE, **change)}, None, None, None), "line weld_line")
    assert (line.level, line.message) == (level, message)


@pytest.mark.parametrize(
    ("safety", "level", "message"),
    [
        (SafetyState(SafetyPhase.MOTION), Level.OK, "motion"),
        (SafetyState(SafetyPhase.HOLD, warnings=("hot", "worn")), Level.WARN, "hot"),
        (
            SafetyState(SafetyPhase.TRIPPED, first_out="it was", trips=(replace(TRIP, is_present=False),)),
            Level.WARN,
            "it was",
        ),
        (SafetyState(SafetyPhase.TRIPPED, first_out="it is", trips=(TRIP,)), Level.ERROR, "it is"),
    ],
)
def test_a_trip_that_waits_for_a_person_is_less_than_one_that_lasts(
    safety: SafetyState, level: Level, message: str
) -> None:
    interlock = said(Known({}, safety, None, None), "interlock")
    assert (interlock.level, interlock.message) == (level, message)


@pytest.mark.parametrize(
    ("is_online", "tool", "level", "message"),
    [
        (True, False, Level.OK, "traversing"),
        (True, True, Level.OK, "traversing, tool in material"),
        (False, False, Level.ERROR, "not heard by the cell manager"),
    ],
)
def test_a_station_says_its_phase(is_online: bool, tool: bool, level: Level, message: str) -> None:
    summary = StationSummary("robot", "Welding robot", "traversing", 0.5, is_online, tool)
    state = CellState(6, 6, False, 1, 5, 1, stations=(summary,))
    robot = said(Known({}, None, state, None), "station robot")
    assert (robot.level, robot.message) == (level, message)


@pytest.mark.parametrize(
    ("severity", "level"),
    [(Severity.INFO, Level.OK), (Severity.WARNING, Level.WARN), (Severity.ABORT, Level.ERROR)],
)
def test_the_manager_is_as_bad_as_its_worst_alarm(severity: Severity, level: Level) -> None:
    state = CellState(9, 9, False, 1, 5, 1)
    alarms = Alarms(
        (
            Alarm(3, "lost", "recorder", 1, severity),
            Alarm(1, "worse", "x", 1, Severity.ABORT, is_active=False),
        )
    )
    manager = said(Known({}, None, state, alarms), "cell_manager")
    assert manager.level is level
    assert manager.message == ("aborted" if level is Level.OK else "lost")


def test_what_was_not_heard_is_stale() -> None:
    assert [d.name for d in diagnose(CELL, NOTHING)] == list(names(CELL))
    assert {d.level for d in diagnose(CELL, NOTHING)} == {Level.STALE}


def test_the_aggregator_sorts_every_name_into_one_place() -> None:
    configuration = YAML(typ="safe").load(ROOT / "config" / "diagnostics.yaml")["analyzers"][
        "ros__parameters"
    ]
    analyzers = [a for a in configuration.values() if isinstance(a, dict)]
    assert {a["type"] for a in analyzers} == {"diagnostic_aggregator/GenericAnalyzer"}
    for name in names(CELL):
        fits = [a["path"] for a in analyzers if any(c in f"cell: {name}" for c in a["contains"])]
        assert len(fits) == 1, name
    for analyzer in analyzers:
        assert any(c in f"cell: {n}" for n in names(CELL) for c in analyzer["contains"]), analyzer["path"]
