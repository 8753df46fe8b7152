"""PackML control commands with the numbers of ISA-TR88.00.02-2022."""

from enum import IntEnum


class Command(IntEnum):
    """A control command. State complete (SC) is internal and none of these."""

    RESET = 1
    START = 2
    STOP = 3
    HOLD = 4
    UNHOLD = 5
    SUSPEND = 6
    UNSUSPEND = 7
    ABORT = 8
    CLEAR = 9
    COMPLETE = 10


STOP_TYPE: tuple[Command, ...] = (Command.ABORT, Command.STOP, Command.HOLD, Command.SUSPEND)
"""Commands towards standstill, strongest first: they need no state_seq and are never stale."""

START_TYPE: tuple[Command, ...] = tuple(command for command in Command if command not in STOP_TYPE)
"""Commands that must carry the present state_seq (mode changes count among them)."""

CAPTURING: tuple[Command, ...] = STOP_TYPE
"""Commands whose first cause becomes the stop reason."""

RESUMING: tuple[Command, ...] = (Command.RESET, Command.START, Command.UNHOLD, Command.UNSUSPEND)
"""Commands that end a stop, and with it the stop reason. Clear is not one of them: after an abort
the reason stays readable in Stopped until somebody resets."""


def priority(command: Command) -> int:
    """Rank within one cycle, 0 first: Abort, Stop, Hold, Suspend, then everything else alike."""
    return STOP_TYPE.index(command) if command in STOP_TYPE else len(STOP_TYPE)
