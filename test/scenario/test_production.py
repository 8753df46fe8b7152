"""Parts go in, are welded and ground, and come out: the whole cell on simulated time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import pytest

from cell_controller.messages import DriveCondition, LinePhase, ResultCode, SafetyPhase, Verdict
from cell_controller.packml import Command, State
from cell_controller.runtime import Sent
from cell_sim.host.simcell import SimCell
from cell_sim.host.transport import Latency
from support.cell_facts import is_in, standstills
from support.moments import TEST_CELL

MakeCell = Callable[..., SimCell]
Recipe = Mapping[str, Mapping[str, float]]

COLD: Recipe = {"weld": {"spindle_rpm": 500.0, "traverse_speed_m_s": 0.009}}
TOO_LIGHT: Recipe = {"weld": {"axial_force_n": 2600.0, "heel_plunge_m": 0.00002}}
HASTY: Recipe = {"grind": {"rough_speed_m_s": 0.00005, "finish_speed_m_s": 0.00005, "spark_out_max_s": 0.1}}
TOO_HIGH: Recipe = {"grind": {"size_m": 0.000020}}  # over the blank: no grinding makes it


def flaws(cell: SimCell) -> list[tuple[str, ...]]:
    """What an inspector finds in each part, by the measures of the good recipe's drawing."""
    grind = next(iter(cell.loaded.recipes.values())).grind
    limits = grind.limits
    return [p.flaws(grind.size_m, limits.size_tolerance_m, limits.finish_max_um) for p in cell.plant.parts]


def test_a_belt_that_stands_anywhere_finds_its_mark_before_the_first_part(make_cell: MakeCell) -> None:
    cell = make_cell()
    belt = cell.plant.belts["conveyor"]
    belt.axis.position_m = 0.4 * belt.pitch_m  # as the last shift left it
    cell.produce(1)
    cell.until(lambda: len(belt.delivered) == 1, 40.0, "the part is out")
    assert [s.kind for s in cell.record.setpoints("belt")].count("reference") == 1
    assert cell.record.last_motion_s("belt", 1e-6) is not None
    assert belt.off_pitch_m < belt.in_place_m
    assert flaws(cell) == [()]


@pytest.mark.parametrize("phase", ["", "reference"], ids=["before it moves", "on its way to the mark"])
def test_a_stop_while_the_belt_is_homed_ends_and_the_next_start_goes_on(
    make_cell: MakeCell, phase: str
) -> None:
    cell = make_cell()
    cell.produce(1)
    cell.reach(State.STARTING)
    cell.until(lambda: phase in ("", cell.stations["conveyor"].phase), 10.0, phase)
    cell.command(Command.STOP)
    cell.reach(State.STOPPED, 5.0)
    cell.command(Command.RESET)
    cell.reach(State.IDLE)
    cell.command(Command.START)
    cell.reach(State.COMPLETE, 40.0)
    assert flaws(cell) == [()]


def test_a_cell_starts_aborted_arms_its_drives_and_moves_nothing(make_cell: MakeCell) -> None:
    cell = make_cell()
    cell.until(lambda: cell.safety is not None and cell.safety.can_reset, 10.0, "ready to reset")
    assert is_in(cell, State.ABORTED)
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED
    for line, states in cell.drive_states.items():
        is_moving_line = any(cell.cell.drives[name].line == line for name in standstills(cell))
        # a line of inputs and outputs has nothing to stop: it goes on reading and obeys the interlock's mask
        assert states.phase is (LinePhase.STOPPED if is_moving_line else LinePhase.PERMITTED)
        assert states.is_armed
        assert all(drive.condition is not DriveCondition.OFFLINE for drive in states.drives)
    moved = [name for name in cell.cell.drives if cell.record.last_motion_s(name, 1e-6) is not None]
    assert not moved
    for command in (Command.RESET, Command.START, Command.UNHOLD, Command.UNSUSPEND, Command.COMPLETE):
        answer = cell.ask(command)
        assert answer.code is ResultCode.ILLEGAL
        assert answer.reason
        assert int(Command.CLEAR) in answer.legal_commands


