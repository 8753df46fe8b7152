"""Sensors and switches that freeze, jump and contradict each other in the middle of a weld."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cell_controller.messages import SafetyPhase
from cell_sim.drives.motor import ServoDrive
from cell_sim.host.simcell import SimCell
from support.cell_facts import (
    assert_tool_left_turning,
    assert_tripped_with_a_suspect_part,
    longest_budget_s,
)
from support.moments import Moment

TEMPERATURE, CLAMP, RELAY = ("station_io", 0), ("station_io", 4), ("safety_io", 3)
# 0.3 s without a count, a reading of a fast drive, two messages, and the way of a velocity to the drive.
FROZEN_WITHIN_S = 0.5


def trip(cell: SimCell, within_s: float) -> str:
    """The first-out, and the time that it took."""
    cell.until(
        lambda: cell.safety is not None and cell.safety.phase is SafetyPhase.TRIPPED, within_s, "the trip"
    )
    assert cell.safety is not None
    return cell.safety.first_out


def heat(cell: SimCell) -> None:
    cell.plant.force_analog(*TEMPERATURE, 5810)  # 581 C: the probe jumps, and no station can be asked


def open_clamp(cell: SimCell) -> None:
    cell.plant.force_input(*CLAMP, False)


def jump(cell: SimCell) -> None:
    drive = cell.lines["weld_line"].drive("weld_x")
    assert isinstance(drive, ServoDrive)
    drive._zero_m -= 0.06  # an encoder that loses its turns


@pytest.mark.parametrize(
    ("happen", "first_out", "within_s"),
    [
        (heat, "temperature weld_tool_temperature_c:", 0.1),
        (open_clamp, "clamp weld_clamp_closed:", 0.25),
        (jump, "implausible weld_x:", 0.6),
    ],
    ids=["hot", "clamp", "jump"],
)
def test_it_trips_with_its_cause_and_the_tool_leaves_the_material(
    welding: Moment, happen: Callable[[SimCell], None], first_out: str, within_s: float
) -> None:
    def case(cell: SimCell) -> None:
        happened_at_s = cell.now_s
        happen(cell)
        assert trip(cell, within_s).startswith(first_out)
        cell.run_for(longest_budget_s(cell))
        assert_tool_left_turning(cell, happened_at_s, longest_budget_s(cell))
        assert_tripped_with_a_suspect_part(cell)

    welding.play(case)


def test_a_frozen_axis_in_the_force_loop_is_seen_in_time(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        cell.lines["weld_line"].drive("weld_z").is_frozen = True
        assert trip(cell, FROZEN_WITHIN_S).startswith("frozen weld_z:")

    welding.play(case)


def test_a_relay_that_stays_closed_on_the_estop_is_named(welding: Moment) -> None:
    def case(cell: SimCell) -> None:
        cell.plant.force_input(*RELAY, True)
        cell.plant.press_estop()
        assert trip(cell, 0.2).startswith("estop estop_ok:")
        cell.run_for(0.7)
        assert cell.safety is not None
        assert ("implausible", "relay_closed") in [(t.rule, t.subject) for t in cell.safety.trips]

    welding.play(case)
