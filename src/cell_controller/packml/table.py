"""The one transition table of the PackML model; machine, legality and documentation are derived from it.

Hold is mandatory from Execute and Suspended and optional elsewhere. The options taken here are the
states of a run in which something moves and from which Unholding can honestly lead back to Execute.
Left out are Idle and Complete (Unhold would enter Execute without a Start) and Starting (Unhold
would enter Execute past whatever Starting had not yet done, such as homing): Stop is legal there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cell_controller.packml.commands import Command
from cell_controller.packml.modes import Mode, is_enabled
from cell_controller.packml.states import STATES, State

STATE_COMPLETE = "SC"
"""Name of the internal event that ends an acting state."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An event (None: state complete), the states that it leaves, the state that it goes to."""

    command: Command | None
    sources: tuple[State, ...]
    target: State


def _all_except(*states: State) -> tuple[State, ...]:
    return tuple(state for state in STATES if state not in states)


RULES: tuple[Rule, ...] = (
    Rule(Command.RESET, (State.STOPPED, State.COMPLETE), State.RESETTING),
    Rule(Command.START, (State.IDLE,), State.STARTING),
    Rule(
        Command.STOP,
        _all_except(State.STOPPING, State.STOPPED, State.CLEARING, State.ABORTING, State.ABORTED),
        State.STOPPING,
    ),
    Rule(
        Command.HOLD,
        (
            State.EXECUTE,
            State.SUSPENDED,
            State.UNHOLDING,
            State.SUSPENDING,
            State.UNSUSPENDING,
            State.COMPLETING,
        ),
        State.HOLDING,
    ),
    Rule(Command.UNHOLD, (State.HELD,), State.UNHOLDING),
    Rule(Command.SUSPEND, (State.EXECUTE,), State.SUSPENDING),
    Rule(Command.UNSUSPEND, (State.SUSPENDED,), State.UNSUSPENDING),
    Rule(Command.ABORT, _all_except(State.ABORTING, State.ABORTED), State.ABORTING),
    Rule(Command.CLEAR, (State.ABORTED,), State.CLEARING),
    Rule(Command.COMPLETE, (State.EXECUTE, State.SUSPENDED, State.HELD), State.COMPLETING),
    Rule(None, (State.RESETTING,), State.IDLE),
    Rule(None, (State.STARTING, State.UNHOLDING, State.UNSUSPENDING), State.EXECUTE),
    Rule(None, (State.HOLDING,), State.HELD),
    Rule(None, (State.SUSPENDING,), State.SUSPENDED),
    Rule(None, (State.COMPLETING,), State.COMPLETE),
    Rule(None, (State.STOPPING, State.CLEARING), State.STOPPED),
    Rule(None, (State.ABORTING,), State.ABORTED),
)

_TARGETS: Mapping[tuple[State, Command | None], State] = MappingProxyType(
    {(source, rule.command): rule.target for rule in RULES for source in rule.sources}
)

COMPLETES_TO: Mapping[State, State] = MappingProxyType(
    {source: target for (source, command), target in _TARGETS.items() if command is None}
)
"""Where each acting state goes when it is complete."""


def event_name(command: Command | None) -> str:
    """Name of a command, or of state complete for None."""
    return STATE_COMPLETE if command is None else command.name


def destination(state: State, command: Command | None, mode: Mode) -> State | None:
    """Where the event leads in this mode, None when it is not legal; a disabled acting state is skipped."""
    target = _TARGETS.get((state, command))
    if target is None or not is_enabled(state, mode):
        return None
    if is_enabled(target, mode):
        return target
    beyond = COMPLETES_TO.get(target)
    return beyond if beyond is not None and is_enabled(beyond, mode) else None


def legal_commands(state: State, mode: Mode) -> tuple[Command, ...]:
    """The commands that are legal in this state and mode, by number."""
    return tuple(command for command in Command if destination(state, command, mode) is not None)


def state_requested(state: State) -> State:
    """The state being made for: where an acting state ends, else the state itself."""
    return COMPLETES_TO.get(state, state)


def as_markdown() -> str:
    """The table as Markdown, for docs/ and the test that compares them."""
    lines = ["| event | legal in | goes to |", "|---|---|---|"]
    for rule in RULES:
        sources = ", ".join(state.name.capitalize() for state in rule.sources)
        event = event_name(rule.command)
        lines.append(
            f"| {event if rule.command is None else event.capitalize()} | {sources} | "
            f"{rule.target.name.capitalize()} |"
        )
    return "\n".join(lines) + "\n"
