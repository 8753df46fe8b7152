"""The interlock: rules, latch, zones, gate. It has no performance level: hardwired layers stand behind it."""

from cell_controller.safety.errors import SafetyError, SafetySetupError
from cell_controller.safety.findings import RuleName, StopCategory
from cell_controller.safety.interlock import Interlock
from cell_controller.safety.limits import SafetyLimits, limits_of
from cell_controller.safety.rules import RULES, Rule

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
