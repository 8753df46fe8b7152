"""Priorities in a cycle, overdue acting states, stop reason, state_seq, history and start-up."""

from collections.abc import Callable

import pytest

from cell_controller.packml import (
    ACTING_STATES,
    DEFAULT_MAXIMUM_TIMES_S,
    OVERDUE_REACTIONS,
    START_TYPE,
    STATES,
    STOP_TYPE,
    Cause,
    Command,
    CommandRefusedError,
    IllegalCommandError,
    IllegalModeChangeError,
    MachineSetupError,
    Mode,
    ModeMaskError,
    OverdueReaction,
    PackMLMachine,
    Request,
    State,
    SupersededCommandError,
    disabled_mask,
    processes_parts,
)
from cell_controller.packml.machine import HISTORY_LENGTH
from cell_controller.packml.modes import ModePolicy

MachineIn = Callable[..., PackMLMachine]

JAM = Cause(101, "conveyor", "no part at the stop")
FORCE = Cause(202, "welding_robot", "axial force above its trip")


def requests(*commands: Command) -> list[Request]:
    return [Request(command) for command in commands]


def test_a_new_machine_is_aborted_in_production_and_says_so() -> None:
    machine = PackMLMachine(5.0, base=7)
    assert (machine.state, machine.mode, machine.state_seq) == (State.ABORTED, Mode.PRODUCTION, 7)
    assert machine.stop_reason is not None
    assert machine.stop_reason.command is None
    assert machine.legal_commands() == (Command.CLEAR,)
    assert machine.history == ()


def test_a_machine_may_start_in_another_mode_but_not_in_invalid() -> None:
    assert PackMLMachine(0.0, mode=Mode.MANUAL).mode is Mode.MANUAL
    with pytest.raises(MachineSetupError, match=r"^mode = "):
        PackMLMachine(0.0, mode=Mode.INVALID)


def test_a_base_of_zero_is_refused_because_zero_means_no_state_seq() -> None:
    assert PackMLMachine(0.0).state_seq == 1
    with pytest.raises(MachineSetupError, match=r"^base = 0: "):
        PackMLMachine(0.0, base=0)


def test_stop_type_and_start_type_commands_are_all_commands_once() -> None:
    assert set(STOP_TYPE) == {Command.STOP, Command.ABORT, Command.HOLD, Command.SUSPEND}
    assert sorted((*STOP_TYPE, *START_TYPE)) == sorted(Command)


