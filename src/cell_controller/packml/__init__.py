"""The cell's state model after ISA-TR88.00.02-2022: one table, one machine, time as an argument."""

from cell_controller.packml.commands import START_TYPE, STOP_TYPE, Command
from cell_controller.packml.counters import (
    MachSpeed,
    ProductCount,
    ProductCounters,
    ProductCounts,
    SpeedMeter,
)
from cell_controller.packml.cycle import Answer, Cause, Change, Cycle, Request, StopReason
from cell_controller.packml.errors import (
    CommandRefusedError,
    CountError,
    IllegalCommandError,
    IllegalModeChangeError,
    MachineSetupError,
    ModelMismatchError,
    ModeMaskError,
    PackMLError,
    SupersededCommandError,
)
from cell_controller.packml.limits import DEFAULT_MAXIMUM_TIMES_S, OVERDUE_REACTIONS, Overdue, OverdueReaction
from cell_controller.packml.machine import PackMLMachine
from cell_controller.packml.modes import MODES, Mode, disabled_mask, is_enabled, processes_parts
from cell_controller.packml.oee import Oee, OeeInputs, oee_inputs, overall_equipment_effectiveness
from cell_controller.packml.stacklight import StackLight, describe, stack_light
from cell_controller.packml.states import ACTING_STATES, MANDATORY_STATES, STATES, WAIT_STATES, State
from cell_controller.packml.table import as_markdown, destination, legal_commands, state_requested
from cell_controller.packml.timers import StateTime, StateTimes

__all__ = [
    "ACTING_STATES",
    "DEFAULT_MAXIMUM_TIMES_S",
    "MANDATORY_STATES",
    "MODES",
    "OVERDUE_REACTIONS",
    "START_TYPE",
    "STATES",
    "STOP_TYPE",
    "WAIT_STATES",
    "Answer",
    "Cause",
    "Change",
    "Command",
    "CommandRefusedError",
    "CountError",
    "Cycle",
    "IllegalCommandError",
    "IllegalModeChangeError",
    "MachSpeed",
    "MachineSetupError",
    "Mode",
    "ModeMaskError",
    "ModelMismatchError",
    "Oee",
    "OeeInputs",
    "Overdue",
    "OverdueReaction",
    "PackMLError",
    "PackMLMachine",
    "ProductCount",
    "ProductCounters",
    "ProductCounts",
    "Request",
    "SpeedMeter",
    "StackLight",
    "State",
    "StateTime",
    "StateTimes",
    "StopReason",
    "SupersededCommandError",
    "as_markdown",
    "describe",
    "destination",
    "disabled_mask",
    "is_enabled",
    "legal_commands",
    "oee_inputs",
    "overall_equipment_effectiveness",
    "processes_parts",
    "stack_light",
    "state_requested",
]
