"""What a weld is judged by."""

from __future__ import annotations

from math import isnan

import pytest

from cell_controller.stations.welding_robot.result import WeldRecord

RPM, SPEED_M_S, DT_S = 1000.0, 0.012, 0.04


def weld(standing_s: float) -> WeldRecord:
    """Stands, traverses 24 mm, stands; X is read at every fifth sample of Z."""
    record = WeldRecord()
    samples = round((standing_s + 2.0 + standing_s) / DT_S)
    x_m = 0.0
    for number in range(samples):
        if number % 5 == 0:
            x_m = SPEED_M_S * min(max(number * DT_S - standing_s, 0.0), 2.0)
        record.add(6000.0, 450.0, 0.0004, RPM, x_m, DT_S)
    return record


@pytest.mark.parametrize("standing_s", [0.0, 0.8, 3.0])
def test_revolutions_per_mm_count_only_while_the_tool_moves_on(standing_s: float) -> None:
    assert weld(standing_s).revolutions_per_mm == pytest.approx(RPM / 60.0 / (SPEED_M_S * 1000.0), rel=0.03)


def test_a_tool_that_never_moved_has_no_revolutions_per_mm() -> None:
    record = WeldRecord()
    record.add(6000.0, 450.0, 0.0004, RPM, 0.1, DT_S)
    assert isnan(record.revolutions_per_mm)
