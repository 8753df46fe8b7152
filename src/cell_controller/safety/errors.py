"""What the interlock refuses to be built from."""

from cell_controller.errors import CellError


class SafetyError(CellError):
    """Root of the interlock's errors."""


class SafetySetupError(SafetyError):
    """The cell file and the plan do not give the interlock what it needs."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what}: {name}")
        self.what = what
        self.name = name
