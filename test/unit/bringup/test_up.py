"""A cell that is being stopped goes on being stopped, whatever a person presses."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp

DEMO = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"


class Impatient(CellUp):
    """Somebody presses Ctrl-C while it stops."""

    def __init__(self, run_dir: Path, presses: int) -> None:
        super().__init__(Arguments(DEMO, "/impatient", run_dir))
        self.presses, self.stops = presses, list[bool]()

    def start(self) -> None:
        return

    def stop(self) -> None:
        self.stops.append(self._is_hurried)
        if len(self.stops) <= self.presses:
            raise KeyboardInterrupt


def test_a_second_ctrl_c_hurries_the_stop_and_does_not_end_it(tmp_path: Path) -> None:
    up = Impatient(tmp_path, presses=1)
    with pytest.raises(KeyboardInterrupt), up:
        raise AssertionError
    assert up.stops == [False, True], "stopped again, in a hurry"


def test_a_cell_that_nobody_hurries_is_stopped_once(tmp_path: Path) -> None:
    up = Impatient(tmp_path, presses=0)
    with up:
        pass
    assert up.stops == [False]
