"""The manager's books and how one step goes through them: look, answer, settle, act."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from cell_controller.cell import acting
from cell_controller.cell.alarms import CATALOGUE, AlarmBook, AlarmId, Condition
from cell_controller.cell.commands import CommandDesk, stop_types_first
from cell_controller.cell.conditions import Conditions
from cell_controller.cell.dispatch import Decision, Dispatcher, Start
from cell_controller.cell.disposal import DisposalDesk
from cell_controller.cell.goals import GoalDesk
from cell_controller.cell.journal import JournalQueue
from cell_controller.cell.layout import CellLayout
from cell_controller.cell.ledger import Ledger
from cell_controller.cell.numbers import Numbers, base_of
from cell_controller.cell.orders import OrderDesk
from cell_controller.cell.parts import PartBook
from cell_controller.cell.places import PlaceBook
from cell_controller.cell.production import Production
from cell_controller.cell.recipe_book import RecipeEntry
from cell_controller.cell.recovery import RecoveryDesk
from cell_controller.cell.settle import created, end_events, start_events, stranded_events
from cell_controller.cell.tasks import PART_KINDS, Ended, Task, TaskBoard
from cell_controller.cell.view import View
from cell_controller.cell.zones import ZoneBook
from cell_controller.messages import (
    CellCommand,
    CommandResult,
    JournalLoaded,
    Parameter,
    PartEvent,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.packml import (
    Cause,
    Command,
    Mode,
    PackMLMachine,
    State,
    destination,
)
from cell_controller.packml.cycle import OVERDUE_CAUSE_SOURCE

TRIP_FOLLOWS_S = 0.1
"""A station learns of a trip at the same time as the manager: five SafetyStates are waited for, so that
the trip itself becomes the stop reason."""


class CellCore:
    """All books of the cell, and the step that works on them. The Unit around it only carries messages."""

    def __init__(
        self, layout: CellLayout, recipes: Mapping[str, RecipeEntry], session: int, now_s: float
    ) -> None:
        self.layout = layout
        self.recipes = recipes
        self.machine = PackMLMachine(now_s, base=base_of(session))
        numbers = Numbers(session)
        self.numbers = numbers
        self.journal = JournalQueue()
        self.parts = PartBook()
        self.places = PlaceBook(layout, self.parts)
        self.tasks = TaskBoard(numbers, self.journal)
        self.zones = ZoneBook(layout)
        self.orders = OrderDesk(recipes, self.parts, self.journal)
        self.production = Production()
        self.ledger = Ledger(self.parts, self.journal, self.orders, self.production)
        self.dispatcher = Dispatcher(layout, self.parts, self.tasks, self.zones)
        self.disposal = DisposalDesk(self.parts, self.journal, self.tasks)
        self.conditions = Conditions(layout, self.parts, self.places, self.journal)
        self.desk = CommandDesk(self.machine)
        self.recovery = RecoveryDesk(layout, self.machine, numbers)
        self.alarms = AlarmBook()
        self.goals = GoalDesk()
        self.clear_id = 0
        self.was_tripped_at_clear = True
        self.hold_now = False
        self.suspension: AlarmId | None = None  # why the cell suspended itself
        self.load_request = False
        self.no_production = ""  # why mode Production is refused, for as long as this process lives
        self.stopping: tuple[str, ...] = ()  # stations that had a task when Stopping began
        self._entered_seq = self.machine.state_seq
        self._aborted_since_s = inf
        self._aborted_detail = ""

    def load(self, loaded: JournalLoaded, now_s: float) -> None:
        """The journal as it was at the start: parts in the cell wait for a decision."""
        self.places.load(loaded.events)
        self.ledger.record(self.parts.load(loaded.events), now_s)

    def watch(self, view: View) -> None:
        """Abort on whatever takes away the ground the cell stands on; the first is the stop reason."""
        state = self.machine.state
        if state in (State.ABORTING, State.ABORTED):
            return
        if view.safety is None:
            self.react(Command.ABORT, Condition(AlarmId.SAFETY_LOST, "interlock"), view)
        elif view.is_tripped and state is not State.CLEARING:
            first = view.safety.first_out or "no reason given"
            self.react(Command.ABORT, Condition(AlarmId.SAFETY_TRIP, "interlock", first), view)
        for name in view.restarted:
            self.react(Command.ABORT, Condition(AlarmId.STATION_RESTARTED, name, name), view)
        for spec in self.layout.stations:
            if spec.name not in view.stations:
                self.react(Command.ABORT, Condition(AlarmId.STATION_LOST, spec.name, spec.label), view)

    @property
    def is_trip_expected(self) -> bool:
        """A station has aborted its task: the trip that made it do so will be heard at once."""
        return self._aborted_since_s < inf

    @property
    def stop_text(self) -> str:
        """Why the cell is aborting, "" when it is not."""
        is_aborting = self.machine.state in (State.ABORTING, State.ABORTED)
        reason = self.machine.stop_reason
        return reason.cause.text if is_aborting and reason is not None else ""

    def react(self, command: Command, condition: Condition, view: View) -> None:
        """Give a command for a cause of our own; a Hold that is not legal becomes a Stop."""
        for candidate in (command, Command.STOP) if command is Command.HOLD else (command,):
            if destination(self.machine.state, candidate, self.machine.mode) is not None:
                if command is not Command.SUSPEND:
                    self.alarms.raise_event(condition)
                text = CATALOGUE[condition.id].message(condition.detail)
                self.machine.command(candidate, view.now_s, Cause(int(condition.id), condition.source, text))
                self.note_entry(view)
                return

    def answer(self, commands: tuple[CellCommand, ...], view: View) -> tuple[CommandResult, ...]:
        """One answer per command, stop-type commands first."""
        results = []
        for command in stop_types_first(commands):
            result = self.desk.answer(command, lambda c: self._hindrance(c, view), view.now_s)
            results.append(result)
            if self.machine.state_seq != self._entered_seq:
                self.hold_now = command.hold_now and command.command == Command.HOLD
                self.note_entry(view)
        return tuple(results)

    def _hindrance(self, command: Command, view: View) -> str:
        """What stands against a command, in mode Production also what stands against Production."""
        reasons = [self.conditions.hindrance(command, view)]
        if command in (Command.RESET, Command.START) and self.machine.mode is Mode.PRODUCTION:
            reasons.append(self.no_production)
        return "; ".join(reason for reason in reasons if reason)

    def settle(self, view: View) -> None:
        """Tasks that started or ended since the last step, and what the sensors say."""
        ended = self.tasks.poll(view)
        self.ledger.confirm(self.tasks.take_confirmed(), view.now_s)
        for end in ended:
            self.ledger.record(end_events(end, self.parts, self.layout), view.now_s)
            if end.task.kind is TaskKind.INDEX:
                self.places.belt_moved()
            self._react_to_end(end, view)
            self.goals.end(end, self.stop_text)
        stranded = stranded_events(view, self.parts, self.layout, self.tasks)
        self.ledger.record(self._of_staying(stranded), view.now_s)
        if view.now_s - self._aborted_since_s >= TRIP_FOLLOWS_S:
            self._aborted_since_s = inf
            detail = self._aborted_detail
            self.react(Command.ABORT, Condition(AlarmId.TASK_FAILED, "task", detail), view)
        self._reconcile(view)

    def _react_to_end(self, end: Ended, view: View) -> None:
        task, state = end.task, self.machine.state
        if end.is_done:
            if task.kind in PART_KINDS and end.verdict is Verdict.BAD:
                detail = f"{task.part_id} after {task.kind.name.lower()}: {end.detail}"
                self.alarms.raise_event(Condition(AlarmId.PART_BAD, task.part_id, detail))
            return
        if task.is_cancelled and (end.result is TaskResult.STOPPED or not end.was_sent):
            return
        if state in acting.ENDS_EXPECTED and (state is not State.HOLDING or self.hold_now):
            return
        detail = f"{task.station} {task.kind.name.lower()}: {end.detail or end.result.name.lower()}"
        if not end.was_started:
            self.react(Command.HOLD, Condition(AlarmId.JOURNAL_FAILED, "journal", end.detail), view)
        elif end.result is TaskResult.ABORTED:
            self._aborted_since_s, self._aborted_detail = min(self._aborted_since_s, view.now_s), detail
        elif end.was_sent:
            is_refused = end.result is TaskResult.REFUSED
            alarm = AlarmId.TASK_REFUSED if is_refused else AlarmId.TASK_FAILED
            self.react(Command.STOP, Condition(alarm, task.station, detail), view)

    def _reconcile(self, view: View) -> None:
        conveyor = view.stations.get(self.layout.conveyor)
        is_moving = self.tasks.of(self.layout.conveyor) is not None or self.recovery.present is not None
        if conveyor is None or is_moving or not self.journal.is_loaded:
            return
        finding = self.places.reconcile(conveyor, self.orders.wants_parts, view.now_s)
        self.ledger.record(self._of_staying(finding.events), view.now_s)
        order = self.orders.active
        if finding.arrived and order is not None:
            self.ledger.record((created(order, self.layout.load),), view.now_s)
        for part_id in (p for p in finding.missing if not self.disposal.is_leaving(p)):
            self.react(Command.STOP, Condition(AlarmId.PART_MISSING, part_id, part_id), view)
        for part_id in finding.unexpected:
            self.react(Command.STOP, Condition(AlarmId.PART_UNEXPECTED, part_id, part_id), view)

    def _of_staying(self, events: tuple[PartEvent, ...]) -> tuple[PartEvent, ...]:
        """What is found is found again in the next step, should the disposal fail."""
        return tuple(event for event in events if not self.disposal.is_leaving(event.part_id))

    def act(self, view: View) -> None:
        """The work of the present state, then state complete or what follows from being overdue."""
        self.load_request = False
        seq = self.machine.state_seq
        is_complete = acting.act(self, view)
        if self.machine.state_seq != seq:
            return  # a reaction has left the state: its completion belongs to the past
        cycle = self.machine.step((), is_complete, view.now_s)
        if cycle.overdue is not None:
            text = f"{cycle.overdue.state.name.title()}, at most {cycle.overdue.maximum_s:g} s"
            self.alarms.raise_event(Condition(AlarmId.STATE_OVERDUE, OVERDUE_CAUSE_SOURCE, text))
        self.note_entry(view)

    def begin(self, starts: tuple[Start, ...], now_s: float, operator: str | None = None) -> tuple[Task, ...]:
        """Start tasks, for the operator of the order if no other is named; the journal comes first."""
        order = self.orders.present
        if operator is None:
            operator = order.operator if order else ""
        begun = []
        for start in starts:
            parameters: tuple[Parameter, ...] = ()
            if start.part is not None:
                recipe = self.recipes.get(start.part.recipe)
                if recipe is None:
                    continue  # a part of a recipe that this cell does not know waits for a disposition
                parameters = recipe.parameters[start.kind]
            events = start_events(start, self.parts, self.layout, operator)
            part_id = start.part.part_id if start.part else ""
            task = self.tasks.start(
                start.station, start.kind, now_s, part_id=part_id, parameters=parameters, events=events
            )
            begun.append(task)
        return tuple(begun)

    def follow(self, decision: Decision, view: View) -> None:
        """Carry out what the dispatcher decided."""
        self.load_request = decision.load_request
        if not self.is_trip_expected and self.places.is_agreed:
            self.begin(decision.starts, view.now_s)
        if decision.stuck:
            self.react(Command.STOP, Condition(AlarmId.STATION_STUCK, "cell", decision.stuck), view)
        elif decision.is_starved or decision.is_blocked:
            cause = AlarmId.STARVED if decision.is_starved else AlarmId.BLOCKED
            self.react(Command.SUSPEND, Condition(cause, "cell"), view)
            if self.machine.state in acting.SUSPENSION:
                self.suspension = cause

    def note_entry(self, view: View) -> None:
        """What entering a state does, once per change."""
        if self.machine.state_seq != self._entered_seq:
            self._entered_seq = self.machine.state_seq
            acting.enter(self, view)
