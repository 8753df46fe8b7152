"""The stack light as a function of state and material flags, after the table in ISA-TR88.00.02-2022."""

from dataclasses import dataclass
from enum import Enum, IntFlag

from cell_controller.packml.states import STATES, State


class StackLight(IntFlag):
    """Lamps that are lit; the bits are those of the PackML Stacklight tag."""

    DARK = 0
    RED = 1 << 0
    RED_FLASHING = 1 << 1
    AMBER = 1 << 2
    AMBER_FLASHING = 1 << 3
    BLUE = 1 << 4
    BLUE_FLASHING = 1 << 5
    GREEN = 1 << 6
    GREEN_FLASHING = 1 << 7
    HORN_FLASHING = 1 << 9


class Condition(Enum):
    """What must hold, besides the state, for a row to light its lamp."""

    ALWAYS = "always"
    STARVED = "starved upstream"
    BLOCKED = "blocked downstream"
    MATERIAL_LOW = "low material"
    MATERIAL_OUT = "material exhausted"


@dataclass(frozen=True, slots=True)
class LampRow:
    """One row of the table: in these states, under this condition, this lamp."""

    condition: Condition
    states: tuple[State, ...]
    lamp: StackLight


_SUSPENSION = (State.SUSPENDING, State.SUSPENDED)
_HOLD = (State.HOLDING, State.HELD)
_RESTART = (State.STARTING, State.UNHOLDING, State.UNSUSPENDING)

LAMP_ROWS: tuple[LampRow, ...] = (
    LampRow(Condition.ALWAYS, (State.ABORTING, State.ABORTED, State.CLEARING), StackLight.RED_FLASHING),
    LampRow(
        Condition.ALWAYS, (State.COMPLETE, State.STOPPED, State.STOPPING, State.RESETTING), StackLight.RED
    ),
    LampRow(Condition.STARVED, _SUSPENSION, StackLight.AMBER_FLASHING),
    LampRow(Condition.BLOCKED, _SUSPENSION, StackLight.AMBER),
    LampRow(
        Condition.MATERIAL_LOW,
        tuple(state for state in STATES if state not in _HOLD),
        StackLight.BLUE_FLASHING,
    ),
    LampRow(Condition.MATERIAL_OUT, _HOLD, StackLight.BLUE),
    LampRow(Condition.ALWAYS, (State.IDLE,), StackLight.GREEN_FLASHING),
    LampRow(Condition.ALWAYS, (State.EXECUTE, State.COMPLETING, *_RESTART), StackLight.GREEN),
    LampRow(Condition.ALWAYS, _RESTART, StackLight.HORN_FLASHING),
)


def stack_light(
    state: State,
    *,
    is_starved: bool = False,
    is_blocked: bool = False,
    is_material_low: bool = False,
    is_material_out: bool = False,
) -> StackLight:
    """The lamps of this state; Held for a cause that is not material is dark, as in the standard's table."""
    met = {
        Condition.ALWAYS: True,
        Condition.STARVED: is_starved,
        Condition.BLOCKED: is_blocked,
        Condition.MATERIAL_LOW: is_material_low,
        Condition.MATERIAL_OUT: is_material_out,
    }
    lit = StackLight.DARK
    for row in LAMP_ROWS:
        if met[row.condition] and state in row.states:
            lit |= row.lamp
    return lit


def describe(light: StackLight) -> str:
    """The lamps in words, for example "green, horn flashing"; "dark" when none is lit."""
    names = [lamp.name for lamp in StackLight if lamp is not StackLight.DARK and lamp in light]
    return ", ".join(name.lower().replace("_", " ") for name in names if name) or "dark"
