"""A cell whose stops are not proved: no Production, and everything else."""

import pytest

from cell_controller.cell.manager import CellManager
from cell_controller.messages import JournalLoaded, ResultCode
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Runner

REASON = "stops are not proved: belt: its watchdog was never proved: cell prove-stop"


@pytest.fixture
def unproved(bench):
    unit = CellManager(bench.loaded.cell, bench.loaded.recipes, no_production=REASON)
    bench.runner, bench.unit = Runner(unit, 12, bench.now_s), unit
    bench.runner.deliver("journal_loaded", JournalLoaded(()), bench.now_s)
    bench.step(0.2)
    return bench


def test_reset_is_refused_in_production_with_reason_and_remedy(unproved):
    assert unproved.send(Command.CLEAR).code is ResultCode.ACCEPTED
    unproved.until(State.STOPPED)
    result = unproved.send(Command.RESET)
    assert result.code is ResultCode.REFUSED
    assert result.reason == REASON
    assert unproved.packml is State.STOPPED


def test_maintenance_goes_on_and_does_not_lead_round_it(unproved):
    unproved.send(Command.CLEAR)
    unproved.until(State.STOPPED)
    assert unproved.set_mode(Mode.MAINTENANCE).code is ResultCode.ACCEPTED
    assert unproved.send(Command.RESET).code is ResultCode.ACCEPTED
    unproved.until(State.IDLE)
    assert unproved.set_mode(Mode.PRODUCTION).code is ResultCode.ACCEPTED
    assert unproved.send(Command.START).reason == REASON
    assert unproved.packml is State.IDLE


def test_a_proved_cell_is_not_held_up(bench):
    bench.clear()
    assert bench.send(Command.RESET).code is ResultCode.ACCEPTED
