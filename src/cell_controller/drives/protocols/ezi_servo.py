"""FASTECH Ezi-SERVO Plus-R: frames with a type, data and a status. No I/O.

A frame is AA CC, slave, type, data, CRC, AA EE; the reply has a status byte before its data. Every AA between
head and tail is doubled; the CRC is that of Modbus, over slave, type and data before they are doubled. The
address of a field is its place in the data of a type, type x 0x100 + place; parameter n stands at
PARAMETERS + 4 x n, is read by type 13 and set by type 12 (in RAM). Source: Ezi-SERVO Plus-R manual,
communication function.
"""

from __future__ import annotations

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
from cell_controller.drives.protocols.modbus import crc16
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    RegistersReply,
    Reply,
    Request,
    WriteRegisters,
    WriteReply,
)

HEAD: Final = b"\xaa\xcc"
TAIL: Final = b"\xaa\xee"
MARK: Final = 0xAA
MAX_UNIT: Final = 15
PARAMETERS: Final = 0xF000
PARAMETER_BYTES: Final = 4
SET_PARAMETER: Final = 0x12
GET_PARAMETER: Final = 0x13
MAX_DATA: Final = 64
MAX_FRAME: Final = 4 + 2 * (5 + MAX_DATA)
READ_BYTES: Final = {0x2E: 1, 0x40: 4, GET_PARAMETER: PARAMETER_BYTES, 0x43: 30}  # data of a reply, by type
WRITE_BYTES: Final = {0x2A: 1, 0x2B: 0, 0x31: 0, 0x32: 0, 0x33: 0, 0x34: 8, 0x56: 0}  # data of a command

STATUS_MEANINGS: Final = {
    0x80: "unknown frame type",
    0x81: "a value out of range",
    0x82: "it received a broken frame",
    0x85: "it cannot run: the motor is running, or the servo is off",
    0x86: "the alarm cannot be reset now",
    0xAA: "it received a wrong CRC",
}


def frame_of(body: bytes) -> bytes:
    """A frame around slave, type and data."""
    whole = body + crc16(body).to_bytes(2, "little")
    return HEAD + whole.replace(b"\xaa", b"\xaa\xaa") + TAIL


def _type(request: Request) -> int:
    if not isinstance(request, ReadRegisters | WriteRegisters):
        raise RequestError("function", request.function, 3, 16)
    if request.address >= PARAMETERS:
        return GET_PARAMETER if isinstance(request, ReadRegisters) else SET_PARAMETER
    return request.address >> 8


def _data(request: Request) -> bytes:
    """Data of the request."""
    kind = _type(request)
    if not isinstance(request, ReadRegisters | WriteRegisters):
        return b""
    number, inside = divmod(request.address - PARAMETERS, PARAMETER_BYTES)  # of a parameter
    if kind in (GET_PARAMETER, SET_PARAMETER):
        check_within("place in a parameter", inside, 0, 0)
    if isinstance(request, ReadRegisters):
        if kind not in READ_BYTES:
            raise RequestError("type of a read", kind, min(READ_BYTES), max(READ_BYTES))
        check_within("end of the read", _place(request) + request.count, 1, READ_BYTES[kind])
        return bytes((number,)) if kind == GET_PARAMETER else b""
    values = request.values
    for value in values:
        check_within("value", value, 0, 0xFF)
    if kind == SET_PARAMETER:
        check_within("parameter bytes", len(values), PARAMETER_BYTES, PARAMETER_BYTES)
        return bytes((number, *values))
    if kind not in WRITE_BYTES:
        raise RequestError("type of a command", kind, min(WRITE_BYTES), max(WRITE_BYTES))
    check_within("place in a command", request.address & 0xFF, 0, 0)
    check_within("data bytes", len(values), WRITE_BYTES[kind], WRITE_BYTES[kind])
    return bytes(values)


def _place(request: ReadRegisters) -> int:
    """Where in the data of the reply the read begins."""
    return 0 if request.address >= PARAMETERS else request.address & 0xFF


class EziServoCodec:
    """The protocol as a master speaks it."""

    @property
    def max_unit(self) -> int:
        return MAX_UNIT

    @property
    def max_frame(self) -> int:
        return MAX_FRAME

    def encode(self, request: Request) -> bytes:
        check_within("unit", request.unit, 0, MAX_UNIT)
        return frame_of(bytes((request.unit, _type(request))) + _data(request))

    def request_length(self, request: Request) -> int:
        return 6 + 2 * (len(_data(request)) + 2)  # slave and type are never AA

    def reply_length(self, request: Request) -> int:
        count = READ_BYTES[_type(request)] if isinstance(request, ReadRegisters) else 0
        return 7 + 2 * (count + 2)

    def expected_length(self, request: Request, buffer: bytes) -> int:
        if buffer[:2] != HEAD[: len(buffer)]:
            return self.reply_length(request)
        return _end(buffer)

    def parse(self, request: Request, frame: bytes) -> Reply:
        """As Codec; a frame of another shape raises WrongLengthError, MalformedError or CrcError."""
        if frame[:2] != HEAD or frame[-2:] != TAIL or _end(frame) != len(frame):
            raise WrongLengthError(request.unit, frame, self.reply_length(request))
        body = frame[2:-2].replace(b"\xaa\xaa", b"\xaa")
        if len(body) < 5:
            raise MalformedError(request.unit, frame, "no room for slave, type, status and CRC")
        content, crc = body[:-2], crc16(body[:-2])
        if crc != int.from_bytes(body[-2:], "little"):
            raise CrcError(request.unit, frame, crc)
        if content[0] != request.unit:
            raise WrongUnitError(request.unit, frame, content[0])
        kind = _type(request)
        if content[1] != kind:
            raise WrongFunctionError(request.unit, frame, content[1], kind)
        if content[2]:
            raise DriveExceptionError(request.unit, kind, content[2], STATUS_MEANINGS)
        data = content[3:]
        expected = READ_BYTES[kind] if isinstance(request, ReadRegisters) else 0
        if len(data) != expected:
            raise WrongLengthError(request.unit, frame, self.reply_length(request))
        if not isinstance(request, ReadRegisters):
            return WriteReply(request.unit)
        place = _place(request)
        return RegistersReply(request.unit, tuple(data[place : place + request.count]))

    def heard(self, frame: bytes) -> Heard:
        return Heard(frame[2], frame[3] not in READ_BYTES)


def _end(buffer: bytes) -> int:
    """Length of the frame that begins in the buffer; one more than there is while its tail is missing."""
    at = len(HEAD)
    while at < len(buffer):
        if buffer[at] != MARK:
            at += 1
        elif at + 1 == len(buffer):
            break
        elif buffer[at + 1] == MARK:
            at += 2
        else:  # the tail, or what no frame contains: either way it is over
            return at + 2
    return len(buffer) + 1
