"""A person who runs the cell and, after each stop, does what docs/recovery.md says.

She knows what the cell tells, sees what lies on the belt, and presses no button that the page does not name.
When nothing helps she switches the whole cell off and on, and frees a stuck tool by hand.
"""

from __future__ import annotations

from cell_controller.bringup.units import unit_names
from cell_controller.messages import (
    SET_MODE,
    CellState,
    DisposeRequest,
    Disposition,
    OrderReply,
    OrderRequest,
    PartState,
    RecoveryAction,
    ResultCode,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Sent, ports
from cell_sim.host.simcell import HOLD_TO_RUN_PERIOD_S, OPERATOR, RESCUE_S, SimCell
from cell_sim.host.supervisor import Supervisor

LOOK_S = 0.2  # between two looks at the panel
ANSWER_S = 0.6  # without an answer she looks again
PATIENCE_S = 25.0  # without any change, before she switches off and on
QUANTITY = 2  # parts of an order: two, so that weld and grind overlap
_GONE = ("out", "removed")
_NEXT = {
    State.STOPPED: Command.RESET,
    State.COMPLETE: Command.RESET,
    State.IDLE: Command.START,
    State.HELD: Command.UNHOLD,
}


class Person:
    """Acts in simulated time: every method lets time go on."""

    def __init__(self, cell: SimCell, supervisor: Supervisor) -> None:
        self._cell, self._supervisor = cell, supervisor
        self._orders = 0
        self._finished = ""  # order that is complete
        self._is_accepted: dict[str, bool] = {}
        self._progress: tuple[object, ...] = ()
        self._progress_s = 0.0
        self.restarts = 0
        cell.host.observers.append(self._hear)

    def _hear(self, now_s: float, source: str, sent: Sent) -> None:
        if isinstance(sent.message, OrderReply):
            self._is_accepted[sent.message.request_id] = sent.message.is_accepted

    def look_and_act(self) -> None:
        """One look, and what follows from it."""
        cell, state = self._cell, self._cell.state
        if state is None or not self._supervisor.is_on:
            cell.run_for(LOOK_S)
            return
        if self._supervisor.lost or self._is_stuck(state):
            self._switch_off_and_on()
        elif state.state == State.ABORTED:
            self._recover(state)
        elif state.state in _NEXT:
            self._go_on(state)
        elif state.state == State.SUSPENDED:
            self._unsuspend(state)
        cell.run_for(LOOK_S)

    # after a stop

    def _recover(self, state: CellState) -> None:
        tools = [name for name, s in self._cell.stations.items() if s.tool_in_material]
        if tools:
            self._rescue(state, tools[0])
        elif self._decide_about_parts(state):
            return
        elif state.mode != Mode.PRODUCTION:
            self._say_mode(Mode.PRODUCTION)
        elif not state.clear_hindrance:
            self._say(Command.CLEAR)

    def _rescue(self, state: CellState, station: str) -> None:
        """Hold recover_tool down until the tool is out, or it is of no use."""
        cell = self._cell
        if state.mode != Mode.MANUAL:
            self._say_mode(Mode.MANUAL)
            return
        end_s = cell.now_s + RESCUE_S
        while cell.now_s < end_s and cell.stations[station].tool_in_material and self._supervisor.is_on:
            cell.hold_to_run(station, RecoveryAction.RECOVER_TOOL)
            cell.run_for(HOLD_TO_RUN_PERIOD_S)
        cell.hold_to_run(station, RecoveryAction.END)

    def _decide_about_parts(self, state: CellState) -> bool:
        """Scrap what needs a decision and take it off the belt; True when there was something to do."""
        waiting = [part for part in state.parts if part.needs_disposition]
        for part in waiting:
            self._dispose(part)
        is_stray = self._clear_belt()
        return bool(waiting) or is_stray

    def _dispose(self, part: PartState) -> None:
        cell = self._cell
        request_id = f"dispose-{part.part_id}-{cell.now_s:.3f}"
        request = DisposeRequest(request_id, OPERATOR, part.part_id, Disposition.SCRAP, "episode")
        cell.host.publish(OPERATOR, Sent(ports.DISPOSE_PART.request_port, request))
        cell.host.run_for(ANSWER_S, lambda: request_id in cell.replies)

    def _clear_belt(self) -> bool:
        """Take away what lies where the cell says that nothing lies."""
        state, found = self._cell.state, False
        if state is None or any(p.needs_disposition for p in state.parts):
            return False
        known = {part.place for part in state.parts if part.place not in _GONE}
        if "unknown" in known:
            return False
        for belt in self._cell.plant.belts.values():
            kept = [belt.part_at(n) for n, place in enumerate(belt.places) if place in known]
            for lying in [part for part in belt.parts if not any(part is k for k in kept)]:
                belt.remove(lying)
                found = True
        return found

    def _switch_off_and_on(self) -> None:
        """Power off, free a tool by hand, power on, start the controller."""
        cell = self._cell
        self.restarts += 1
        self._supervisor.is_on = False
        cell.power_loss()
        drives = [drive for line in cell.lines.values() for drive in line.drives]
        for drive in drives:
            drive.power_off(cell.now_s)
        cell.run_for(1.0)
        for name, welder in cell.plant.welds.items():
            self._free(welder.z.spec.name, cell.cell.welding_robots[name].safe_z_m)
        for name, grinder in cell.plant.grinds.items():
            self._free(grinder.infeed.spec.name, cell.cell.grinding_spindles[name].safe_infeed_m)
        cell.run_for(1.0)
        for drive in drives:
            drive.power_on(cell.now_s)
        cell.start(*unit_names(cell.cell))
        self._supervisor.begin_anew()
        self._supervisor.is_on = True
        self._progress_s = cell.now_s

    def _free(self, axis_name: str, safe_m: float) -> None:
        axis = self._cell.plant.axes[axis_name]
        axis.position_m = max(axis.position_m, safe_m)
        axis.ramp.reset(axis.position_m)

    # on the way to production

    def _go_on(self, state: CellState) -> None:
        if state.state == State.COMPLETE:
            self._finished = state.order_id
        if self._decide_about_parts(state):
            return
        if state.mode != Mode.PRODUCTION:
            self._say_mode(Mode.PRODUCTION)
        elif state.order_id in ("", self._finished) and not self._order():
            return
        else:
            self._say(_NEXT[State(state.state)])

    def _unsuspend(self, state: CellState) -> None:
        """A cell that suspended itself goes on by itself; one that was told to needs a person."""
        if not (state.is_starved or state.is_blocked):
            self._say(Command.UNSUSPEND)

    def _order(self) -> bool:
        cell = self._cell
        self._orders += 1
        name = f"episode-{self._orders}"
        recipe = next(iter(cell.loaded.recipes))
        request = OrderRequest(name, name, OPERATOR, recipe, QUANTITY)
        cell.host.publish(OPERATOR, Sent(ports.SUBMIT_ORDER.request_port, request))
        cell.host.run_for(3.0, lambda: name in self._is_accepted)
        return self._is_accepted.get(name, False)

    def _say(self, command: Command) -> bool:
        cell = self._cell
        command_id = cell.command(command)
        cell.host.run_for(ANSWER_S, lambda: command_id in cell.results)
        result = cell.results.get(command_id)
        return result is not None and result.code is ResultCode.ACCEPTED

    def _say_mode(self, mode: Mode) -> None:
        cell = self._cell
        command_id = cell.command(SET_MODE, mode=int(mode))
        cell.host.run_for(ANSWER_S, lambda: command_id in cell.results)
        cell.run_for(0.3)

    def _is_stuck(self, state: CellState) -> bool:
        """Nothing that a person can see has changed for a long time."""
        phases = tuple(s.phase for s in state.stations)
        seen = (state.state, state.mode, state.clear_hindrance, phases, len(state.parts), state.order_id)
        if seen != self._progress:
            self._progress, self._progress_s = seen, self._cell.now_s
        return self._cell.now_s - self._progress_s > PATIENCE_S
