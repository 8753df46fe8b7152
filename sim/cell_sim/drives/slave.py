"""What a virtual drive and its line have to know of the protocol on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, Protocol

from cell_controller.drives.profile import Protocol as Spoken
from cell_sim.drives.dynamixel import DynamixelSlave
from cell_sim.drives.ezi import EziSlave
from cell_sim.drives.modbus import ModbusSlave, Request


class Slave(Protocol):
    """A protocol as its slaves hear and speak it; written for the virtual drives only."""

    def silence_s(self, baud: int, char_s: float) -> float:
        """Silence without which two frames cannot be told apart."""

    def unit_of(self, data: bytes) -> int | None:
        """Whom bytes of the master are for, as far as they tell; None for everybody or nobody."""

    def is_intact(self, frame: bytes) -> bool:
        """One whole frame with a matching check sum."""

    def parse(self, frame: bytes) -> Request:
        """The request of an intact frame; Refusal when the slave does not know it."""

    def read_reply(self, request: Request, words: list[int]) -> bytes:
        """Answer with what was read."""

    def write_reply(self, request: Request) -> bytes:
        """Answer to what was taken."""

    def refusal(self, frame: bytes, code: IntEnum) -> bytes:
        """Answer to what was not."""


SLAVES: Final[Mapping[Spoken, Slave]] = {
    Spoken.MODBUS_RTU: ModbusSlave(),
    Spoken.DYNAMIXEL: DynamixelSlave(),
    Spoken.EZI_SERVO: EziSlave(),
}
