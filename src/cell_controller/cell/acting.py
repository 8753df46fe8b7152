"""What each PackML state lets through, tells the stations, works at and waits for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from cell_controller.cell.alarms import AlarmId, Condition
from cell_controller.cell.dispatch import home_starts
from cell_controller.cell.view import View
from cell_controller.messages import Directive, Permit, SafetyPhase, TaskResult
from cell_controller.packml import Cause, Command, Mode, State, processes_parts

if TYPE_CHECKING:
    from cell_controller.cell.core import CellCore

CLEAR_LIMIT_S = 2.0
"""The interlock resets within some of its 20 ms cycles once every bus echoes the epoch; then it will not."""

PERMITS: Mapping[State, Permit] = MappingProxyType(
    {
        State.STARTING: Permit.MOTION,
        State.EXECUTE: Permit.MOTION,
        State.HOLDING: Permit.MOTION,
        State.UNHOLDING: Permit.MOTION,
        State.SUSPENDING: Permit.MOTION,
        State.UNSUSPENDING: Permit.MOTION,
        State.COMPLETING: Permit.MOTION,
        State.STOPPING: Permit.MOTION,
        State.HELD: Permit.HOLD,
        State.SUSPENDED: Permit.HOLD,
        State.IDLE: Permit.HOLD,
        State.STOPPED: Permit.HOLD,
        State.COMPLETE: Permit.HOLD,
        State.RESETTING: Permit.HOLD,
        State.CLEARING: Permit.HOLD,
        State.ABORTING: Permit.NONE,
        State.ABORTED: Permit.NONE,
    }
)
"""What the manager asks the interlock for; a recovery is asked for in Aborted, beside this table."""

DIRECTIVES: Mapping[State, Directive] = MappingProxyType(
    {
        State.HOLDING: Directive.HOLD,
        State.HELD: Directive.HOLD,
        State.STOPPING: Directive.STOP,
        State.STOPPED: Directive.STOP,
        State.ABORTING: Directive.ABORT,
        State.ABORTED: Directive.ABORT,
        State.CLEARING: Directive.ABORT,
    }
)
"""What stations are told besides RUN."""

RECOVERY_DIRECTIVE = Directive.RUN
"""The one station under recovery runs while the cell is Aborted."""

ENDS_EXPECTED = (State.HOLDING, State.HELD, State.STOPPING, State.STOPPED, State.ABORTING, State.ABORTED)
"""States in which a task that does not reach its end is the consequence, not a fault."""

SUSPENSION = (State.SUSPENDING, State.SUSPENDED)


def act(core: CellCore, view: View) -> bool:
    """Work of the present state; True when an acting state has done what it is there for."""
    work = _WORK.get(core.machine.state)
    return work(core, view) if work is not None else False


def directive(core: CellCore, station: str) -> Directive:
    """How the task of a station is to go on now; of a cancelled task at least Stop."""
    found = DIRECTIVES.get(core.machine.state, Directive.RUN)
    if found is Directive.HOLD and core.hold_now:
        found = Directive.HOLD_NOW
    task = core.tasks.of(station)
    return max(found, Directive.STOP) if task is not None and task.is_cancelled else found


def enter(core: CellCore, view: View) -> None:
    """Once, when state, mode or stop reason has changed."""
    state = core.machine.state
    if state in (State.CLEARING, State.RESETTING):
        core.alarms.acknowledge()
    if state is State.CLEARING:
        core.clear_id = core.numbers.next()
        core.was_tripped_at_clear = view.is_tripped
    if state is State.STARTING or (state is State.EXECUTE and core.machine.mode is Mode.MANUAL):
        _begin_order(core, view)
    if state in (State.STARTING, State.EXECUTE, State.COMPLETING):
        core.dispatcher.restart(view.now_s)
    if state is State.STOPPING:
        tools = [spec.name for spec in core.layout.processing]
        core.stopping = tuple(name for name in core.tasks.busy if name in tools)
    if state in (State.HOLDING, State.STOPPING, State.SUSPENDING):
        core.tasks.withdraw_unsent()
    if state is State.ABORTING:
        core.tasks.abort(view.now_s)
    elif state is State.ABORTED:
        core.tasks.end_abort()
    if state is State.COMPLETE:
        core.orders.close()
    if state not in SUSPENSION:
        core.suspension = None
    if state not in (State.HOLDING, State.HELD):
        core.hold_now = False


def _begin_order(core: CellCore, view: View) -> None:
    order = core.orders.active
    if order is not None and not order.has_run:
        order.has_run = True
        core.machine.times.reset(view.now_s)


def _clearing(core: CellCore, view: View) -> bool:
    safety = view.safety
    if safety is None:
        return False
    is_reset = safety.clear_id == core.clear_id or not core.was_tripped_at_clear
    if safety.phase in (SafetyPhase.HOLD, SafetyPhase.MOTION) and is_reset:
        return True
    if core.machine.times.current_s(view.now_s) >= CLEAR_LIMIT_S:
        reason = safety.reset_hindrance or safety.first_out
        core.react(Command.ABORT, Condition(AlarmId.CLEAR_FAILED, "interlock", reason), view)
    return False


def _resetting(core: CellCore, view: View) -> bool:
    """No motion: every station is heard and runs no task, not even one of a former manager."""
    is_heard = len(view.stations) == len(core.layout.stations)
    is_idle = all(state.result is not TaskResult.RUNNING for state in view.stations.values())
    return is_heard and is_idle and not core.tasks.active()


def _starting(core: CellCore, view: View) -> bool:
    core.begin(home_starts(core.layout, view, core.tasks, core.zones), view.now_s)
    return not core.tasks.active() and all(view.is_ready(spec.name) for spec in core.layout.stations)


def _execute(core: CellCore, view: View) -> bool:
    if not processes_parts(core.machine.mode):
        return False
    if core.orders.is_finished() and not core.tasks.active():
        text = f"order {core.orders.active.order_id} is finished" if core.orders.active else ""
        core.machine.command(Command.COMPLETE, view.now_s, Cause(text=text))
        core.note_entry(view)
        return False
    core.follow(core.dispatcher.decide(view, core.orders.wants_parts), view)
    return False


def _completing(core: CellCore, view: View) -> bool:
    """The belt runs empty, then everything parks."""
    is_empty = not core.parts.open() and not core.tasks.active()
    if not is_empty:
        decision = core.dispatcher.decide(view, wants_parts=False)
        core.begin(decision.starts if core.places.is_agreed else (), view.now_s)
    return is_empty and all(view.is_ready(spec.name) for spec in core.layout.stations)


def _holding(core: CellCore, view: View) -> bool:
    return core.tasks.is_held(view)


def _unholding(core: CellCore, view: View) -> bool:
    return core.tasks.is_running(view)


def _suspending(core: CellCore, view: View) -> bool:
    """Parts in process are finished, none is begun."""
    return not core.tasks.active()


def _unsuspending(core: CellCore, view: View) -> bool:
    """The permit is all that was withheld."""
    return True


def _suspended(core: CellCore, view: View) -> bool:
    """A cell that suspended itself goes on by itself as soon as it can; an operator's Suspend stays."""
    if core.suspension is None:
        return False
    core.load_request = core.orders.wants_parts and core.parts.at(core.layout.load) is None
    is_hindered = bool(core.conditions.hindrance(Command.UNSUSPEND, view))
    if not is_hindered and (core.dispatcher.can_go_on() or core.orders.is_finished()):
        core.machine.command(Command.UNSUSPEND, view.now_s)
        core.note_entry(view)
    return False


def _stopping(core: CellCore, view: View) -> bool:
    """Tasks have ended, and the tools that were at work are out of every zone.

    A belt may stand anywhere: one whose homing was stopped is not clear before it is homed again.
    """
    if core.tasks.active():
        return False
    core.stopping = tuple(name for name in core.stopping if not view.is_clear(name))
    return not core.stopping


def _aborting(core: CellCore, view: View) -> bool:
    is_moving = view.safety is not None and view.safety.phase is SafetyPhase.MOTION
    return not core.tasks.active() and not is_moving


_WORK: Mapping[State, Callable[[CellCore, View], bool]] = MappingProxyType(
    {
        State.CLEARING: _clearing,
        State.RESETTING: _resetting,
        State.STARTING: _starting,
        State.EXECUTE: _execute,
        State.COMPLETING: _completing,
        State.HOLDING: _holding,
        State.UNHOLDING: _unholding,
        State.SUSPENDING: _suspending,
        State.SUSPENDED: _suspended,
        State.UNSUSPENDING: _unsuspending,
        State.STOPPING: _stopping,
        State.ABORTING: _aborting,
    }
)
