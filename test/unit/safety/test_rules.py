"""Which check is asked about what and when, and whether a finding allows a recovery."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.config import AnalogRule, AnalogWatch, InputRule
from cell_controller.messages import DriveCondition, LinePhase
from cell_controller.safety import RULES, limits_of
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.limits import AnalogLimits, Channel, SafetyInputLimits
from cell_controller.safety.rule import Reads
from cell_controller.safety.rules import RANK, REMEDY, RuleBook, in_order
from support.heard_cell import NOW_S, heard, says, says_line
from support.interlock_bench import demo_cell
from support.rule_limits import CELL_LIMITS

OF_A_LINE = ["line_down", "other_config"]
OF_A_DRIVE = ["fault", "offline", "not_armed"]


def of_line(book: RuleBook, line: str) -> dict[str, list[str]]:
    """Names of the checks by their subject."""
    found: dict[str, list[str]] = {}
    for check, subject in book._of_line[line]:
        found.setdefault(subject, []).append(check.__name__)
    return found


def analog(name: str, module: str, rule: AnalogRule, *, is_recoverable: bool = True) -> AnalogLimits:
    watch = AnalogWatch(rule=rule, trip_above=1.0, is_recoverable=is_recoverable)
    return AnalogLimits(name, module, 0, 1.0, 0.0, "", watch)


MORE = replace(
    CELL_LIMITS,
    inputs={
        **CELL_LIMITS.inputs,
        "coolant": SafetyInputLimits(
            Channel("coolant", "station_io", 0x80), InputRule.COOLANT, True, None, 0.0, ""
        ),
        "air_b": SafetyInputLimits(Channel("air_b", "station_io", 0x40), InputRule.AIR, False, None, 0.0, ""),
    },
    analog={
        "vibration": analog("vibration", "safety_io", AnalogRule.VIBRATION, is_recoverable=False),
        "heat": analog("heat", "station_io", AnalogRule.TEMPERATURE),
        "air": analog("air", "station_io", AnalogRule.AIR),
    },
)


def test_a_line_is_asked_about_its_drives_its_stations_its_inputs_and_its_values() -> None:
    book = RuleBook(MORE)
    assert of_line(book, "weld_line") == {
        "weld_line": OF_A_LINE,
        "robot": ["reduced_speed"],
        **dict.fromkeys(("weld_x", "weld_y", "weld_z", "weld_spindle"), OF_A_DRIVE),
    }
    assert of_line(book, "safety_line") == {
        "safety_line": OF_A_LINE,
        "safety_io": OF_A_DRIVE,
        **{n: ["safety_input", "contradiction"] for n in ("estop_ok", "guard_closed", "relay_closed")},
        "air_ok": ["contradiction", "safety_input"],
        "vibration": ["process_value"],
    }
    assert of_line(book, "conveyor_line") == {
        "conveyor_line": OF_A_LINE,
        "conveyor": ["reduced_speed"],
        "robot": ["clamp"],
        "spindle": ["clamp"],
        "belt": OF_A_DRIVE,
        "station_io": OF_A_DRIVE,
        **{n: ["contradiction", "safety_input"] for n in ("coolant", "air_b")},
        "heat": ["process_value"],
        "air": ["process_value"],
    }


def test_a_step_asks_about_ages_and_about_the_cell() -> None:
    found: dict[str, list[str]] = {}
    for check, subject in RuleBook(CELL_LIMITS)._of_step:
        found.setdefault(check.__name__, []).append(subject)
    lines, stations = list(CELL_LIMITS.lines), list(CELL_LIMITS.stations)
    assert found == {
        "guard_locked": ["cell"],
        "enabling": ["cell"],
        "manager_lost": ["cell"],
        "line_lost": lines,
        "bus_stopped": lines,
        "station_lost": stations,
        "stale_data": lines,
        "standstill": ["cell"],
    }


def rules_of(findings: tuple[Finding, ...]) -> list[tuple[RuleName, str]]:
    return [f.key for f in findings]


def test_all_is_well_while_nobody_says_otherwise() -> None:
    book, snapshot = RuleBook(CELL_LIMITS), heard()
    for line in CELL_LIMITS.lines:
        assert book.of_line(line, snapshot) == ()
    assert book.of_step(snapshot) == ()


def test_everything_that_is_wrong_on_a_line_is_found() -> None:
    book, snapshot = RuleBook(CELL_LIMITS), heard()
    says(snapshot, "grind_wheel", is_armed=False, measured_speed_rpm=4000.0, measured_power_w=9000.0)
    says(snapshot, "grind_traverse", condition=DriveCondition.FAULT, measured_force_n=9000.0)
    says(snapshot, "grind_infeed", measured_speed_m_s=1.0, measured_position_m=1.0)
    says_line(snapshot, "grind_line", config_hash="other")
    assert rules_of(book.of_line("grind_line", snapshot)) == [
        (RuleName.CONFIG, "grind_line"),
        (RuleName.DRIVE_FAULT, "grind_traverse"),
        (RuleName.NOT_ARMED, "grind_wheel"),
        (RuleName.LIMITS, "grind_infeed"),
        (RuleName.OVERSPEED, "grind_infeed"),
        (RuleName.TORQUE, "grind_traverse"),
        (RuleName.OVERSPEED, "grind_wheel"),
        (RuleName.POWER, "grind_wheel"),
    ]
    assert book.of_line("weld_line", snapshot) == ()


def test_of_drives_of_which_nothing_is_known_no_value_is_asked() -> None:
    book, snapshot = RuleBook(CELL_LIMITS), heard()
    says(snapshot, "grind_wheel", measured_speed_rpm=4000.0)
    says(snapshot, "grind_infeed", measured_speed_m_s=1.0)
    says_line(snapshot, "grind_line", phase=LinePhase.ARMING)
    assert rules_of(book.of_line("grind_line", snapshot)) == [(RuleName.LINE_DOWN, "grind_line")]


def test_everything_that_is_too_old_is_found() -> None:
    book, snapshot = RuleBook(CELL_LIMITS), heard()
    snapshot.begin(NOW_S + 0.25)
    for view in snapshot.lines.values():
        view.received_at_s = snapshot.now_s
    snapshot.lines["weld_line"].received_at_s = NOW_S
    assert rules_of(book.of_step(snapshot)) == [
        (RuleName.MANAGER_LOST, "cell_manager"),
        (RuleName.LINE_LOST, "weld_line"),
        *((RuleName.STATION_LOST, s) for s in CELL_LIMITS.stations),
    ]


@pytest.mark.parametrize(
    ("rule", "subject", "is_recoverable"),
    [
        (RuleName.AIR, "air_ok", True),
        (RuleName.AIR, "air_b", False),
        (RuleName.COOLANT, "coolant", True),
        (RuleName.ESTOP, "estop_ok", False),
        (RuleName.IMPLAUSIBLE, "air_ok", False),  # not the rule that the input feeds
        (RuleName.VIBRATION, "vibration", False),
        (RuleName.VIBRATION, "another", True),
        (RuleName.TEMPERATURE, "heat", True),
        (RuleName.NOT_A_NUMBER, "heat", False),
        (RuleName.FORCE, "vibration", True),
        (RuleName.FORCE, "weld_z", True),
        (RuleName.OVERSPEED, "weld_z", False),
        (RuleName.TEMPERATURE, "weld_z", True),
    ],
)
def test_a_recovery_is_possible_where_input_value_or_table_say_so(
    rule: RuleName, subject: str, is_recoverable: bool
) -> None:
    assert RuleBook(MORE).is_recoverable(Finding(rule, subject, "")) is is_recoverable


def test_causes_come_before_effects_and_equals_keep_their_order() -> None:
    rules = (RuleName.STANDSTILL, RuleName.FORCE, RuleName.ESTOP, RuleName.FORCE, RuleName.STARTUP)
    findings = tuple(Finding(rule, str(n), "") for n, rule in enumerate(rules))
    assert [f.subject for f in in_order(findings)] == ["4", "2", "1", "3", "0"]
    assert in_order(()) == ()


def test_a_rule_of_two_rows_has_the_rank_and_the_remedy_of_its_first() -> None:
    rows = [rule for rule in RULES if rule.name is RuleName.GUARD]
    assert len(rows) > 1
    assert RANK[RuleName.GUARD] == RULES.index(rows[0])
    assert REMEDY[RuleName.GUARD] == rows[0].remedy
    assert {rule.reads for rule in RULES} == set(Reads)


def test_the_longest_program_is_the_longest_of_all() -> None:
    limits = limits_of(*demo_cell())
    assert limits.longest_program_s == max(p.budget_s for p in limits.programs.values()) > 0.0
    assert replace(limits, programs={}).longest_program_s == 0.0