def test_three_parts_come_out_good_and_weld_and_grind_overlap(make_cell: MakeCell) -> None:
    cell = make_cell()
    summary = cell.make_parts(3, 60.0)
    assert summary.is_success, f"{summary} {cell.describe()}"
    assert summary.trips == 0, summary.first_trip
    assert summary.overlap_fraction > 0.25
    assert summary.bus_errors == 0
    assert len(cell.plant.delivered) == 3
    assert cell.state is not None
    assert [part.verdict for part in cell.state.parts] == [Verdict.GOOD] * 3
    assert flaws(cell) == [()] * 3


def test_a_machine_that_is_slow_to_hear_spoils_no_part() -> None:
    """From contact until the infeed's drive hears of it the wheel is overloaded."""
    demo = TEST_CELL.with_name("demo.yaml")
    cell = SimCell(demo, seed=3, latency=Latency(median_s=0.004, sigma=0.8, longest_s=0.03))
    cell.start()
    summary = cell.make_parts(1, 120.0)
    assert summary.is_success, f"{summary} {cell.describe()}"
    cell.invariants.check()


def test_a_part_takes_at_most_fifteen_seconds(make_cell: MakeCell) -> None:
    cell = make_cell(seed=2)
    summary = cell.make_parts(1, 30.0)
    assert summary.is_success, cell.describe()
    assert summary.duration_s <= 15.0


def test_the_same_seed_makes_the_same_run_and_another_seed_another(make_cell: MakeCell) -> None:
    def every_message(seed: int) -> str:
        cell = make_cell(seed)
        seen = hashlib.sha256()

        def note(now_s: float, source: str, sent: Sent) -> None:
            seen.update(f"{now_s!r} {source} {sent!r}".encode())

        cell.host.observers.append(note)
        cell.produce(1)
        cell.run_for(7.0)  # past arming, the wheel that may coast, homing and the first index of the belt
        assert cell.plant.parts
        return seen.hexdigest()

    first = every_message(3)
    assert every_message(3) == first
    assert every_message(4) != first


def judged(cell: SimCell, process: str) -> bool:
    """The process has ended and its result is in the part's record."""
    names = {"weld": "axial_force_mean_n", "grind": "finish_um"}
    parts = cell.state.parts if cell.state else ()
    return any(r.name == names[process] for p in parts if not p.process for r in p.results)


@pytest.mark.parametrize(
    ("change", "process", "complaint", "flaw"),
    [
        (COLD, "weld", "temperature", "weld void"),
        (TOO_LIGHT, "weld", "axial force", "weld incomplete"),
        (HASTY, "grind", "finish", "grind finish"),
    ],
    ids=["cold", "too_light", "hasty"],
)
def test_a_wrong_recipe_makes_a_part_bad_in_truth_and_by_measurement(
    make_cell: MakeCell, change: Recipe, process: str, complaint: str, flaw: str
) -> None:
    cell = make_cell(recipe_change=change)
    cell.produce(1)
    cell.until(lambda: judged(cell, process), 25.0, f"the end of the {process}")
    assert cell.state is not None
    (part,) = cell.state.parts
    assert part.verdict is Verdict.BAD
    assert complaint in part.detail
    assert flaw in flaws(cell)[0]


def test_a_part_of_the_wrong_size_comes_out_bad_and_is_counted(make_cell: MakeCell) -> None:
    cell = make_cell(recipe_change=TOO_HIGH)
    summary = cell.make_parts(1, 40.0)
    assert (summary.parts_bad, summary.parts_good) == (1, 0), cell.describe()
    assert cell.state is not None
    (part,) = cell.state.parts
    assert part.verdict is Verdict.BAD
    assert "size" in part.detail
    assert "grind size" in flaws(cell)[0]
    assert len(cell.plant.delivered) == 1
