"""One running cell for the cases of a module, from `CellUp`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from support.live_cell import READY_S, LiveCell

TEST_CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"


@pytest.fixture(scope="module")
def live_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCell]:
    """The test cell, up and Aborted; its run directory (journal, record, true motion) is kept by pytest."""
    said: list[tuple[str, str]] = []
    up = CellUp(
        Arguments(TEST_CELL, None, tmp_path_factory.mktemp("cell")), show=lambda *line: said.append(line)
    )
    with up:
        up.wait_ready(READY_S)
        yield LiveCell(up, up.client)
    allowed = {0, -9}  # ended as told, or killed by a test or the supervisor
    ends = {name: codes for name, codes in up.exit_codes().items() if set(codes) - allowed}
    assert not ends, f"{ends}\n" + "\n".join(f"[{name}] {line}" for name, line in said)
