"""PackML states with the numbers of ISA-TR88.00.02-2022."""

from enum import IntEnum


class State(IntEnum):
    """State of the unit; UNDEFINED is a tag value only, the machine never is in it."""

    UNDEFINED = 0
    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETE = 17


STATES: tuple[State, ...] = tuple(state for state in State if state is not State.UNDEFINED)
"""The seventeen states of the model, by number."""

WAIT_STATES: tuple[State, ...] = (
    State.STOPPED,
    State.IDLE,
    State.SUSPENDED,
    State.ABORTED,
    State.HELD,
    State.COMPLETE,
)
"""States that only a command leaves."""

ACTING_STATES: tuple[State, ...] = (
    State.CLEARING,
    State.STARTING,
    State.STOPPING,
    State.ABORTING,
    State.HOLDING,
    State.UNHOLDING,
    State.SUSPENDING,
    State.UNSUSPENDING,
    State.RESETTING,
    State.COMPLETING,
)
"""States that end by themselves (state complete). EXECUTE is dual and in neither set: it acts, but
only a command (Complete, Hold, Suspend, Stop, Abort) leaves it."""

MANDATORY_STATES: tuple[State, ...] = (State.STOPPED, State.IDLE, State.EXECUTE, State.ABORTED)
"""States that no mode may disable."""
