"""Unit modes and the states that each of them disables.

Production has the whole model. Maintenance runs single tasks under all interlocks, each of them asked
for: there is no line to wait for and no order to complete, so the Suspend and Complete paths are absent
(OPC 30050, section 4.2.5, shows Maintenance without Suspended and Complete). Manual is hold-to-run:
letting go of the button is the hold, so the Hold path is absent too; and Starting is skipped, because
nothing may home or run up by itself in this mode: Start only opens Execute for the operator's own jog.
Execute is mandatory in every mode; `processes_parts` says where it works on parts by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from cell_controller.packml.errors import ModeMaskError
from cell_controller.packml.states import MANDATORY_STATES, STATES, State


class Mode(IntEnum):
    """Unit mode; 4 to 31 are left to users by the standard and not used here."""

    INVALID = 0
    PRODUCTION = 1
    MAINTENANCE = 2
    MANUAL = 3


MODES: tuple[Mode, ...] = (Mode.PRODUCTION, Mode.MAINTENANCE, Mode.MANUAL)

MODE_CHANGE_STATES: tuple[State, ...] = (State.STOPPED, State.IDLE, State.ABORTED)
"""States in which the mode may change, when both modes have them enabled."""

_WAIT_OF_ACTING: Mapping[State, State] = MappingProxyType(
    {State.HOLDING: State.HELD, State.SUSPENDING: State.SUSPENDED, State.COMPLETING: State.COMPLETE}
)


@dataclass(frozen=True, slots=True)
class ModePolicy:
    """What one mode leaves out of the model, and whether Execute processes parts by itself in it."""

    disabled: tuple[State, ...]
    processes_parts: bool

    def __post_init__(self) -> None:
        for state in self.disabled:
            if state in MANDATORY_STATES:
                raise ModeMaskError(state, "is mandatory in every mode")
        for acting, wait in _WAIT_OF_ACTING.items():
            if wait in self.disabled and acting not in self.disabled:
                raise ModeMaskError(acting, f"leads to {wait.name}, which is disabled")


_SUSPEND_PATH = (State.SUSPENDING, State.SUSPENDED, State.UNSUSPENDING)
_COMPLETE_PATH = (State.COMPLETING, State.COMPLETE)
_HOLD_PATH = (State.HOLDING, State.HELD, State.UNHOLDING)

MODE_POLICIES: Mapping[Mode, ModePolicy] = MappingProxyType(
    {
        Mode.INVALID: ModePolicy(
            disabled=tuple(state for state in STATES if state not in MANDATORY_STATES), processes_parts=False
        ),
        Mode.PRODUCTION: ModePolicy(disabled=(), processes_parts=True),
        Mode.MAINTENANCE: ModePolicy(disabled=_SUSPEND_PATH + _COMPLETE_PATH, processes_parts=False),
        Mode.MANUAL: ModePolicy(
            disabled=_SUSPEND_PATH + _COMPLETE_PATH + _HOLD_PATH + (State.STARTING,), processes_parts=False
        ),
    }
)


def is_enabled(state: State, mode: Mode) -> bool:
    """Whether the mode has this state."""
    return state is not State.UNDEFINED and state not in MODE_POLICIES[mode].disabled


def processes_parts(mode: Mode) -> bool:
    """Whether Execute processes parts by itself in this mode; elsewhere it does what it is asked for."""
    return MODE_POLICIES[mode].processes_parts


def disabled_mask(mode: Mode) -> int:
    """The disabled states as a bit mask, bit number = state number."""
    mask = 0
    for state in MODE_POLICIES[mode].disabled:
        mask |= 1 << state
    return mask
