"""Robotis Dynamixel, Protocol 2.0: reads and writes of bytes in the control table, and instructions. No I/O.

A packet is FF FF FD 00, unit, length (low byte first), instruction, parameters, CRC. The length counts what
follows it. Wherever FF FF FD stands behind the length, another FD follows, which length and CRC count.
What is an instruction of its own and no place in the table stands at COMMANDS + its number; it is written
without content. Source: e-manual of Robotis, Protocol 2.0.
"""

from __future__ import annotations

import struct
from typing import Final

from cell_controller.drives.protocols.codec import Heard
from cell_controller.drives.protocols.errors import (
    CrcError,
    DriveExceptionError,
    MalformedError,
    RequestError,
    WrongFunctionError,
    WrongLengthError,
    WrongUnitError,
    check_within,
)
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    RegistersReply,
    Reply,
    Request,
    WriteRegisters,
    WriteReply,
)

HEADER: Final = b"\xff\xff\xfd\x00"
COMMANDS: Final = 0xFF00
MAX_UNIT: Final = 252
BROADCAST: Final = 0xFE
READ: Final = 2
WRITE: Final = 3
STATUS: Final = 0x55
ALERT: Final = 0x80  # bit of a status' error byte: see the hardware error in the table
MAX_CELLS: Final = 128  # bytes in one exchange: far more than a drive of a cell has to tell
LEAST_STATUS: Final = 11  # header, unit, length, instruction, error, CRC
MAX_FRAME: Final = 12 + MAX_CELLS + (MAX_CELLS + 2) // 3
_HEAD: Final = 7  # up to the length
_CALM, _STUFFED = b"\xff\xff\xfd", b"\xff\xff\xfd\xfd"

ERROR_MEANINGS: Final = {
    1: "it failed to carry it out",
    2: "unknown instruction",
    3: "it received a wrong CRC",
    4: "a value out of range, or its bus watchdog has tripped",
    5: "data of the wrong length",
    6: "a value beyond its limits",
    7: "not to be read or written now: torque is on, or the address is protected",
}


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005 if crc & 0x8000 else crc << 1) & 0xFFFF
        table.append(crc)
    return tuple(table)


_TABLE: Final = _crc_table()


def crc16(data: bytes) -> int:
    """CRC of a packet, from its header on; it goes on the wire low byte first."""
    crc = 0
    for byte in data:
        crc = (crc << 8 & 0xFF00) ^ _TABLE[crc >> 8 ^ byte]
    return crc


def packet(unit: int, body: bytes) -> bytes:
    """A packet around instruction and parameters."""
    stuffed = body.replace(_CALM, _STUFFED)
    frame = HEADER + struct.pack("<BH", unit, len(stuffed) + 2) + stuffed
    return frame + struct.pack("<H", crc16(frame))


def _instruction(request: Request) -> int:
    if isinstance(request, ReadRegisters):
        return READ
    if not isinstance(request, WriteRegisters):
        raise RequestError("function", request.function, READ, WRITE)
    return request.address - COMMANDS if request.address >= COMMANDS else WRITE


class DynamixelCodec:
    """Protocol 2.0 as a master speaks it."""

    @property
    def max_unit(self) -> int:
        return MAX_UNIT

    @property
    def max_frame(self) -> int:
        return MAX_FRAME

    def encode(self, request: Request) -> bytes:
        check_within("unit", request.unit, 0, MAX_UNIT)
        instruction = _instruction(request)
        if isinstance(request, ReadRegisters):
            check_within("count", request.count, 1, MAX_CELLS)
            check_within("address", request.address, 0, COMMANDS - 1)
            parameters = struct.pack("<HH", request.address, request.count)
        elif isinstance(request, WriteRegisters):
            is_command = instruction != WRITE
            check_within("count", len(request.values), 0 if is_command else 1, 0 if is_command else MAX_CELLS)
            for value in request.values:
                check_within("value", value, 0, 0xFF)
            parameters = b"" if is_command else struct.pack("<H", request.address) + bytes(request.values)
        return packet(request.unit, bytes((instruction,)) + parameters)

    def request_length(self, request: Request) -> int:
        if isinstance(request, ReadRegisters):
            return 14  # neither addresses nor lengths reach FF FF
        instruction, count = _instruction(request), len(_values(request))
        return 10 if instruction != WRITE else 12 + count + count // 3

    def reply_length(self, request: Request) -> int:
        if not isinstance(request, ReadRegisters):
            return LEAST_STATUS
        return LEAST_STATUS + request.count + request.count // 3

    def expected_length(self, request: Request, buffer: bytes) -> int:
        if buffer[:4] != HEADER[: len(buffer)]:
            return LEAST_STATUS
        if len(buffer) < _HEAD:
            return LEAST_STATUS
        length = _HEAD + int.from_bytes(buffer[5:7], "little")
        return length if LEAST_STATUS <= length <= MAX_FRAME else LEAST_STATUS

    def parse(self, request: Request, frame: bytes) -> Reply:
        """As Codec; a frame of another shape raises WrongLengthError, MalformedError or CrcError."""
        expected = self.expected_length(request, frame)
        if frame[:4] != HEADER or len(frame) != expected or len(frame) < LEAST_STATUS:
            raise WrongLengthError(request.unit, frame, expected)
        crc = crc16(frame[:-2])
        if crc != int.from_bytes(frame[-2:], "little"):
            raise CrcError(request.unit, frame, crc)
        if frame[4] != request.unit:
            raise WrongUnitError(request.unit, frame, frame[4])
        if frame[_HEAD] != STATUS:
            raise WrongFunctionError(request.unit, frame, frame[_HEAD], STATUS)
        if frame[5:7] != (len(frame) - _HEAD).to_bytes(2, "little"):
            raise WrongLengthError(request.unit, frame, expected)
        body = frame[_HEAD:-2]
        if body.count(_CALM) != body.count(_STUFFED):
            raise MalformedError(request.unit, frame, "a header inside the packet")
        body = body.replace(_STUFFED, _CALM)
        if error := body[1] & ~ALERT:
            raise DriveExceptionError(request.unit, _instruction(request), error, ERROR_MEANINGS)
        content, count = body[2:], request.count if isinstance(request, ReadRegisters) else 0
        if len(content) != count:
            raise WrongLengthError(request.unit, frame, self.reply_length(request))
        return RegistersReply(request.unit, tuple(content)) if count else WriteReply(request.unit)

    def heard(self, frame: bytes) -> Heard:
        return Heard(frame[4] if frame[4] != BROADCAST else None, frame[_HEAD] != READ)


def _values(request: Request) -> tuple[int, ...]:
    return request.values if isinstance(request, WriteRegisters) else ()
