"""What keeps a drive from being commissioned, in words that say what to check."""

from __future__ import annotations

from cell_controller.config import SerialFormat
from cell_controller.errors import CellError


class CommissioningError(CellError):
    """Root of everything this room raises."""


class WireError(CommissioningError):
    """The port cannot be opened or has failed: unplugged, in use, not permitted."""


class NoAnswerError(CommissioningError):
    """Nothing answers where a drive should be."""

    def __init__(self, unit: int, baud: int, form: SerialFormat, reason: str) -> None:
        self.unit, self.baud, self.form = unit, baud, form
        super().__init__(
            f"unit {unit} does not answer at {baud} {form.value} ({reason}). Check: the drive is on; A and B "
            f"are not swapped and the grounds are joined; unit id, baud rate and format are what the drive "
            f"shows (cell drives scan finds them); it speaks the protocol of its profile, Modbus RTU and not "
            f"ASCII; 120 ohm at both ends of the line and nowhere else"
        )


class RefusedError(CommissioningError):
    """A command that must not or cannot run on this drive."""


class UnknownFieldNameError(CommissioningError):
    """A profile has no field of this name."""

    def __init__(self, profile: str, name: str, known: tuple[str, ...]) -> None:
        self.profile, self.name, self.known = profile, name, known
        super().__init__(f"{profile} has no readable field {name!r}; there are {', '.join(known)}")


class BackupError(CommissioningError):
    """A parameter backup that cannot be read."""


class NotReadyError(CommissioningError):
    """A drive did not do what the next step needs of it, in time."""
