"""The interlock: rules, latch, zones, gate. It has no performance level: hardwired layers stand behind it."""

from cell_controller.safety.errors import SafetyError, SafetySetupError
from cell_controller.safety.findings import RuleName, StopCategory
from cell_controller.safety.from_cell import limits_of
from cell_controller.safety.interlock import Interlock
from cell_controller.safety.limits import SafetyLimits
from cell_controller.safety.rule import Rule
from cell_controller.safety.table import RULES

__all__ = [
    "RULES",
    "Interlock",
    "Rule",
    "RuleName",
    "SafetyError",
    "SafetyLimits",
    "SafetySetupError",
    "StopCategory",
    "limits_of",
]
