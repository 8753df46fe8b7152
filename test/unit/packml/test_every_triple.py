"""Every (state, command, mode), against the standard's table written out by hand.

Nothing of table.py is imported: a test never asks the table whether the table is right.
"""

from collections.abc import Callable

import pytest

from cell_controller.packml import (
    ACTING_STATES,
    MODES,
    STATES,
    WAIT_STATES,
    Command,
    IllegalCommandError,
    IllegalModeChangeError,
    Mode,
    PackMLMachine,
    State,
    destination,
    is_enabled,
    legal_commands,
)

MachineIn = Callable[[State, Mode], PackMLMachine]
S = State

PRODUCTION: dict[str, str] = {
    # state: COMMAND>destination, every legal command; SC>destination where the state is acting
    "CLEARING": "ABORT>ABORTING SC>STOPPED",
    "STOPPED": "RESET>RESETTING ABORT>ABORTING",
    "STARTING": "STOP>STOPPING ABORT>ABORTING SC>EXECUTE",
    "IDLE": "START>STARTING STOP>STOPPING ABORT>ABORTING",
    "SUSPENDED": "STOP>STOPPING HOLD>HOLDING UNSUSPEND>UNSUSPENDING ABORT>ABORTING COMPLETE>COMPLETING",
    "EXECUTE": "STOP>STOPPING HOLD>HOLDING SUSPEND>SUSPENDING ABORT>ABORTING COMPLETE>COMPLETING",
    "STOPPING": "ABORT>ABORTING SC>STOPPED",
    "ABORTING": "SC>ABORTED",
    "ABORTED": "CLEAR>CLEARING",
    "HOLDING": "STOP>STOPPING ABORT>ABORTING SC>HELD",
    "HELD": "STOP>STOPPING UNHOLD>UNHOLDING ABORT>ABORTING COMPLETE>COMPLETING",
    "UNHOLDING": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING SC>EXECUTE",
    "SUSPENDING": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING SC>SUSPENDED",
    "UNSUSPENDING": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING SC>EXECUTE",
    "RESETTING": "STOP>STOPPING ABORT>ABORTING SC>IDLE",
    "COMPLETING": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING SC>COMPLETE",
    "COMPLETE": "RESET>RESETTING STOP>STOPPING ABORT>ABORTING",
}

MAINTENANCE: dict[str, str] = {
    "CLEARING": "ABORT>ABORTING SC>STOPPED",
    "STOPPED": "RESET>RESETTING ABORT>ABORTING",
    "STARTING": "STOP>STOPPING ABORT>ABORTING SC>EXECUTE",
    "IDLE": "START>STARTING STOP>STOPPING ABORT>ABORTING",
    "EXECUTE": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING",
    "STOPPING": "ABORT>ABORTING SC>STOPPED",
    "ABORTING": "SC>ABORTED",
    "ABORTED": "CLEAR>CLEARING",
    "HOLDING": "STOP>STOPPING ABORT>ABORTING SC>HELD",
    "HELD": "STOP>STOPPING UNHOLD>UNHOLDING ABORT>ABORTING",
    "UNHOLDING": "STOP>STOPPING HOLD>HOLDING ABORT>ABORTING SC>EXECUTE",
    "RESETTING": "STOP>STOPPING ABORT>ABORTING SC>IDLE",
}

MANUAL: dict[str, str] = {
    "CLEARING": "ABORT>ABORTING SC>STOPPED",
    "STOPPED": "RESET>RESETTING ABORT>ABORTING",
    "IDLE": "START>EXECUTE STOP>STOPPING ABORT>ABORTING",
    "EXECUTE": "STOP>STOPPING ABORT>ABORTING",
    "STOPPING": "ABORT>ABORTING SC>STOPPED",
    "ABORTING": "SC>ABORTED",
    "ABORTED": "CLEAR>CLEARING",
    "RESETTING": "STOP>STOPPING ABORT>ABORTING SC>IDLE",
}


def _parsed(rows: dict[str, str]) -> dict[State, dict[str, State]]:
    return {
        State[state]: {event: State[target] for event, target in (item.split(">") for item in row.split())}
        for state, row in rows.items()
    }


LITERAL: dict[Mode, dict[State, dict[str, State]]] = {
    Mode.PRODUCTION: _parsed(PRODUCTION),
    Mode.MAINTENANCE: _parsed(MAINTENANCE),
    Mode.MANUAL: _parsed(MANUAL),
}
"""The states of each mode, and what each event does in them; an event that is not named is refused."""

REACHABLE = [(state, mode) for mode, rows in LITERAL.items() for state in rows]

