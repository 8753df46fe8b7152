"""A process that goes on after its replacement has started is refused, by its session and by the epoch."""

from __future__ import annotations

import pytest

from cell_controller.config import CELL_MANAGER, INTERLOCK
from cell_controller.messages import LineCommand, SafetyPhase, SafetyState
from cell_controller.packml import Command, State
from cell_controller.runtime import Sent
from cell_sim.host.simcell import SimCell
from support.cell_facts import (
    assert_no_motion_frame_after_its_program,
    assert_nothing_moved_since,
    assert_stood_still_in_time,
    is_in,
    longest_budget_s,
)
from support.moments import TEST_CELL, Moment

FORMER = "former"
TRIPPING = ("weld_line", "robot", CELL_MANAGER)
SETTLE_S = 0.5


def clear(cell: SimCell) -> None:
    cell.until(lambda: cell.safety is not None and cell.safety.can_reset, 10.0, "ready to reset")
    cell.until(lambda: cell.state is not None and not cell.state.clear_hindrance, 2.0, "ready for Clear")
    cell.ask(Command.CLEAR)
    cell.reach(State.STOPPED, 5.0)


def replace(victim: str) -> Moment:
    """A cell in HOLD whose victim has been replaced; the former one hangs, with all that it knew."""
    cell = SimCell(TEST_CELL)
    cell.start()
    clear(cell)
    cell.host.hang(victim)
    cell.run_for(SETTLE_S)
    cell.host.leave_behind(victim, FORMER)
    cell.start(victim)
    cell.until(lambda: is_in(cell, State.ABORTED), 5.0, "Aborted")
    clear(cell)
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.HOLD
    return Moment(cell)


@pytest.fixture(scope="module", params=TRIPPING)
def replaced(request: pytest.FixtureRequest) -> Moment:
    return replace(request.param)


@pytest.fixture(scope="module")
def replaced_interlock() -> Moment:
    return replace(INTERLOCK)


def begin_motion(cell: SimCell) -> None:
    cell.produce(1)
    cell.reach(State.EXECUTE, 10.0)  # before that the operator would clear again
    cell.until(lambda: any(a.is_moving for a in cell.plant.axes.values()), 10.0, "motion")
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.MOTION


def go_on(cell: SimCell) -> tuple[float, int]:
    """The former process wakes; when, and the epoch then."""
    assert cell.safety is not None
    woken_at_s, epoch = cell.now_s, cell.safety.epoch
    cell.host.go_on(FORMER)
    return woken_at_s, epoch


def assert_refused(cell: SimCell, woken_at_s: float, epoch: int) -> None:
    """Tripped at once because of the session, in a newer epoch, and Aborted until a person comes."""
    cell.run_for(longest_budget_s(cell))
    cell.host.kill(FORMER)
    cell.run_for(1.0)
    assert cell.safety is not None
    assert cell.safety.phase is SafetyPhase.TRIPPED, cell.describe()
    assert cell.safety.epoch > epoch
    first = cell.safety.trips[0]
    assert (first.rule, "runs twice" in first.text) in (("session", True), ("bus_stopped", True)), first
    assert is_in(cell, State.ABORTED)
    assert_stood_still_in_time(cell, woken_at_s)
    assert_no_motion_frame_after_its_program(cell, woken_at_s)


def test_a_former_process_is_refused_in_hold_and_moves_nothing(replaced: Moment) -> None:
    def case(cell: SimCell) -> None:
        woken_at_s, epoch = go_on(cell)
        assert_refused(cell, woken_at_s, epoch)
        assert_nothing_moved_since(cell, woken_at_s)

    replaced.play(case)


def test_a_former_process_is_refused_in_motion_and_the_cell_comes_to_rest(replaced: Moment) -> None:
    def case(cell: SimCell) -> None:
        begin_motion(cell)
        woken_at_s, epoch = go_on(cell)
        assert_refused(cell, woken_at_s, epoch)

    replaced.play(case)


@pytest.mark.parametrize("phase", [SafetyPhase.HOLD, SafetyPhase.MOTION], ids=["hold", "motion"])
def test_a_former_interlock_sees_that_it_has_been_replaced_and_commands_nothing(
    replaced_interlock: Moment, phase: SafetyPhase
) -> None:
    def case(cell: SimCell) -> None:
        if phase is SafetyPhase.MOTION:
            begin_motion(cell)
        heard: list[object] = []

        def listen(now_s: float, source: str, sent: Sent) -> None:
            if source == FORMER:
                heard.append(sent.message)

        cell.host.observers.append(listen)
        woken_at_s, epoch = go_on(cell)
        cell.run_for(longest_budget_s(cell))
        cell.host.kill(FORMER)
        cell.run_for(0.1)
        said = [m for m in heard if isinstance(m, SafetyState)]
        assert said
        assert not [m for m in heard if isinstance(m, LineCommand)]
        assert all(m.phase is SafetyPhase.TRIPPED for m in said)
        assert any(t.rule == "session" and "taken over" in t.text for t in said[-1].trips)
        assert cell.safety is not None
        assert (cell.safety.phase, cell.safety.epoch) == (phase, epoch), "the present one goes on"
        if phase is SafetyPhase.HOLD:
            assert_nothing_moved_since(cell, woken_at_s)

    replaced_interlock.play(case)
