"""SimCell: a whole cell on simulated time with its operator, who commands it and clears it up."""

from __future__ import annotations

from cell_controller.cell.production_run import ProductionRun, Wish
from cell_controller.cell.run_summary import Summary
from cell_controller.messages import (
    SET_MODE,
    CellCommand,
    CommandResult,
    DisposeReply,
    DisposeRequest,
    Disposition,
    GoalCancel,
    GoalResult,
    RecoveryAction,
    RecoveryCommand,
    ResultCode,
)
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import Action, Sent, ports
from cell_sim.host.assembled import AssembledCell

OPERATOR = "operator"
HOLD_TO_RUN_PERIOD_S = 0.05  # twice as often as the panel must, half of what ends a hold-to-run
RESCUE_S = 8.0  # longest hold of recover_tool in one go: up from the anvil at a quarter of the speed
LET_GO_S = 0.3


class SimCell(AssembledCell):
    """What an operator does at a cell; every verb goes through the operator's topics."""

    def command(
        self, command: Command | int, *, mode: int = 0, hold_now: bool = False, seq: int | None = None
    ) -> str:
        """Publish a command with the newest state_seq; returns its id."""
        command_id = f"test-{next(self._ids)}"
        if seq is None:
            seq = self.state.state_seq if self.state else 0
        message = CellCommand(command_id, OPERATOR, int(command), mode, seq, hold_now)
        self.host.publish(OPERATOR, Sent(ports.COMMAND.name, message))
        return command_id

    def ask(
        self, command: Command | int, *, mode: int = 0, hold_now: bool = False, seq: int | None = None
    ) -> CommandResult:
        """A command and its answer."""
        command_id = self.command(command, mode=mode, hold_now=hold_now, seq=seq)
        self.until(lambda: command_id in self.results, 1.0, f"the answer to {command!r}")
        return self.results[command_id]

    def set_mode(self, mode: Mode) -> CommandResult:
        return self.ask(SET_MODE, mode=int(mode))

    def reach(self, state: State, limit_s: float = 20.0) -> None:
        """Wait for a PackML state."""
        self.until(
            lambda: self.state is not None and self.state.state == state, limit_s, f"state {state.name}"
        )

    def hold_to_run(
        self, station: str, action: RecoveryAction, *, drive: str = "", speed_m_s: float = 0.0
    ) -> None:
        """One message of the operator's hold-to-run button, echoing the newest cell state."""
        if self.state is not None:
            message = RecoveryCommand(
                f"recover-{next(self._ids)}",
                OPERATOR,
                station,
                action,
                drive,
                speed_m_s,
                self.state.state_seq,
                self.state.heartbeat,
            )
            self.host.publish(OPERATOR, Sent(ports.RECOVERY.name, message))

    def send_goal(self, action: Action, station: str, **fields: str) -> str:
        """A goal of a client of an action; returns its id."""
        goal_id = f"goal-{next(self._ids)}"
        goal = action.goal(goal_id=goal_id, station=station, operator=OPERATOR, **fields)
        self.host.publish(OPERATOR, Sent(action.goal_port, goal))
        return goal_id

    def cancel_goal(self, action: Action, goal_id: str) -> None:
        self.host.publish(OPERATOR, Sent(action.cancel_port, GoalCancel(goal_id)))

    def goal_result(self, goal_id: str, limit_s: float = 20.0) -> GoalResult:
        """What came of a goal, when it is over."""
        self.until(lambda: goal_id in self.goal_results, limit_s, f"the result of {goal_id}")
        return self.goal_results[goal_id]

    def produce(self, quantity: int, *, recipe: str = "") -> ProductionRun:
        """Start an operator who has an order made; `self.run` tells how far it is."""
        name = f"operator_run_{next(self._ids)}"
        recipe = recipe or next(iter(self.loaded.recipes))
        run = self.run = ProductionRun(Wish(f"order-{next(self._ids)}", recipe, quantity))
        self.host.add(name, lambda: run)
        self.host.start(name)
        return run

    def make_parts(self, quantity: int, limit_s: float) -> Summary:
        """Have an order made and return its summary."""
        run = self.produce(quantity)
        self.until(lambda: run.is_over, limit_s, f"{quantity} parts ({run.phase.value} {run.text})")
        return run.summary()

    def rescue_tools(self, limit_s: float = 60.0) -> None:
        """Hold recover_tool down, in Manual, until no tool is in the material; then back to Production.

        Held down before the lines are ready it does nothing, and goes on doing nothing: a person lets go, and
        presses it again.
        """
        for name in self.cell.stations:
            if not self._is_in_material(name):
                continue
            self._enter(Mode.MANUAL)
            end_s = self.now_s + limit_s
            while self._is_in_material(name):
                if self.now_s > end_s:
                    raise TimeoutError(f"recover_tool of {name} did not end: {self.describe()}")
                pressed_at_s = self.now_s
                while self._is_in_material(name) and self.now_s < pressed_at_s + RESCUE_S:
                    self.hold_to_run(name, RecoveryAction.RECOVER_TOOL)
                    self.run_for(HOLD_TO_RUN_PERIOD_S)
                if self._is_in_material(name):
                    self.hold_to_run(name, RecoveryAction.END)
                    self.run_for(LET_GO_S)
            self.hold_to_run(name, RecoveryAction.END)
            self.run_for(1.0)
        if self.state is not None and self.state.mode != Mode.PRODUCTION:
            self._enter(Mode.PRODUCTION)

    def _is_in_material(self, station: str) -> bool:
        state = self.stations.get(station)
        return state is not None and state.tool_in_material

    def _enter(self, mode: Mode) -> None:
        if self.state is not None and self.state.mode == mode:
            return
        result = self.set_mode(mode)
        if result.code is not ResultCode.ACCEPTED:
            raise TimeoutError(f"mode {mode.name} was refused: {result.reason}; {self.describe()}")
        self.run_for(0.3)

    def dispose_all(self, disposition: Disposition) -> None:
        """Decide about every part that needs it, and take it out of the cell as a person does."""
        if self.state is None:
            return
        for part in self.state.parts:
            if part.needs_disposition:
                reply = self.dispose(part.part_id, disposition)
                if not reply.is_accepted:
                    raise TimeoutError(
                        f"{part.part_id} was not disposed of: {reply.reason}; {self.describe()}"
                    )
        for belt in self.plant.belts.values():
            for lying in list(belt.parts):
                belt.remove(lying)
        self.run_for(1.0)

    def dispose(self, part_id: str, disposition: Disposition) -> DisposeReply:
        """Call the service and wait for its answer."""
        request_id = f"dispose-{next(self._ids)}"
        request = DisposeRequest(request_id, OPERATOR, part_id, disposition, "scenario")
        self.host.publish(OPERATOR, Sent(ports.DISPOSE_PART.request_port, request))
        self.until(lambda: request_id in self.replies, 2.0, f"the disposition of {part_id}")
        return self.replies[request_id]