COMMAND_NUMBERS = {
    "RESET": 1, "START": 2, "STOP": 3, "HOLD": 4, "UNHOLD": 5,
    "SUSPEND": 6, "UNSUSPEND": 7, "ABORT": 8, "CLEAR": 9, "COMPLETE": 10,
}  # fmt: skip
STATE_NUMBERS = {
    "UNDEFINED": 0, "CLEARING": 1, "STOPPED": 2, "STARTING": 3, "IDLE": 4, "SUSPENDED": 5, "EXECUTE": 6,
    "STOPPING": 7, "ABORTING": 8, "ABORTED": 9, "HOLDING": 10, "HELD": 11, "UNHOLDING": 12,
    "SUSPENDING": 13, "UNSUSPENDING": 14, "RESETTING": 15, "COMPLETING": 16, "COMPLETE": 17,
}  # fmt: skip
MODE_CHANGES_IN = {S.STOPPED, S.IDLE, S.ABORTED}


def snapshot(machine: PackMLMachine) -> tuple[object, ...]:
    """Everything that a refused request must leave alone."""
    return (
        machine.state,
        machine.mode,
        machine.state_seq,
        machine.stop_reason,
        machine.history,
        machine.times.entries(100.0),
    )


def test_numbers_and_names_are_those_of_the_standard() -> None:
    assert {command.name: command.value for command in Command} == COMMAND_NUMBERS
    assert {state.name: state.value for state in State} == STATE_NUMBERS
    assert {mode.name: mode.value for mode in Mode} == {
        "INVALID": 0, "PRODUCTION": 1, "MAINTENANCE": 2, "MANUAL": 3,
    }  # fmt: skip


def test_seventeen_states_are_acting_waiting_or_execute() -> None:
    assert len(STATES) == 17
    assert sorted((*WAIT_STATES, *ACTING_STATES, S.EXECUTE)) == sorted(STATES)


def test_each_mode_has_the_states_of_the_literal_table() -> None:
    for mode in MODES:
        assert {state for state in STATES if is_enabled(state, mode)} == set(LITERAL[mode])
        assert not is_enabled(S.UNDEFINED, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("state", STATES)
def test_every_command_in_every_state_and_mode_does_what_the_standard_says(
    state: State, command: Command, mode: Mode, machine_in: MachineIn
) -> None:
    expected = LITERAL[mode].get(state, {}).get(command.name)
    assert destination(state, command, mode) is expected
    if state not in LITERAL[mode]:
        assert legal_commands(state, mode) == ()
        return
    machine = machine_in(state, mode)
    before = snapshot(machine)
    if expected is not None:
        machine.command(command, 50.0)
        assert (machine.state, machine.mode) == (expected, mode)
        return
    with pytest.raises(IllegalCommandError) as caught:
        machine.command(command, 50.0)
    legal = tuple(Command[event] for event in LITERAL[mode][state] if event != "SC")
    error = caught.value
    assert (error.command, error.state, error.mode) == (command, state, mode)
    assert error.legal_commands == machine.legal_commands() == tuple(sorted(legal))
    assert snapshot(machine) == before


@pytest.mark.parametrize(("state", "mode"), REACHABLE)
def test_state_complete_ends_acting_states_only(state: State, mode: Mode, machine_in: MachineIn) -> None:
    machine = machine_in(state, mode)
    before = snapshot(machine)
    expected = LITERAL[mode][state].get("SC")
    assert (expected is not None) == (state in ACTING_STATES)
    completed = machine.state_complete(50.0)
    if expected is None:
        assert completed is None
        assert snapshot(machine) == before
    else:
        assert (completed, machine.state) == (state, expected)


@pytest.mark.parametrize("requested", Mode)
@pytest.mark.parametrize(("state", "mode"), REACHABLE)
def test_the_mode_changes_in_stopped_idle_and_aborted_only(
    state: State, mode: Mode, requested: Mode, machine_in: MachineIn
) -> None:
    machine = machine_in(state, mode)
    before = snapshot(machine)
    is_legal = state in MODE_CHANGES_IN and requested not in (mode, Mode.INVALID)
    assert (requested in machine.legal_modes()) == is_legal
    if is_legal:
        machine.set_mode(requested, 50.0)
        assert (machine.state, machine.mode) == (state, requested)
        return
    with pytest.raises(IllegalModeChangeError) as caught:
        machine.set_mode(requested, 50.0)
    assert (caught.value.requested, caught.value.mode, caught.value.state) == (requested, mode, state)
    assert caught.value.legal_modes == machine.legal_modes()
    assert snapshot(machine) == before


@pytest.mark.parametrize("state", STATES)
def test_the_requested_state_is_where_the_acting_state_ends(state: State, machine_in: MachineIn) -> None:
    machine = machine_in(state, Mode.PRODUCTION)
    assert machine.state_requested is LITERAL[Mode.PRODUCTION][state].get("SC", state)
    assert machine.is_changing == (state in ACTING_STATES)
