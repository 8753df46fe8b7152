"""When a ROS client's goal becomes a task, and with which words it is refused otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cell_controller.cell.commands import MAX_ID_LENGTH
from cell_controller.cell.dispatch import Start, why_not
from cell_controller.cell.errors import GoalRefusedError
from cell_controller.cell.layout import StationSpec
from cell_controller.cell.parts import PartRecord
from cell_controller.cell.view import View
from cell_controller.messages import IndexGoal, Outcome, PartGoal, TaskKind
from cell_controller.packml import Mode, State, processes_parts

if TYPE_CHECKING:
    from cell_controller.cell.core import CellCore

Goal = PartGoal | IndexGoal

GOAL_MODE = Mode.MAINTENANCE
"""Execute under all interlocks, homed, in which the manager starts nothing by itself. Manual is hold-to-run,
and nothing may run by itself there; in Production every station is the manager's."""

_AT_REST = (State.STOPPED, State.IDLE, State.COMPLETE, State.ABORTED)


def start_of(core: CellCore, kind: TaskKind, goal: Goal, view: View) -> Start:
    """The task that a goal asks for, its zones granted; GoalRefusedError with the reason."""
    spec = _station(core, kind, goal)
    _check_cell(core)
    _check_station(core, spec, view)
    part = None
    if isinstance(goal, PartGoal):
        part = _part(core, spec, goal)
        _check_recipe(core, goal, part)
    else:
        _check_belt(core, view)
    if not core.zones.grant(spec.name, view, core.tasks.busy):
        raise _wrong_state(f"another station is in a zone of {spec.name}: {', '.join(spec.zones)}")
    return Start(spec.name, kind, part)


def _wrong_state(reason: str) -> GoalRefusedError:
    return GoalRefusedError(Outcome.REFUSED_STATE, reason)


def _station(core: CellCore, kind: TaskKind, goal: Goal) -> StationSpec:
    """Goals that no state of the cell could fulfil."""
    spec = core.layout.station(goal.station)
    if spec is None or spec.process is not kind:
        able = ", ".join(s.name for s in core.layout.stations if s.process is kind) or "none"
        reason = f"station {goal.station!r} does not {kind.name.lower()}; those that do: {able}"
        raise GoalRefusedError(Outcome.FAILED, reason)
    if not goal.operator or len(goal.operator) > MAX_ID_LENGTH:
        reason = f"operator_name must have 1 to {MAX_ID_LENGTH} characters"
        raise GoalRefusedError(Outcome.FAILED, reason)
    return spec


def _check_cell(core: CellCore) -> None:
    state, mode = core.machine.state, core.machine.mode
    where = f"the cell is in {state.name.title()}, mode {mode.name.title()}"
    wanted = f"goals are taken in Execute, mode {GOAL_MODE.name.title()}"
    if processes_parts(mode) and state not in _AT_REST:
        raise GoalRefusedError(
            Outcome.REFUSED_OWNED, f"{where}: the manager uses the stations itself; {wanted}"
        )
    if state is not State.EXECUTE or mode is not GOAL_MODE:
        raise _wrong_state(f"{where}; {wanted}")
    if core.is_trip_expected:
        raise _wrong_state(f"{where}, and a task has been aborted")
    if not core.journal.is_healthy:
        raise _wrong_state(f"the part journal cannot sync: {core.journal.failure}")


def _check_station(core: CellCore, spec: StationSpec, view: View) -> None:
    task = core.tasks.of(spec.name)
    if task is not None:
        working = f"{task.kind.name.lower()} {task.part_id}".rstrip()
        raise GoalRefusedError(Outcome.REFUSED_OWNED, f"{spec.name} is at work: {working}")
    if not view.is_ready(spec.name):
        state = view.stations.get(spec.name)
        detail = "not heard" if state is None else f"not ready, {state.phase} {state.detail}".rstrip()
        raise _wrong_state(f"{spec.name} is {detail}")
    if core.tasks.of(core.layout.conveyor) is not None:
        raise _wrong_state("the belt is about to move")
    if not core.places.is_agreed:
        raise _wrong_state("records and sensors differ about what lies in the cell")


def _part(core: CellCore, spec: StationSpec, goal: PartGoal) -> PartRecord:
    part = core.parts.at(spec.place)
    if part is None:
        raise _wrong_state(f"no part lies at {spec.place}")
    if goal.part_id not in ("", part.part_id):
        raise _wrong_state(f"{part.part_id} lies at {spec.place}, not {goal.part_id!r}")
    reason = why_not(part, spec)
    if reason:
        raise _wrong_state(f"{part.part_id} at {spec.place} {reason}")
    return part


def _check_recipe(core: CellCore, goal: PartGoal, part: PartRecord) -> None:
    """A part has one recipe from the beginning to the end: its record names it."""
    reason = ""
    entry = core.recipes.get(part.recipe)
    if goal.recipe and goal.recipe not in core.recipes:
        known = ", ".join(sorted(core.recipes))
        reason = f"recipe {goal.recipe!r} is not known; known are: {known}"
    elif goal.recipe not in ("", part.recipe):
        reason = f"{part.part_id} is of recipe {part.recipe!r}, not {goal.recipe!r}"
    elif entry is None:
        reason = f"{part.part_id} is of recipe {part.recipe!r}, which this cell does not know"
    elif entry.hash != part.recipe_hash:
        reason = f"recipe {part.recipe!r} has changed since {part.part_id} came in"
    if reason:
        raise GoalRefusedError(Outcome.REFUSED_RECIPE, reason)


def _check_belt(core: CellCore, view: View) -> None:
    """As in production: no part is carried past a station that has not worked on it, none off the end."""
    layout = core.layout
    waiting = core.dispatcher.waiting_parts()
    if waiting:
        named = ", ".join(f"{part.part_id} at {spec.name}" for spec, part in waiting)
        raise _wrong_state(f"parts are to be worked on first, or disposed of: {named}")
    at_end = core.parts.at(layout.out)
    if at_end is not None:
        raise _wrong_state(f"{at_end.part_id} lies at {layout.out}, the last place")
    undisposed = core.parts.undisposed()
    if undisposed:
        named = ", ".join(f"{part.part_id} at {part.place}" for part in undisposed)
        raise _wrong_state(f"parts need a disposition: {named}")
    not_clear = [spec.name for spec in layout.processing if not view.is_clear(spec.name)]
    if not_clear:
        raise _wrong_state(f"not clear of the belt: {', '.join(not_clear)}")
