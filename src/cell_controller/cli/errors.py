"""What the `cell` command cannot do, in one line that says what to do instead."""

from __future__ import annotations

import os

from cell_controller.errors import CellError


class CliError(CellError):
    """Ends the command with exit code 1."""


class NoCellError(CliError):
    """No cell manager is heard on a namespace."""

    def __init__(self, namespace: str, within_s: float) -> None:
        self.namespace, self.within_s = namespace, within_s
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        super().__init__(
            f"no cell answers on {namespace} within {within_s:g} s. "
            "Start one: cell up config/cells/demo.yaml; "
            f"or find the one that runs: ROS_DOMAIN_ID is {domain} here, --namespace {namespace}"
        )


class RejectedError(CliError):
    """The cell answered no."""


class NoDefaultCellError(CliError):
    """`cell run` without CELL, away from the demo cell."""

    def __init__(self, looked_at: tuple[str, ...]) -> None:
        self.looked_at = looked_at
        super().__init__(f"name a cell file; the demo cell is not at {' nor at '.join(looked_at)}")
