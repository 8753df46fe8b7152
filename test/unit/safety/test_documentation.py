"""docs/safety.md and the table in code are the same, and the keys that the table names exist."""

import re
from pathlib import Path

from cell_controller.config import AnalogWatch, AxisDrive, Safety, SafetyInput, SpindleDrive, Trips, Wheel
from cell_controller.config.stations import StationPrograms, WeldingRobot
from cell_controller.safety import RULES, RuleName
from cell_controller.safety.documentation import as_markdown, with_table
from cell_controller.safety.rule import During

PAGE = Path(__file__).parents[3] / "docs" / "safety.md"
MODELS = (
    AnalogWatch, AxisDrive, Safety, SafetyInput, SpindleDrive, StationPrograms, Trips, WeldingRobot, Wheel
)  # fmt: skip


def test_the_page_shows_the_rules_that_the_interlock_runs() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "write with_table(page) back into docs/safety.md"


def test_every_rule_is_on_the_page_with_what_trips_it_and_what_to_do() -> None:
    rows = [line.split(" | ") for line in as_markdown().splitlines()[2:]]
    assert {row[0].strip("| `") for row in rows} == {name.value for name in RuleName}
    assert len(rows) == len(RULES)
    assert all(row[1] and row[2] and row[-1].strip(" |") for row in rows)


def test_keys_that_the_table_names_are_keys_of_the_cell_file() -> None:
    known = {key for model in MODELS for key in model.model_fields}
    named = set(re.findall(r"`([a-z_.]+)[:`]", as_markdown())) - {name.value for name in RuleName}
    assert {key.rpartition(".")[2] for key in named} <= known


def test_rules_that_are_asked_for_in_one_mode_say_so() -> None:
    said = {rule.name: rule.during for rule in RULES}
    assert said[RuleName.ENABLING] is During.MANUAL
    assert said[RuleName.REDUCED_SPEED] is During.NOT_PRODUCTION
    assert said[RuleName.ESTOP] is During.ALWAYS
