"""Random runs of commands, state completes, mode changes and time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cell_controller.packml import (
    STATES,
    Command,
    IllegalCommandError,
    IllegalModeChangeError,
    Mode,
    PackMLMachine,
    Request,
    StopReason,
    is_enabled,
)

FORBIDDEN = {
    Mode.PRODUCTION: set[str](),
    Mode.MAINTENANCE: {"SUSPENDING", "SUSPENDED", "UNSUSPENDING", "COMPLETING", "COMPLETE"},
    Mode.MANUAL: {
        "STARTING", "HOLDING", "HELD", "UNHOLDING", "SUSPENDING", "SUSPENDED", "UNSUSPENDING",
        "COMPLETING", "COMPLETE",
    },
}  # fmt: skip

PATH = [Command.CLEAR, None, Command.RESET, None, Command.START, None]
"""Into Execute; random events alone rarely get that far."""

EVENTS = st.lists(
    st.one_of(
        st.sampled_from(Command),
        st.none(),  # state complete
        st.sampled_from(Mode),
        st.floats(min_value=-5.0, max_value=400.0),  # a cycle without requests, this much later
        st.tuples(st.lists(st.sampled_from(Command), max_size=3), st.booleans()),  # a whole cycle
    ),
    max_size=60,
)
Event = Command | Mode | float | tuple[list[Command], bool] | None


def seen(machine: PackMLMachine) -> tuple[object, Mode, StopReason | None]:
    return machine.state, machine.mode, machine.stop_reason


def apply(machine: PackMLMachine, event: Event, now_s: float) -> bool:
    """Do one event; whether the machine refused it outright."""
    try:
        match event:
            case Command():
                machine.command(event, now_s)
            case Mode():
                machine.set_mode(event, now_s)
            case None:
                machine.state_complete(now_s)
            case float():
                machine.step((), False, now_s)
            case commands, is_complete:
                machine.step([Request(command) for command in commands], is_complete, now_s)
    except (IllegalCommandError, IllegalModeChangeError):
        return True
    return False


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([Mode.PRODUCTION, Mode.MAINTENANCE, Mode.MANUAL]), st.booleans(), EVENTS)
def test_random_runs_keep_the_promises_of_the_machine(
    mode: Mode, in_execute: bool, events: list[Event]
) -> None:
    machine = PackMLMachine(0.0, base=10, mode=mode)
    now_s = 0.0
    sequences = [machine.state_seq]
    start: list[Event] = list(PATH) if in_execute else []
    for event in start + events:
        now_s += event if isinstance(event, float) else 0.5
        before, seq_before, history_before = seen(machine), machine.state_seq, machine.history
        was_refused = apply(machine, event, now_s)

        assert machine.state.name not in FORBIDDEN[machine.mode]
        assert is_enabled(machine.state, machine.mode)
        assert (machine.state_seq != seq_before) == (seen(machine) != before)
        if was_refused:
            assert (seen(machine), machine.state_seq, machine.history) == (before, seq_before, history_before)
        if machine.state_seq != seq_before:
            sequences.append(machine.state_seq)
    assert sequences == sorted(set(sequences))


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_the_state_times_add_up_to_the_time_since_reset(events: list[Event]) -> None:
    machine = PackMLMachine(0.0)
    now_s = latest_s = 0.0
    for event in [*PATH, *events]:
        now_s += event if isinstance(event, float) else 0.5
        latest_s = max(latest_s, now_s)
        apply(machine, event, now_s)
    total_s = sum(machine.times.mode_s(mode, latest_s) for mode in Mode)
    assert abs(total_s - machine.times.acc_since_reset_s(latest_s)) < 1e-6
    assert all(machine.times.cumulative_s(mode, state, latest_s) >= 0.0 for mode in Mode for state in STATES)
