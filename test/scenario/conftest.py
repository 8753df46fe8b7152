"""A whole cell on simulated time, for scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cell_sim.host.simcell import SimCell

TEST_CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"


@pytest.fixture
def make_cell() -> Callable[..., SimCell]:
    """Builds the test cell with all processes started."""

    def make(
        seed: int = 1,
        path: Path = TEST_CELL,
        recipe_change: Mapping[str, Mapping[str, float]] | None = None,
    ) -> SimCell:
        cell = SimCell(path, seed=seed, recipe_change=recipe_change)
        cell.start()
        return cell

    return make
