"""The machine where the table does not decide: causes, maximum times, refusals, a model that misbehaves."""

from collections.abc import Callable

import pytest

from cell_controller.packml import (
    STATES,
    Cause,
    Command,
    IllegalCommandError,
    IllegalModeChangeError,
    MachineSetupError,
    Mode,
    PackMLMachine,
    Request,
    State,
    StopReason,
)
from cell_controller.packml.errors import ModelMismatchError
from cell_controller.packml.machine import _Model
from cell_controller.packml.modes import ModePolicy
from cell_controller.packml.table import _all_except, event_name

MachineIn = Callable[..., PackMLMachine]

JAM = Cause(101, "conveyor", "no part at the stop")


def test_a_refusal_where_nothing_is_legal_says_none() -> None:
    refused = IllegalCommandError(Command.START, State.ABORTING, Mode.MANUAL, ())
    assert str(refused) == "START is not legal in ABORTING (MANUAL); legal now: none"
    no_mode = IllegalModeChangeError(Mode.MANUAL, Mode.PRODUCTION, State.EXECUTE, ())
    assert str(no_mode) == "mode cannot change from PRODUCTION to MANUAL in EXECUTE; legal now: none"


def test_a_maximum_time_may_be_as_short_as_one_likes() -> None:
    machine = PackMLMachine(0.0, maximum_times_s={State.CLEARING: 0.001})
    machine.command(Command.CLEAR, 1.0)
    assert machine.deadline_s(1.0) == 1.001
    assert machine.deadline_s(1.001) is None, "it is overdue"


def test_the_cause_of_a_request_is_the_cause_of_its_stop(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    machine.step([Request(Command.STOP, JAM)], is_complete=False, now_s=10.0)
    assert machine.stop_reason == StopReason(JAM, Command.STOP, 10.0)


def test_no_state_can_be_entered_but_by_the_events_of_the_table() -> None:
    events = PackMLMachine(0.0)._machine.events
    assert set(events) == {event_name(command) for command in (None, *Command)}


def test_a_machine_that_does_not_follow_the_table_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an event that is done and leads nowhere, nor one that is refused."""
    for is_done in (True, False):
        machine = PackMLMachine(0.0)
        monkeypatch.setattr(machine._model, "trigger", lambda name, mode, is_done=is_done: is_done)
        with pytest.raises(ModelMismatchError, match=r"CLEAR left the machine in ABORTED, .* says CLEARING"):
            machine.command(Command.CLEAR, 1.0)


def test_a_mask_that_disables_nothing_or_a_whole_path_is_fine() -> None:
    for disabled in ((), (State.HOLDING, State.HELD, State.UNHOLDING), (State.HOLDING,)):
        assert ModePolicy(disabled, processes_parts=True).disabled == disabled


def test_a_model_that_is_bound_to_no_machine_says_so() -> None:
    with pytest.raises(MachineSetupError, match=r"trigger = 'START': the model is not bound .* MANUAL"):
        _Model().trigger("START", mode=Mode.MANUAL)


def test_all_states_but_some_are_the_others() -> None:
    assert set(_all_except(State.IDLE, State.HELD)) == set(STATES) - {State.IDLE, State.HELD}
