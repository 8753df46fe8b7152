"""Units and what every host does for them: queues, sessions, ages, heartbeats, lateness."""

from cell_controller.runtime.runner import HEARTBEAT_PERIOD_S, HEARTBEAT_PORT, Runner
from cell_controller.runtime.unit import (
    Action,
    FaultKind,
    Input,
    InputFault,
    Inputs,
    Output,
    Qos,
    Sent,
    Service,
    Step,
    Unit,
    actions_of,
)

__all__ = [
    "HEARTBEAT_PERIOD_S",
    "HEARTBEAT_PORT",
    "Action",
    "FaultKind",
    "Input",
    "InputFault",
    "Inputs",
    "Output",
    "Qos",
    "Runner",
    "Sent",
    "Service",
    "Step",
    "Unit",
    "actions_of",
]
