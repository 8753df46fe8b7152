"""What a bus asks of one drive, whatever the protocol: cells at consecutive addresses read, written, or both.

A cell is what the protocol counts addresses in: a word of 16 bits in Modbus, a byte elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    """Read cells; `function` chooses between the two address spaces that Modbus has (3 holding, 4 input)."""

    unit: int
    address: int
    count: int
    function: int = 3


@dataclass(frozen=True, slots=True)
class WriteRegister:
    """Write a single cell by the short form that Modbus has for it, function 6."""

    unit: int
    address: int
    value: int

    @property
    def function(self) -> int:
        return 6


@dataclass(frozen=True, slots=True)
class WriteRegisters:
    """Write cells; in Modbus function 16."""

    unit: int
    address: int
    values: tuple[int, ...]

    @property
    def function(self) -> int:
        return 16


@dataclass(frozen=True, slots=True)
class ReadWriteRegisters:
    """The drive writes first, then reads; Modbus alone has it, function 23."""

    unit: int
    read_address: int
    read_count: int
    write_address: int
    values: tuple[int, ...]

    @property
    def function(self) -> int:
        return 23


Request = ReadRegisters | WriteRegister | WriteRegisters | ReadWriteRegisters


@dataclass(frozen=True, slots=True)
class RegistersReply:
    """Cells that were read."""

    unit: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WriteReply:
    """The drive has taken the write."""

    unit: int


Reply = RegistersReply | WriteReply
