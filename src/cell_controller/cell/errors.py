"""What the manager cannot work with."""

from __future__ import annotations

from cell_controller.errors import CellError
from cell_controller.messages import Outcome


class ManagerError(CellError):
    """Any refusal of the cell room."""


class LayoutError(ManagerError):
    """The cell file describes a flow of parts that this manager cannot run."""

    def __init__(self, subject: str, reason: str) -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"{subject}: {reason}")


class GoalRefusedError(ManagerError):
    """A goal that does not become a task."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        self.outcome = outcome
        self.reason = reason
        super().__init__(f"{outcome.name}: {reason}")
