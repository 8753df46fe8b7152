"""Two whole cells on one ROS domain at the same time, stations and manager of each in one process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from support.light_cell import write_light_cell
from support.live_cell import READY_S, LiveCell

PARTS = 3
MADE_S = 240.0  # two cells on two cores

# Fourteen processes, most of two cores: more than a small machine carries beside other tests.
pytestmark = pytest.mark.matrix


@pytest.fixture
def cells(keeps_processes: None, tmp_path: Path) -> Iterator[list[LiveCell]]:
    file = write_light_cell(tmp_path)
    with ExitStack() as stack:
        ups = [
            stack.enter_context(CellUp(Arguments(file, f"/{name}", tmp_path / name, composed=True)))
            for name in ("left", "right")
        ]
        for up in ups:
            up.wait_ready(READY_S)
        yield [LiveCell(up, up.client) for up in ups]


def test_two_composed_cells_make_their_parts_at_the_same_time(cells: list[LiveCell]) -> None:
    def make(cell: LiveCell) -> None:
        cell.clear()
        cell.produce(PARTS, MADE_S)

    with ThreadPoolExecutor(len(cells)) as pool:
        for made in [pool.submit(make, cell) for cell in cells]:
            made.result()
    assert [cell.state.parts_good for cell in cells] == [PARTS, PARTS]