def test_abort_goes_before_stop_and_stop_before_the_rest(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    cycle = machine.step(requests(Command.HOLD, Command.STOP, Command.ABORT), False, 50.0)
    assert machine.state is State.ABORTING
    assert [answer.is_accepted for answer in cycle.answers] == [False, False, True]
    refusal = cycle.answers[0].refusal
    assert isinstance(refusal, SupersededCommandError)
    assert refusal.superseded_by is Command.ABORT

    machine = machine_in(State.EXECUTE)
    cycle = machine.step(requests(Command.COMPLETE, Command.SUSPEND, Command.HOLD, Command.STOP), False, 50.0)
    assert machine.state is State.STOPPING
    assert [answer.is_accepted for answer in cycle.answers] == [False, False, False, True]


def test_hold_goes_before_suspend_and_both_before_complete(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    machine.step(requests(Command.COMPLETE, Command.SUSPEND, Command.HOLD), False, 50.0)
    assert machine.state is State.HOLDING
    machine = machine_in(State.EXECUTE)
    machine.step(requests(Command.COMPLETE, Command.SUSPEND), False, 50.0)
    assert machine.state is State.SUSPENDING


def test_commands_of_equal_rank_go_by_arrival(machine_in: MachineIn) -> None:
    machine = machine_in(State.HELD)
    cycle = machine.step(requests(Command.COMPLETE, Command.UNHOLD), False, 50.0)
    assert machine.state is State.COMPLETING
    assert [answer.is_accepted for answer in cycle.answers] == [True, False]


def test_an_illegal_command_leaves_its_cycle_to_the_next_request(machine_in: MachineIn) -> None:
    machine = machine_in(State.HELD)
    cycle = machine.step(requests(Command.START, Command.UNHOLD), False, 50.0)
    assert isinstance(cycle.answers[0].refusal, IllegalCommandError)
    assert cycle.answers[1].is_accepted
    assert machine.state is State.UNHOLDING


@pytest.mark.parametrize(
    ("state", "stop", "start"),
    [
        (State.ABORTED, Command.ABORT, Command.CLEAR),
        (State.STOPPED, Command.STOP, Command.RESET),
        (State.IDLE, Command.HOLD, Command.START),
        (State.HELD, Command.HOLD, Command.UNHOLD),
    ],
)
def test_no_start_wins_over_a_stop_of_the_same_cycle_even_an_illegal_one(
    state: State, stop: Command, start: Command, machine_in: MachineIn
) -> None:
    machine = machine_in(state)
    cycle = machine.step(requests(start, stop), False, 50.0)
    assert machine.state is state
    assert isinstance(cycle.answers[0].refusal, SupersededCommandError)
    assert isinstance(cycle.answers[1].refusal, IllegalCommandError)


@pytest.mark.parametrize("first", STOP_TYPE)
@pytest.mark.parametrize("second", STOP_TYPE)
@pytest.mark.parametrize("state", STATES)
def test_a_legal_stop_is_never_lost_to_a_request_that_does_nothing(
    state: State, first: Command, second: Command, machine_in: MachineIn
) -> None:
    machine = machine_in(state)
    is_any_legal = first in machine.legal_commands() or second in machine.legal_commands()
    cycle = machine.step(requests(first, second), False, 50.0)
    assert any(answer.is_accepted for answer in cycle.answers) == is_any_legal


@pytest.mark.parametrize("state", [State.UNHOLDING, State.SUSPENDING, State.UNSUSPENDING, State.COMPLETING])
def test_an_accepted_hold_overrides_a_simultaneous_state_complete(
    state: State, machine_in: MachineIn
) -> None:
    machine = machine_in(state)
    cycle = machine.step(requests(Command.HOLD), True, 50.0)
    assert machine.state is State.HOLDING
    assert cycle.completed is None


def test_a_refused_command_does_not_hold_up_state_complete(machine_in: MachineIn) -> None:
    machine = machine_in(State.STARTING)
    cycle = machine.step(requests(Command.HOLD), True, 50.0)
    assert machine.state is State.EXECUTE
    assert cycle.completed is State.STARTING
    assert not cycle.answers[0].is_accepted


def test_stop_overrides_a_simultaneous_state_complete(machine_in: MachineIn) -> None:
    machine = machine_in(State.STARTING)
    machine.step(requests(Command.STOP), True, 50.0)
    assert machine.state is State.STOPPING


def test_hold_is_refused_where_unhold_would_skip_a_start_or_its_homing(machine_in: MachineIn) -> None:
    for state in (State.IDLE, State.COMPLETE, State.STARTING):
        with pytest.raises(IllegalCommandError):
            machine_in(state).command(Command.HOLD, 50.0)


@pytest.mark.parametrize("state", ACTING_STATES)
def test_an_overdue_acting_state_follows_its_policy(state: State, machine_in: MachineIn) -> None:
    machine = machine_in(state)
    entered_s = machine.times.entered_s
    maximum_s = DEFAULT_MAXIMUM_TIMES_S[state]
    deadline_s = machine.deadline_s(entered_s)
    assert deadline_s == entered_s + maximum_s
    assert machine.overdue(deadline_s - 0.001) is None
    assert machine.step((), False, deadline_s - 0.001).overdue is None
    assert machine.state is state

    overdue = machine.step((), False, deadline_s).overdue
    assert overdue is not None
    assert (overdue.state, overdue.elapsed_s, overdue.maximum_s) == (state, maximum_s, maximum_s)
    expected = {
        OverdueReaction.STOP: State.STOPPING,
        OverdueReaction.ABORT: State.ABORTING,
        OverdueReaction.ALARM: State.ABORTING,
    }
    assert overdue.reaction is OVERDUE_REACTIONS[state]
    assert machine.state is expected[overdue.reaction]


def test_the_overdue_policy_is_the_one_that_was_decided() -> None:
    stops = {"STARTING", "RESETTING", "HOLDING", "UNHOLDING", "SUSPENDING", "UNSUSPENDING", "COMPLETING"}
    assert {state.name: reaction.name for state, reaction in OVERDUE_REACTIONS.items()} == {
        **dict.fromkeys(stops, "STOP"),
        "STOPPING": "ABORT",
        "CLEARING": "ABORT",
        "ABORTING": "ALARM",
    }


def test_an_overdue_abort_stays_and_keeps_saying_so(machine_in: MachineIn) -> None:
    machine = machine_in(State.ABORTING)
    for now_s in (100.0, 200.0):
        overdue = machine.step((), False, now_s).overdue
        assert overdue is not None
        assert overdue.reaction is OverdueReaction.ALARM
        assert overdue.command is None
        assert machine.state is State.ABORTING
        assert machine.deadline_s(now_s) is None


def test_state_complete_at_the_deadline_is_in_time(machine_in: MachineIn) -> None:
    machine = machine_in(State.HOLDING)
    deadline_s = machine.deadline_s(0.0)
    assert deadline_s is not None
    cycle = machine.step((), True, deadline_s)
    assert machine.state is State.HELD
    assert cycle.overdue is None


def test_only_acting_states_have_a_deadline(machine_in: MachineIn) -> None:
    for state in STATES:
        assert (machine_in(state).deadline_s(0.0) is not None) == (state in ACTING_STATES)
        assert (machine_in(state).overdue(1e6) is not None) == (state in ACTING_STATES)


def test_an_overdue_start_names_itself_as_the_stop_reason(machine_in: MachineIn) -> None:
    machine = machine_in(State.STARTING)
    machine.step((), False, 500.0)
    assert machine.stop_reason is not None
    assert machine.stop_reason.cause.id == int(State.STARTING)
    assert "STARTING" in machine.stop_reason.cause.text


def test_maximum_times_can_be_set_and_nonsense_is_refused() -> None:
    machine = PackMLMachine(0.0, maximum_times_s={State.CLEARING: 2.5})
    machine.command(Command.CLEAR, 1.0)
    assert machine.deadline_s(1.0) == 3.5
    for bad in ({State.HELD: 1.0}, {State.EXECUTE: 1.0}, {State.HOLDING: 0.0}, {State.HOLDING: float("nan")}):
        with pytest.raises(MachineSetupError):
            PackMLMachine(0.0, maximum_times_s=bad)


def test_the_stop_reason_is_the_first_event_and_lasts_until_reset(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    assert machine.stop_reason is None
    machine.command(Command.HOLD, 50.0, JAM)
    machine.command(Command.ABORT, 51.0, FORCE)
    machine.state_complete(52.0)
    machine.command(Command.CLEAR, 53.0)
    machine.state_complete(54.0)
    reason = machine.stop_reason
    assert reason is not None
    assert (reason.cause, reason.command, reason.at_s) == (JAM, Command.HOLD, 50.0)
    machine.command(Command.RESET, 55.0)
    assert machine.stop_reason is None


@pytest.mark.parametrize(
    ("stop", "resume"), [(Command.HOLD, Command.UNHOLD), (Command.SUSPEND, Command.UNSUSPEND)]
)
def test_resuming_clears_the_stop_reason_for_the_next_stop(
    stop: Command, resume: Command, machine_in: MachineIn
) -> None:
    machine = machine_in(State.EXECUTE)
    machine.command(stop, 50.0, JAM)
    machine.state_complete(51.0)
    machine.command(resume, 52.0)
    assert machine.stop_reason is None
    machine.command(Command.STOP, 53.0, FORCE)
    assert machine.stop_reason is not None
    assert machine.stop_reason.cause == FORCE


def test_a_stop_without_a_cause_still_has_a_reason(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    machine.command(Command.STOP, 50.0)
    assert machine.stop_reason is not None
    assert "STOP" in machine.stop_reason.cause.text


def test_state_seq_counts_every_change_from_its_base(machine_in: MachineIn) -> None:
    machine = PackMLMachine(0.0, base=42 << 32)
    machine.set_mode(Mode.MANUAL, 1.0)
    machine.command(Command.CLEAR, 2.0)
    machine.state_complete(3.0)
    assert machine.state_seq == (42 << 32) + 3
    assert [change.state_seq for change in machine.history] == [(42 << 32) + n for n in (1, 2, 3)]


def test_the_history_says_what_changed_when_and_why(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    machine.command(Command.HOLD, 50.0, JAM)
    last = machine.history[-1]
    assert (last.at_s, last.state_before, last.state) == (50.0, State.EXECUTE, State.HOLDING)
    assert (last.command, last.cause, last.state_seq) == (Command.HOLD, JAM, machine.state_seq)


def test_the_history_is_bounded() -> None:
    machine = PackMLMachine(0.0)
    for count in range(HISTORY_LENGTH + 10):
        machine.set_mode(Mode.MANUAL if count % 2 == 0 else Mode.PRODUCTION, float(count))
    assert len(machine.history) == HISTORY_LENGTH
    assert machine.history[-1].state_seq == machine.state_seq


def test_a_clock_that_runs_back_never_keeps_an_abort_from_happening(machine_in: MachineIn) -> None:
    machine = machine_in(State.EXECUTE)
    entered_s = machine.times.entered_s
    machine.command(Command.ABORT, 0.0)
    assert machine.state is State.ABORTING
    assert machine.times.entered_s == machine.history[-1].at_s == entered_s


def test_only_production_processes_parts() -> None:
    assert [mode.name for mode in Mode if processes_parts(mode)] == ["PRODUCTION"]


def test_masks_have_the_bit_of_each_disabled_state() -> None:
    assert disabled_mask(Mode.PRODUCTION) == 0
    assert disabled_mask(Mode.MAINTENANCE) == sum(1 << n for n in (5, 13, 14, 16, 17))
    assert disabled_mask(Mode.MANUAL) == sum(1 << n for n in (3, 5, 10, 11, 12, 13, 14, 16, 17))


@pytest.mark.parametrize(
    "disabled", [(State.EXECUTE,), (State.ABORTED,), (State.HELD,), (State.SUSPENDED, State.UNSUSPENDING)]
)
def test_a_mask_that_breaks_the_model_is_refused(disabled: tuple[State, ...]) -> None:
    with pytest.raises(ModeMaskError):
        ModePolicy(disabled=disabled, processes_parts=False)


def test_refusals_tell_the_operator_what_is_legal() -> None:
    machine = PackMLMachine(0.0)
    with pytest.raises(CommandRefusedError, match=r"START is not legal in ABORTED .*legal now: CLEAR"):
        machine.command(Command.START, 1.0)
    with pytest.raises(IllegalModeChangeError, match="legal now: MAINTENANCE, MANUAL"):
        machine.set_mode(Mode.PRODUCTION, 1.0)


def test_building_a_machine_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        PackMLMachine(0.0)
    assert caplog.records == []
