"""The serial port as a program uses it that has nothing else to do than to wait for it."""

from __future__ import annotations

from typing import Protocol

from cell_controller.config import SerialFormat


class Wire(Protocol):
    """An open port; times are of one monotonic clock. Every verb but `now_s` may raise WireError."""

    @property
    def now_s(self) -> float:
        """The present time."""

    def wait(self, until_s: float) -> bytes:
        """Bytes as soon as some have arrived, none at `until_s`; at once when that is over."""

    def write(self, data: bytes) -> None:
        """Send; returns before the bytes are out."""

    def drain(self) -> None:
        """Throw away what has arrived."""

    def configure(self, baud: int, form: SerialFormat) -> None:
        """Speed and format of everything that follows."""
