"""What keeps a stop from being proved."""

from __future__ import annotations

from cell_controller.errors import CellError


class ProvingError(CellError):
    """The proof cannot begin or go on: a line, a safety input or a tool stands against it."""


class UnprovableError(ProvingError):
    """One drive cannot be tried; the others can."""

    def __init__(self, drive: str, reason: str) -> None:
        self.drive, self.reason = drive, reason
        super().__init__(f"{drive}: {reason}")
