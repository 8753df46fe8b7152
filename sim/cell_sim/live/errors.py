"""Why a fault was not injected."""

from __future__ import annotations

from collections.abc import Iterable

from cell_controller.errors import CellError


class FaultError(CellError):
    """Nothing was done to the cell."""


class NoRunningCellError(FaultError):
    """Nobody holds the namespace."""

    def __init__(self, namespace: str, domain: str) -> None:
        super().__init__(
            f"no cell is up on {namespace} (ROS_DOMAIN_ID {domain}); start one: "
            "cell up config/cells/demo.yaml"
        )
        self.namespace = namespace


class RealHardwareError(FaultError):
    """The cell has lines with nothing but a machine behind them."""

    def __init__(self, namespace: str, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__(
            f"the cell on {namespace} is real: no simulator is behind {', '.join(self.lines)}; "
            "nothing is injected"
        )


class UnknownFaultError(FaultError):
    """A name that is not in the list."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no fault {name!r}; there are {', '.join(known)}")


class TargetError(FaultError):
    """A target that this cell has not, or none where one is needed."""

    def __init__(self, fault: str, target: str, known: Iterable[str]) -> None:
        self.known = tuple(known)
        said = f"{target!r} is no target of this cell" if target else "it needs a target"
        super().__init__(f"{fault}: {said}; there are {', '.join(self.known) or 'none'}")
