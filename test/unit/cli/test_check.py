"""`cell check`: what it prints and returns."""

import io
from pathlib import Path

from rich.console import Console

from cell_controller.cli.check import check
from cell_controller.config import load_cell

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "config" / "cells" / "demo.yaml"


def printed(path: Path, width: int = 160) -> tuple[int, str]:
    out = io.StringIO()
    code = check(path, Console(file=out, width=width, no_color=True))
    return code, out.getvalue()


def test_a_good_cell_gets_a_summary_with_every_line_drive_program_zone_and_station() -> None:
    code, text = printed(DEMO)
    assert code == 0
    cell = load_cell(DEMO).cell
    for names in (cell.lines, cell.drives, cell.stop_programs, cell.zones, cell.stations):
        assert all(name in text for name in names)
    assert "relay delay 6 s" in text
    assert text.rstrip().endswith("good")


def test_a_broken_cell_gets_its_problems_one_a_line_and_no_summary() -> None:
    path = ROOT / "test" / "cells_broken" / "out_of_range.yaml"
    code, text = printed(path, width=40)
    assert code == 1
    lines = text.strip().splitlines()
    expected = path.with_suffix(".txt").read_text().splitlines()
    assert lines[:3] == [f"{path.parent}/{line}" for line in expected]
    assert "3 problems" in text.replace("\n", " ")
    assert "Stations" not in text


def test_unverified_profile_fields_are_warnings_that_do_not_fail() -> None:
    code, text = printed(DEMO)
    assert code == 0
    assert "warning: " in text
    assert "known from memory only" in text
