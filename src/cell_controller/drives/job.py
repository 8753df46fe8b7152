"""The requests that a device wants to make."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cell_controller.drives.actuation import Wanted
from cell_controller.drives.profile import ReadBlock
from cell_controller.drives.protocols.request import Request


class Purpose(Enum):
    """What a request of a device is for."""

    FAST = "fast"
    SLOW = "slow"
    AUDIT = "audit"
    ARM = "arm"
    WRITE = "write"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Job:
    """One request that a device wants to make."""

    device: str
    request: Request
    purpose: Purpose
    wanted: Wanted | None = None
    block: ReadBlock | None = None
    number: int = 0  # AUDIT: which setting
