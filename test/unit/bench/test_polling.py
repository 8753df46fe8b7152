"""The theory of a live cell's lines holds for the demo cell as it is."""

from __future__ import annotations

import pytest

from bench.polling import theory_1_s
from cell_controller.plan import load_plan
from support.interlock_bench import CELL_PATH


@pytest.mark.parametrize("line", sorted(load_plan(CELL_PATH)[0].cell.lines))
def test_every_line_of_the_demo_cell_polls_on_simulated_time(line: str) -> None:
    assert 20.0 < theory_1_s(line) < 400.0
