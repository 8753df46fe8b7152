"""An operator's Abort reaches the station, but the withdrawn permit reaches the interlock later or never.

The station ends its task and says so within milliseconds. Would it leave its drives without a wish, the
spindle would begin to stop in the metal until the interlock hears of the Abort.
"""

from __future__ import annotations

import pytest

from cell_controller.config import CELL_MANAGER
from cell_controller.messages import SafetyPhase
from cell_controller.packml import Command
from cell_sim.host.simcell import SimCell
from cell_sim.host.transport import LinkFault
from support.cell_facts import assert_stood_still_in_time, assert_tool_left_turning
from support.moments import Moment

WELD_LINE = "weld_line"
FOR_GOOD_S = 5.0


@pytest.mark.parametrize(
    ("loss", "delay_s", "for_s"),
    [
        (0.0, 0.0, 0.0),
        (0.0, 0.03, FOR_GOOD_S),  # the permit itself, by less than one of its periods
        (0.0, 0.09, FOR_GOOD_S),
        (1.0, 0.0, 0.06),  # the first two of them
        (1.0, 0.0, FOR_GOOD_S),
    ],
    ids=["in_time", "late", "very_late", "repeated", "never"],
)
def test_the_tool_leaves_turning_however_late_the_interlock_hears_of_an_abort(
    welding: Moment, loss: float, delay_s: float, for_s: float
) -> None:
    def case(cell: SimCell) -> None:
        began_s = cell.now_s
        fault = LinkFault("cell_permit", CELL_MANAGER, began_s + for_s, loss=loss, extra_delay_s=delay_s)
        cell.host.transport.faults.append(fault)
        cell.command(Command.ABORT)
        cell.until(
            lambda: cell.safety is not None and cell.safety.phase is SafetyPhase.TRIPPED, 1.5, "the trip"
        )
        tripped_s = cell.now_s
        cell.run_for(cell.plan.lines[WELD_LINE].stop_time_s)
        assert_stood_still_in_time(cell, tripped_s)
        assert_tool_left_turning(cell, began_s, tripped_s - began_s + cell.plan.lines[WELD_LINE].stop_time_s)

    welding.play(case)
