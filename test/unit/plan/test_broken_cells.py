"""Every broken cell file of test/cells_broken gives exactly its messages."""

from pathlib import Path

import pytest

from cell_controller.config import ConfigError
from cell_controller.plan import load_plan

BROKEN = Path(__file__).parents[2] / "cells_broken"
FILES = sorted(p for p in BROKEN.glob("*.yaml") if not p.name.endswith(".recipe.yaml"))


def said_about(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_plan(path)
    return [str(p).removeprefix(f"{BROKEN}/") for p in caught.value.problems]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_broken_cell_file_gives_one_clear_message_per_error(path: Path) -> None:
    assert said_about(path) == path.with_suffix(".txt").read_text().splitlines()


def test_there_are_at_least_twenty_broken_cell_files() -> None:
    assert len(FILES) >= 20
