"""CellPlan: schedules, age limits, watchdogs and stop times that follow from a cell file and its profiles."""

from cell_controller.plan.load import examine_plan, load_plan
from cell_controller.plan.make import estop_to_standstill_s, make_plan, verbs_of
from cell_controller.plan.periods import (
    CELL_PERMIT_PERIOD_S,
    DRIVE_STATES_PERIOD_S,
    LINE_COMMAND_PERIOD_S,
    ORDER_PERIOD_S,
    SAFETY_PERIOD_S,
    SETPOINT_PERIOD_S,
    STATION_STATE_PERIOD_S,
    Ages,
)
from cell_controller.plan.values import CellPlan, DrivePlan, LinePlan

__all__ = [
    "CELL_PERMIT_PERIOD_S",
    "DRIVE_STATES_PERIOD_S",
    "LINE_COMMAND_PERIOD_S",
    "ORDER_PERIOD_S",
    "SAFETY_PERIOD_S",
    "SETPOINT_PERIOD_S",
    "STATION_STATE_PERIOD_S",
    "Ages",
    "CellPlan",
    "DrivePlan",
    "LinePlan",
    "estop_to_standstill_s",
    "examine_plan",
    "load_plan",
    "make_plan",
    "verbs_of",
]
