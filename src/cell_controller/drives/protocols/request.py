"""What a bus asks of one drive, whatever the protocol: cells at consecutive addresses read, written, or both.

A cell is what the protocol counts addresses in: in Modbus a word of 16 bits, or a coil, which is 0 or 1;
in other protocols a byte.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadRegisters:
    """Read cells; `function` chooses between the address spaces that Modbus has.

    1 coils, 2 discrete inputs, 3 holding registers, 4 input registers.
    """

    unit: int
    address: int
    count: int
    function: int = 3


@dataclass(frozen=True, slots=True)
class WriteRegister:
    """Write a single cell by the short form that Modbus has for it: 6 a register, 5 a coil."""

    unit: int
    address: int
    value: int
    function: int = 6


@dataclass(frozen=True, slots=True)
class WriteRegisters:
    """Write cells; in Modbus 16 registers, 15 coils."""

    unit: int
    address: int
    values: tuple[int, ...]
    function: int = 16


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
