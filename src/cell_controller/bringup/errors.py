"""What keeps a cell from being started."""

from __future__ import annotations

from cell_controller.errors import CellError


class BringupError(CellError):
    """A cell that cannot be started."""


class ArgumentError(BringupError):
    """A launch argument that is unknown or has no meaning."""

    def __init__(self, argument: str, reason: str) -> None:
        self.argument, self.reason = argument, reason
        super().__init__(f"argument {argument!r}: {reason}")


class InUseError(BringupError):
    """A namespace or a serial line that belongs to another running cell."""

    def __init__(self, what: str, holders: tuple[tuple[int, str], ...]) -> None:
        self.what, self.holders = what, holders
        named = "; ".join(f"pid {pid}: {command}" for pid, command in holders)
        super().__init__(f"{what} is in use by {named or 'a process of another user'}")


class StartError(BringupError):
    """A process that did not come up."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"{name} did not start: {reason}")
