"""The manager of a production cell is told what is kept of its stops; others are not held up."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.bringup.node import assemble
from cell_controller.cell.manager import CellManager
from cell_controller.plan import load_plan

TEST = Path(__file__).parents[3] / "config" / "cells" / "test.yaml"


def told(cell_file: Path, run_dir: Path) -> str:
    unit, _, _ = assemble("cell_manager", cell_file, run_dir)
    assert isinstance(unit, CellManager)
    return unit.no_production


def test_a_production_cell_is_refused_production_without_proofs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    accepted = ", ".join(load_plan(TEST)[1].unverified)
    text = TEST.read_text()
    for old, new in (
        ("production: false", "production: true"),
        ("accepted_unverified: []", f"accepted_unverified: [{accepted}]"),
        ("../recipes", str(TEST.parents[1] / "recipes")),
        ("../drives", str(TEST.parents[1] / "drives")),
    ):
        text = text.replace(old, new)
    cell_file = tmp_path / "cell.yaml"
    cell_file.write_text(text)
    assert "belt: its hardwired enable was never proved: cell prove-stop" in told(cell_file, tmp_path)


def test_a_demo_cell_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert told(TEST, tmp_path) == ""
