"""CellManager: the Unit that runs the cell. Messages in, messages out; what they mean is in the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from cell_controller.cell import acting
from cell_controller.cell.alarms import AlarmId, Condition
from cell_controller.cell.core import CellCore
from cell_controller.cell.layout import layout_of
from cell_controller.cell.recipe_book import recipe_entry
from cell_controller.cell.services import dispose_part, get_parts, submit_order
from cell_controller.cell.state import cell_state
from cell_controller.cell.view import SAFETY_LIMIT_S, STATION_LIMIT_S, View, look
from cell_controller.config.models import CELL_MANAGER, DISPLAY, INTERLOCK, RECORDER, CellFile, Recipe
from cell_controller.messages import (
    CellCommand,
    CellPermit,
    CellState,
    DisposeRequest,
    Finished,
    Order,
    OrderRequest,
    Parameter,
    PartQuery,
    Permit,
    RecoveryCommand,
    StopRequested,
)
from cell_controller.packml import Command, State
from cell_controller.runtime import Action, FaultKind, Input, Inputs, Output, Sent, Service, Step, ports
from cell_controller.stations.parameters import LOAD_REQUEST

PERIOD_S = 0.05  # of Orders and CellPermit
STATE_PERIOD_S = 0.1  # of CellState without a change
NODE_LIMIT_S = 2.0  # twenty heartbeats of 0.1 s; the supervisor allows a node as long
WATCHED_NODES = (RECORDER, DISPLAY, "panel")  # reading nodes: losing one is an alarm, never a stop

_DEPTH = 100  # of what operators send: every command is to be answered, also of a script in a loop


class CellManager:
    """PackML machine, orders, parts, zones, recovery and alarms of one cell."""

    max_lateness_s = 0.1  # two periods; the interlock trips on a missing permit by itself
    services: tuple[Service, ...] = ports.SERVICES
    actions: tuple[Action, ...] = ports.ACTIONS
    clients: tuple[Service, ...] = ()

    def __init__(
        self,
        cell: CellFile,
        recipes: Mapping[str, Recipe],
        name: str = CELL_MANAGER,
        *,
        no_production: str = "",
    ) -> None:
        """`no_production` says why mode Production is refused, "" when nothing stands against it."""
        self.name = name
        self.no_production = no_production
        self._layout = layout_of(cell)
        self._recipes = {r.name: recipe_entry(r, cell, self._layout) for r in recipes.values()}
        stations = tuple(spec.name for spec in self._layout.stations)
        serve_in, serve_out = ports.serving(self.services)
        act_in, act_out = ports.acting(self.actions)
        self.inputs: tuple[Input, ...] = (
            ports.SAFETY.input(sources=(INTERLOCK,), depth=50, max_age_s={INTERLOCK: SAFETY_LIMIT_S}),
            ports.STATION_STATE.input(
                sources=stations, depth=50, max_age_s=dict.fromkeys(stations, STATION_LIMIT_S)
            ),
            ports.HEARTBEAT.input(
                sources=WATCHED_NODES, depth=50, max_age_s=dict.fromkeys(WATCHED_NODES, NODE_LIMIT_S)
            ),
            ports.COMMAND.input(wakes=True, depth=_DEPTH),
            ports.RECOVERY.input(wakes=True, depth=_DEPTH),
            ports.JOURNAL_SYNCED.input(wakes=True, depth=_DEPTH),
            ports.JOURNAL_FAILED.input(wakes=True, depth=_DEPTH),
            ports.JOURNAL_LOADED.input(wakes=True),
            ports.STOP_REQUESTED.input(wakes=True),
            *(replace(port, depth=_DEPTH) for port in (*serve_in, *act_in)),
        )
        self.outputs: tuple[Output, ...] = (
            ports.ORDER.output(),
            ports.CELL_PERMIT.output(),
            ports.STATE.output(),
            ports.ALARMS.output(),
            ports.COMMAND_RESULT.output(),
            ports.PART_EVENT.output(),
            ports.JOURNAL_WRITE.output(),
            ports.FINISHED.output(),
            *serve_out,
            *act_out,
        )
        self._core: CellCore | None = None
        self._permit_due_s = -inf
        self._state_due_s = -inf
        self._heartbeat = 0
        self._sent_permit: CellPermit | None = None
        self._sent_orders: dict[str, Order] = {}
        self._sent_seq = 0
        self._is_leaving = False
        self._is_finished = False

    @property
    def core(self) -> CellCore | None:
        """The books, for inspection; None before the first step."""
        return self._core

    def step(self, inputs: Inputs, now_s: float) -> Step:
        """Look, answer, settle, act, tell."""
        core = self._core
        if core is None:
            core = self._core = CellCore(self._layout, self._recipes, inputs.session, now_s)
            core.no_production = self.no_production
        view = look(inputs, self._layout, now_s)
        loaded = core.journal.take(inputs, now_s)
        if loaded is not None:
            core.load(loaded, now_s)
        core.watch(view)
        sent = [
            Sent(ports.COMMAND_RESULT.name, result)
            for result in core.answer(inputs.new(ports.COMMAND.name, CellCommand), view)
        ]
        sent += self._services(core, inputs, view)
        core.settle(view)
        core.goals.take(core, inputs, view)
        core.production.note_time(core.tasks.in_process(), now_s)
        sent += [
            Sent(ports.COMMAND_RESULT.name, result)
            for result in core.recovery.step(inputs.new(ports.RECOVERY.name, RecoveryCommand), view)
        ]
        core.act(view)
        sent += core.goals.tell(core, view)
        sent += self._leave(core, inputs, view)
        sent += self._tell(core, view)
        if core.alarms.update((*core.conditions.alarms(view), *self._own_alarms(core, inputs)), now_s):
            sent.append(Sent(ports.ALARMS.name, core.alarms.read()))
        return Step(tuple(sent), self._permit_due_s)

    def _services(self, core: CellCore, inputs: Inputs, view: View) -> list[Sent]:
        submit, query, dispose = ports.SUBMIT_ORDER, ports.GET_PARTS, ports.DISPOSE_PART
        sent = [
            Sent(submit.reply_port, reply)
            for reply in submit_order(core, inputs.new(submit.request_port, OrderRequest))
        ]
        sent += [
            Sent(query.reply_port, reply)
            for reply in get_parts(core.parts, inputs.new(query.request_port, PartQuery))
        ]
        sent += [
            Sent(dispose.reply_port, reply)
            for reply in dispose_part(core, inputs.new(dispose.request_port, DisposeRequest), view)
        ]
        return sent

    def _tell(self, core: CellCore, view: View) -> list[Sent]:
        """Journal first, then permits and orders when due or changed, then the state."""
        sent: list[Sent] = []
        write = core.journal.outgoing(view.now_s)
        if write is not None:
            sent.append(Sent(ports.JOURNAL_WRITE.name, write))
        sent += [Sent(ports.PART_EVENT.name, event) for event in core.ledger.take_published()]
        permit = self._permit(core, view)
        orders = {spec.name: self._order(core, spec.name, view.now_s) for spec in self._layout.stations}
        is_changed = _without_echo(permit) != self._sent_permit or orders != self._sent_orders
        if is_changed or view.now_s >= self._permit_due_s:
            self._permit_due_s = view.now_s + PERIOD_S
            self._sent_permit, self._sent_orders = _without_echo(permit), orders
            sent.append(Sent(ports.CELL_PERMIT.name, permit))
            sent += [Sent(ports.ORDER.name, order) for order in orders.values()]
        if core.machine.state_seq != self._sent_seq or view.now_s >= self._state_due_s:
            sent.append(Sent(ports.STATE.name, self._state(core, view)))
        return sent

    def _state(self, core: CellCore, view: View) -> CellState:
        self._heartbeat = self._heartbeat % 0xFFFF_FFFF + 1  # 32 bits on the wire, never 0
        self._sent_seq = core.machine.state_seq
        # Under recovery twice as often: hold-to-run echoes a heartbeat of the last 0.2 s.
        period_s = PERIOD_S if core.recovery.is_possible else STATE_PERIOD_S
        self._state_due_s = view.now_s + period_s
        core.recovery.published(self._heartbeat, view.now_s)
        return cell_state(core, view, self._heartbeat)

    def _permit(self, core: CellCore, view: View) -> CellPermit:
        recovery = core.recovery.present
        return CellPermit(
            mode=int(core.machine.mode),
            permit=Permit.RECOVERY if recovery else acting.PERMITS[core.machine.state],
            zone_owners=core.zones.owners(),
            clear_id=core.clear_id,
            echo=view.echo,
            recover_station=recovery.station if recovery else "",
            recover_drive=recovery.drive if recovery else "",
        )

    def _order(self, core: CellCore, station: str, now_s: float) -> Order:
        recovery = core.recovery.present
        order = Order(
            station,
            directive=acting.directive(core, station),
            zones=core.zones.zones_of(station),
            mode=int(core.machine.mode),
            parameters=self._load_request(core, station, now_s),
        )
        if recovery is not None and recovery.station == station:
            return replace(
                order,
                task_id=recovery.task_id,
                kind=recovery.kind,
                directive=acting.RECOVERY_DIRECTIVE,
                action=recovery.action,
                drive=recovery.drive,
                speed_m_s=recovery.speed_m_s,
            )
        task = core.tasks.is_sent(station)
        if task is None:
            return order
        return replace(
            order,
            task_id=task.task_id,
            kind=task.kind,
            part_id=task.part_id,
            parameters=(*task.parameters, *order.parameters),
        )

    def _load_request(self, core: CellCore, station: str, now_s: float) -> tuple[Parameter, ...]:
        if station != self._layout.conveyor:
            return ()
        if core.load_request:
            core.places.ask_for_load(now_s)
        return (Parameter(LOAD_REQUEST, float(core.load_request)),)

    def _leave(self, core: CellCore, inputs: Inputs, view: View) -> list[Sent]:
        """SIGTERM: Stop, standstill, everything on disk, then the process may end."""
        for request in inputs.new(ports.STOP_REQUESTED.name, StopRequested):
            self._is_leaving = True
            core.react(Command.STOP, Condition(AlarmId.SHUT_DOWN, "host", request.reason), view)
        is_at_rest = core.machine.state in (State.STOPPED, State.ABORTED) and not core.tasks.active()
        is_written = core.journal.is_idle or not core.journal.is_healthy
        if not (self._is_leaving and is_at_rest and is_written) or self._is_finished:
            return []
        self._is_finished = True
        return [Sent(ports.FINISHED.name, Finished(f"the cell is {core.machine.state.name.title()}"))]

    def _own_alarms(self, core: CellCore, inputs: Inputs) -> list[Condition]:
        """Alarms of the manager's own surroundings."""
        found = [
            Condition(AlarmId.NODE_LOST, node, node)
            for node in WATCHED_NODES
            if NODE_LIMIT_S <= inputs.age_s(ports.HEARTBEAT.name, node) < inf
        ]
        if core.suspension is not None:
            found.append(Condition(core.suspension, "cell"))
        for fault in inputs.faults:
            if fault.kind is FaultKind.LATE_STEP:
                core.alarms.raise_event(Condition(AlarmId.LATE_STEP, self.name, fault.detail))
            elif fault.kind in (FaultKind.OVERFLOW, FaultKind.MALFORMED, FaultKind.SECOND_SESSION):
                source = f"{fault.port} {fault.source}".strip()
                core.alarms.raise_event(Condition(AlarmId.INPUT_DISCARDED, source, fault.detail))
        return found


def _without_echo(permit: CellPermit) -> CellPermit:
    """What counts as a change of a permit: not the echo, which changes every time."""
    return replace(permit, echo=type(permit.echo)())
