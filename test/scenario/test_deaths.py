"""Death and hang of every process during a weld."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import pytest

from cell_controller.config import CELL_MANAGER, INTERLOCK, AxisDrive, SpindleDrive
from cell_controller.messages import Disposition, SafetyPhase, Verdict
from cell_controller.packml import State
from cell_sim.host.simcell import SimCell

MakeCell = Callable[..., SimCell]
GUARDING = (
    "weld_line",
    "grind_line",
    "conveyor_line",
    "safety_line",
    INTERLOCK,
    "robot",
    "spindle",
    "conveyor",
    CELL_MANAGER,
)
TRAVERSE = "traverse"


def weld_until_traverse(cell: SimCell) -> None:
    cell.produce(1)
    cell.until(
        lambda: "robot" in cell.stations and cell.stations["robot"].phase == TRAVERSE, 60.0, "the traverse"
    )
    cell.run_for(0.3)


def movers(cell: SimCell, line: str | None = None) -> list[tuple[str, float]]:
    """Axes and spindles with the speed below which they stand."""
    found = []
    for name, drive in cell.cell.drives.items():
        if line is not None and drive.line != line:
            continue
        if isinstance(drive, AxisDrive):
            found.append((name, drive.standstill_m_s))
        elif isinstance(drive, SpindleDrive):
            found.append((name, drive.standstill_rpm))
    return found


def longest_stop_s(cell: SimCell, drive: str) -> float:
    """What `cell check` computes for the line of this drive."""
    return cell.plan.lines[cell.cell.drives[drive].line].stop_time_s


def assert_stood_still_in_time(cell: SimCell, fault_at_s: float) -> None:
    for drive, standstill in movers(cell):
        last_s = cell.record.last_motion_s(drive, standstill)
        stopped_after_s = (last_s if last_s is not None else -inf) - fault_at_s
        assert stopped_after_s <= longest_stop_s(cell, drive), f"{drive} moved {stopped_after_s:.3f} s longer"


def assert_no_motion_frame_after_its_program(cell: SimCell, fault_at_s: float) -> None:
    for drive, _ in movers(cell):
        late = cell.record.setpoints(drive, fault_at_s + longest_stop_s(cell, drive))
        motion = [w for w in late if w.kind != "stop"]
        assert not motion, f"{drive}: {motion[:3]}"


def recover_and_make_a_good_part(cell: SimCell) -> None:
    """What a person does: tool out, part away, Clear, Reset, Start."""
    cell.rescue_tools()
    cell.dispose_all(Disposition.SCRAP)
    cell.until(
        lambda: (
            cell.state is not None and cell.state.state == State.ABORTED and not cell.state.clear_hindrance
        ),
        30.0,
        "nothing in the way of Clear",
    )
    good_before = len(cell.plant.delivered)
    summary = cell.make_parts(1, 90.0)
    assert summary.is_success, cell.describe()
    assert len(cell.plant.delivered) == good_before + 1


@pytest.mark.parametrize("kind", ["kill", "hang"])
@pytest.mark.parametrize("victim", GUARDING)
def test_death_or_hang_in_a_weld_stops_the_cell_and_a_person_gets_it_going(
    make_cell: MakeCell, victim: str, kind: str
) -> None:
    cell = make_cell()
    weld_until_traverse(cell)
    fault_at_s = cell.now_s
    (cell.host.kill if kind == "kill" else cell.host.hang)(victim)
    cell.run_for(8.0)
    assert_stood_still_in_time(cell, fault_at_s)
    assert_no_motion_frame_after_its_program(cell, fault_at_s)
    if kind == "hang":
        cell.host.kill(victim)  # the supervisor's part: 2 s without a heartbeat
    cell.start(victim)
    cell.run_for(2.0)
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED
    assert cell.state is not None
    assert cell.state.state == State.ABORTED
    welded = [part for part in cell.state.parts if part.process or part.needs_disposition]
    assert [part.verdict for part in welded] == [Verdict.SUSPECT], cell.state.parts
    assert_no_motion_frame_after_its_program(cell, fault_at_s)
    recover_and_make_a_good_part(cell)


def test_a_process_continued_after_its_replacement_started_is_refused(make_cell: MakeCell) -> None:
    cell = make_cell()
    weld_until_traverse(cell)
    former = cell.host.nodes["robot"].runner
    assert former is not None
    cell.host.kill("robot")
    cell.run_for(6.0)
    cell.start("robot")
    cell.run_for(1.0)
    epoch = cell.safety.epoch if cell.safety else 0
    for sent in former.step(cell.now_s):
        cell.host.publish("robot", sent)
    cell.run_for(1.0)
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED
    assert cell.safety.epoch >= epoch


def test_an_unplugged_line_aborts_naming_the_line_and_plugging_it_back_moves_nothing(
    make_cell: MakeCell,
) -> None:
    cell = make_cell()
    weld_until_traverse(cell)
    fault_at_s = cell.now_s
    cell.serials["conveyor_line"].unplug()
    cell.run_for(8.0)
    assert_stood_still_in_time(cell, fault_at_s)
    assert cell.state is not None
    assert cell.state.state == State.ABORTED
    assert "conveyor_line" in f"{cell.state.stop_reason.source} {cell.state.stop_reason.text}"
    plugged_at_s = cell.now_s
    cell.serials["conveyor_line"].plug()
    cell.run_for(5.0)
    for drive, standstill in movers(cell):
        last_s = cell.record.last_motion_s(drive, standstill)
        assert last_s is None or last_s < plugged_at_s, f"{drive} moved after the cable was back"
    recover_and_make_a_good_part(cell)


def test_power_loss_in_a_weld_leaves_the_part_suspect_in_the_journal(make_cell: MakeCell) -> None:
    cell = make_cell()
    weld_until_traverse(cell)
    fault_at_s = cell.now_s
    cell.power_loss()
    cell.run_for(8.0)
    assert_stood_still_in_time(cell, fault_at_s)
    cell.start()
    cell.run_for(3.0)
    assert cell.state is not None
    assert cell.state.state == State.ABORTED
    assert [p.verdict for p in cell.state.parts if p.needs_disposition] == [Verdict.SUSPECT]
    recover_and_make_a_good_part(cell)
