"""Units and what every host does for them: queues, sessions, ages, heartbeats, lateness."""

from cell_controller.runtime.runner import HEARTBEAT_PERIOD_S, HEARTBEAT_PORT, Runner
from cell_controller.runtime.unit import (
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
)

__all__ = [
    "HEARTBEAT_PERIOD_S",
    "HEARTBEAT_PORT",
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
]
