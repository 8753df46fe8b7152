"""How long each acting state may take, and what follows when it takes longer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from types import MappingProxyType

from cell_controller.packml.commands import Command
from cell_controller.packml.errors import MachineSetupError
from cell_controller.packml.states import ACTING_STATES, State


class OverdueReaction(IntEnum):
    """What an overdue acting state leads to."""

    ALARM = 0  # nothing stronger is left: stay and say so
    STOP = 1
    ABORT = 2


REACTION_COMMAND: Mapping[OverdueReaction, Command | None] = MappingProxyType(
    {
        OverdueReaction.ALARM: None,
        OverdueReaction.STOP: Command.STOP,
        OverdueReaction.ABORT: Command.ABORT,
    }
)

OVERDUE_REACTIONS: Mapping[State, OverdueReaction] = MappingProxyType(
    {
        State.STARTING: OverdueReaction.STOP,
        State.RESETTING: OverdueReaction.STOP,
        State.HOLDING: OverdueReaction.STOP,
        State.UNHOLDING: OverdueReaction.STOP,
        State.SUSPENDING: OverdueReaction.STOP,
        State.UNSUSPENDING: OverdueReaction.STOP,
        State.COMPLETING: OverdueReaction.STOP,
        State.STOPPING: OverdueReaction.ABORT,
        State.CLEARING: OverdueReaction.ABORT,  # Stop is not legal in Clearing
        State.ABORTING: OverdueReaction.ALARM,
    }
)
"""Always the next stronger way to stand still; every reaction is legal in its state."""

DEFAULT_MAXIMUM_TIMES_S: Mapping[State, float] = MappingProxyType(
    {
        State.CLEARING: 10.0,  # one reset edge and the echo of every bus: tenths of a second, plus re-arming
        State.RESETTING: 10.0,  # checks and counters only, no motion
        State.STARTING: 60.0,  # homing of every axis at homing speed, spindle run-up
        State.HOLDING: 120.0,  # a weld in contact runs to its end: one part's weld, then the retract
        State.UNHOLDING: 60.0,  # run-up and approach again
        State.SUSPENDING: 120.0,  # parts in process are finished, as in Holding
        State.UNSUSPENDING: 60.0,  # as Unholding
        State.COMPLETING: 300.0,  # the conveyor runs empty, several parts long
        State.STOPPING: 60.0,  # stop programs, then an unbraked wheel's coast
        State.ABORTING: 30.0,  # the safety relay's longest delay (10 s) and a braked wheel's coast (20 s)
    }
)
"""For a cell whose file says nothing else; a wheel without brake needs more for Aborting's alarm."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """An acting state that took longer than its maximum time."""

    state: State
    elapsed_s: float
    maximum_s: float
    reaction: OverdueReaction

    @property
    def command(self) -> Command | None:
        """The command to give, None when only an alarm is left."""
        return REACTION_COMMAND[self.reaction]


def checked_maximum_times(given: Mapping[State, float] | None) -> Mapping[State, float]:
    """The default maximum times with the given ones in place; only acting states, only positive seconds."""
    times = dict(DEFAULT_MAXIMUM_TIMES_S)
    for state, maximum_s in (given or {}).items():
        if state not in ACTING_STATES:
            raise MachineSetupError("maximum time", state.name, "only acting states have one")
        if not (isfinite(maximum_s) and maximum_s > 0.0):
            raise MachineSetupError(f"maximum time of {state.name}", maximum_s, "not above 0 s")
        times[state] = maximum_s
    return MappingProxyType(times)
