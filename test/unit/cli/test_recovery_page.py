"""docs/recovery.md is what an operator reads with a stopped machine: its words must be the program's."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cell_controller.cli.main import app
from cell_controller.messages import Disposition, ResultCode
from cell_controller.safety.findings import RuleName

PAGE = (Path(__file__).parents[3] / "docs" / "recovery.md").read_text()


def table(head: str) -> list[str]:
    """The words in backquotes of a table's first column."""
    rows = PAGE.split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_the_page_says_what_to_do_for_every_rule_of_the_interlock() -> None:
    assert sorted(table("what tripped")) == sorted(rule.value for rule in RuleName)


def test_the_page_explains_every_disposition() -> None:
    assert table("decision") == [d.name.lower() for d in Disposition]


def test_the_page_explains_every_kind_of_refusal_but_a_repeated_id() -> None:
    codes = {code.name.lower() for code in ResultCode} - {
        "accepted",
        "repeated",
    }  # this program makes new ids
    assert set(table("answer")) - {"no cell answers"} == codes


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^cell .*?(?=\s+#|$)", PAGE, re.MULTILINE))))
def test_every_command_of_the_page_is_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsed as typed; only the way to the cell is cut."""

    class ReachedError(Exception):
        pass

    def reached(*_: object, **__: object) -> None:
        raise ReachedError

    monkeypatch.setattr("cell_controller.cli.link.connected", reached)
    monkeypatch.setattr("cell_controller.cli.commanding.connected", reached)
    monkeypatch.setattr("cell_controller.cli.hold.connected", reached)
    words = re.findall(r'"[^"]*"|\S+', line)[1:]
    result = CliRunner().invoke(app, [word.strip('"') for word in words])
    assert isinstance(result.exception, ReachedError), result.output
