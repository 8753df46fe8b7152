"""The table of ports: name, message and quality of service of every topic, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cell_controller import messages as m
from cell_controller.runtime.unit import Action, Input, Output, Qos, Service


@dataclass(frozen=True, slots=True)
class Port:
    """One topic under the cell's namespace, or one local port of a Unit and its host."""

    name: str
    type: type
    qos: Qos

    def input(
        self,
        *,
        wakes: bool = False,
        depth: int = 10,
        sources: tuple[str, ...] | None = None,
        max_age_s: Mapping[str, float] | None = None,
        is_for: Callable[[Any], bool] | None = None,
    ) -> Input:
        return Input(self.name, self.type, self.qos, wakes, depth, sources, max_age_s, is_for)

    def output(self) -> Output:
        return Output(self.name, self.type, self.qos)


ORDER = Port("order", m.Order, Qos.GUARDED)
STATION_STATE = Port("station_state", m.StationState, Qos.GUARDED)
SETPOINT = Port("setpoint", m.Setpoint, Qos.GUARDED)
LINE_COMMAND = Port("line_command", m.LineCommand, Qos.GUARDED)
DRIVE_STATES = Port("drive_states", m.DriveStates, Qos.GUARDED)
CELL_PERMIT = Port("cell_permit", m.CellPermit, Qos.GUARDED)
SAFETY = Port("safety", m.SafetyState, Qos.GUARDED)
HEARTBEAT = Port("heartbeat", m.Heartbeat, Qos.GUARDED)

STATE = Port("state", m.CellState, Qos.LATCHED)
ALARMS = Port("alarms", m.Alarms, Qos.LATCHED)
COMMAND = Port("command", m.CellCommand, Qos.REQUEST)
COMMAND_RESULT = Port("command_result", m.CommandResult, Qos.REQUEST)
RECOVERY = Port("recovery", m.RecoveryCommand, Qos.REQUEST)
PART_EVENT = Port("part_event", m.PartEvent, Qos.REQUEST)

RX = Port("rx", m.Rx, Qos.LOCAL)
TX = Port("tx", m.Tx, Qos.LOCAL)
LINE_EVENT = Port("line_event", m.LineEvent, Qos.LOCAL)
LINE_REQUEST = Port("line_request", m.LineRequest, Qos.LOCAL)
JOURNAL_WRITE = Port("journal_write", m.JournalWrite, Qos.LOCAL)
JOURNAL_SYNCED = Port("journal_synced", m.JournalSynced, Qos.LOCAL)
JOURNAL_FAILED = Port("journal_failed", m.JournalFailed, Qos.LOCAL)
JOURNAL_LOADED = Port("journal_loaded", m.JournalLoaded, Qos.LOCAL)
STOP_REQUESTED = Port("stop_requested", m.StopRequested, Qos.LOCAL)
FINISHED = Port("finished", m.Finished, Qos.LOCAL)

TOPICS: tuple[Port, ...] = (
    ORDER,
    STATION_STATE,
    SETPOINT,
    LINE_COMMAND,
    DRIVE_STATES,
    CELL_PERMIT,
    SAFETY,
    HEARTBEAT,
    STATE,
    ALARMS,
    COMMAND,
    COMMAND_RESULT,
    RECOVERY,
    PART_EVENT,
)

SUBMIT_ORDER = Service("submit_order", m.OrderRequest, m.OrderReply)
GET_PARTS = Service("get_parts", m.PartQuery, m.PartReply)
DISPOSE_PART = Service("dispose_part", m.DisposeRequest, m.DisposeReply)
SERVICES: tuple[Service, ...] = (SUBMIT_ORDER, GET_PARTS, DISPOSE_PART)

WELD = Action("weld", m.PartGoal, 700)
GRIND = Action("grind", m.PartGoal, 710)
INDEX = Action("index", m.IndexGoal, 720)
ACTIONS: tuple[Action, ...] = (WELD, GRIND, INDEX)


def serving(services: tuple[Service, ...]) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    """Ports of a Unit that answers these services."""
    return (
        tuple(Input(s.request_port, s.request, Qos.REQUEST, wakes=True) for s in services),
        tuple(Output(s.reply_port, s.reply, Qos.REQUEST) for s in services),
    )


def calling(services: tuple[Service, ...]) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    """Ports of a Unit that calls these services."""
    return (
        tuple(Input(s.reply_port, s.reply, Qos.REQUEST, wakes=True) for s in services),
        tuple(Output(s.request_port, s.request, Qos.REQUEST) for s in services),
    )


def acting(actions: tuple[Action, ...]) -> tuple[tuple[Input, ...], tuple[Output, ...]]:
    """Ports of a Unit that serves these actions."""
    inputs: list[Input] = []
    outputs: list[Output] = []
    for action in actions:
        inputs.append(Input(action.goal_port, action.goal, Qos.REQUEST, wakes=True))
        inputs.append(Input(action.cancel_port, m.GoalCancel, Qos.REQUEST, wakes=True))
        outputs.append(Output(action.feedback_port, m.GoalFeedback, Qos.REQUEST))
        outputs.append(Output(action.result_port, m.GoalResult, Qos.REQUEST))
    return tuple(inputs), tuple(outputs)
