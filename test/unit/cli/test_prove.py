"""`cell prove-stop` before anything moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from cell_controller.bringup.table import Arguments
from cell_controller.cli.check import check
from cell_controller.cli.errors import CliError
from cell_controller.cli.prove import prove

TEST = Path(__file__).parents[3] / "config" / "cells" / "test.yaml"


def test_without_anybody_to_ask_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CliError, match="say --yes"):
        prove(Arguments(TEST), "weld_line", is_sure=False, is_json=False)
    said = capsys.readouterr().out
    assert "weld_x, weld_y, weld_z at 10 mm/s at most" in said
    assert "weld_spindle at 25% of the permitted speed" in said
    assert "belt" not in said


def test_a_line_that_the_cell_does_not_have_is_named_with_those_it_has() -> None:
    with pytest.raises(CliError, match="no line 'weld'; there are weld_line, grind_line"):
        prove(Arguments(TEST), "weld", is_sure=True, is_json=False)


def test_check_says_what_is_not_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    out = Console(record=True, width=200)
    assert check(TEST, out) == 0
    text = out.export_text()
    assert "Stop-time budgets" in text
    assert "stops not proved: weld_x, weld_y" in text
