"""Modbus RTU as a master sees it: requests to bytes, bytes to a typed reply or one specific error. No I/O.

A reply is judged against the request it answers and nothing else is accepted. Sources: Modbus application
protocol v1.1b3 (function codes, limits), Modbus over serial line v1.02 (CRC, broadcast, frame length).
"""

from __future__ import annotations

import struct
from typing import Final

from cell_controller.drives.protocols.codec import Heard
from cell_controller.drives.protocols.errors import (
    CrcError,
    DriveExceptionError,
    MalformedError,
    WrongEchoError,
    WrongFunctionError,
    WrongLengthError,
    WrongUnitError,
    check_within,
)
from cell_controller.drives.protocols.request import (
    ReadRegisters,
    ReadWriteRegisters,
    RegistersReply,
    Reply,
    Request,
    WriteRegister,
    WriteRegisters,
    WriteReply,
)

BROADCAST: Final = 0  # unit id that every drive obeys and none answers
MAX_UNIT: Final = 247
MAX_READ_WORDS: Final = 125
MAX_WRITE_WORDS: Final = 123
MAX_READ_WRITE_WORDS: Final = 121  # words written by function 23
MAX_READ_COILS: Final = 2000
MAX_WRITE_COILS: Final = 1968
COIL_ON: Final = 0xFF00  # what function 5 writes; 0 is off
EXCEPTION_FLAG: Final = 0x80
EXCEPTION_LENGTH: Final = 5  # unit, function, code, CRC
MAX_FRAME: Final = 256  # bytes
READ_FUNCTIONS: Final = (1, 2, 3, 4)  # those that change nothing in the drive
_BIT_FUNCTIONS: Final = (1, 2, 5, 15)  # whose cells are coils or discrete inputs


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1  # reflected polynomial 0x8005
        table.append(crc)
    return tuple(table)


_TABLE: Final = _crc_table()


def crc16(data: bytes) -> int:
    """CRC of a frame; it goes on the wire low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def with_crc(body: bytes) -> bytes:
    """The body as a frame."""
    return body + struct.pack("<H", crc16(body))


def has_good_crc(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of the others."""
    return len(frame) >= 4 and crc16(frame[:-2]) == frame[-2] | frame[-1] << 8


def encode_request(request: Request) -> bytes:
    """The request as a frame; RequestError for one that Modbus does not allow."""
    _check(request)
    head = bytes((request.unit, request.function))
    match request:
        case ReadRegisters():
            body = struct.pack(">HH", request.address, request.count)
        case WriteRegister():
            body = struct.pack(">HH", request.address, _single(request))
        case WriteRegisters():
            block = _packed(request.values) if _is_of_bits(request) else _block(request.values)
            body = struct.pack(">HH", request.address, len(request.values)) + block
        case ReadWriteRegisters():
            body = struct.pack(
                ">HHHH", request.read_address, request.read_count, request.write_address, len(request.values)
            ) + _block(request.values)
    return with_crc(head + body)


def _block(values: tuple[int, ...]) -> bytes:
    return struct.pack(f">B{len(values)}H", 2 * len(values), *values)


def _is_of_bits(request: Request) -> bool:
    return request.function in _BIT_FUNCTIONS


def _single(request: WriteRegister) -> int:
    """What stands for the value of a single cell."""
    return COIL_ON * request.value if _is_of_bits(request) else request.value


def _bit_bytes(count: int) -> int:
    return (count + 7) // 8


def _packed(bits: tuple[int, ...]) -> bytes:
    """Byte count and bits, the first cell in the lowest bit of the first byte."""
    content = sum(bit << place for place, bit in enumerate(bits))
    return bytes((_bit_bytes(len(bits)),)) + content.to_bytes(_bit_bytes(len(bits)), "little")


def _check(request: Request) -> None:
    check_within("unit", request.unit, BROADCAST, MAX_UNIT)
    match request:
        case ReadRegisters():
            check_within("function", request.function, 1, 4)
            check_within("unit of a read", request.unit, 1, MAX_UNIT)
            _span(request.address, request.count, MAX_READ_COILS if _is_of_bits(request) else MAX_READ_WORDS)
        case WriteRegister():
            check_within("function", request.function, 5, 6)
            check_within("address", request.address, 0, 0xFFFF)
            check_within("value", request.value, 0, 1 if _is_of_bits(request) else 0xFFFF)
        case WriteRegisters():
            check_within("function", request.function, 15, 16)
            is_of_bits = _is_of_bits(request)
            _span(request.address, len(request.values), MAX_WRITE_COILS if is_of_bits else MAX_WRITE_WORDS)
            _within(request.values, 1 if is_of_bits else 0xFFFF)
        case ReadWriteRegisters():
            check_within("unit of a read", request.unit, 1, MAX_UNIT)
            _span(request.read_address, request.read_count, MAX_READ_WORDS)
            _span(request.write_address, len(request.values), MAX_READ_WRITE_WORDS)
            _within(request.values, 0xFFFF)


def _span(address: int, count: int, most: int) -> None:
    check_within("address", address, 0, 0xFFFF)
    check_within("count", count, 1, min(most, 0x10000 - address))


def _within(values: tuple[int, ...], most: int) -> None:
    for value in values:
        check_within("value", value, 0, most)


def expects_reply(request: Request) -> bool:
    """A broadcast is never answered."""
    return request.unit != BROADCAST


def request_length(request: Request) -> int:
    """Bytes of the request on the wire."""
    match request:
        case ReadRegisters() | WriteRegister():
            return 8
        case WriteRegisters():
            return 9 + (_bit_bytes(len(request.values)) if _is_of_bits(request) else 2 * len(request.values))
        case ReadWriteRegisters():
            return 13 + 2 * len(request.values)


def reply_length(request: Request) -> int:
    """Bytes of the good reply; 0 for a broadcast."""
    if not expects_reply(request):
        return 0
    match request:
        case ReadRegisters():
            return 5 + (_bit_bytes(request.count) if _is_of_bits(request) else 2 * request.count)
        case ReadWriteRegisters():
            return 5 + 2 * request.read_count
        case WriteRegister() | WriteRegisters():
            return 8


def expected_length(request: Request, buffer: bytes) -> int:
    """Bytes of the reply that has begun in `buffer`: a good one, or an exception as its second byte says."""
    if len(buffer) >= 2 and buffer[1] == request.function | EXCEPTION_FLAG:
        return EXCEPTION_LENGTH
    return reply_length(request)


def parse_reply(request: Request, frame: bytes) -> Reply:
    """The reply to `request` in `frame`, which must be exactly one frame; else the error that says why not.

    Raises CrcError, WrongUnitError, WrongFunctionError, WrongLengthError, WrongEchoError (all ReplyError) or
    DriveExceptionError when the drive refused the request.
    """
    expected = expected_length(request, frame)
    if not has_good_crc(frame):
        if len(frame) != expected:
            raise WrongLengthError(request.unit, frame, expected)
        raise CrcError(request.unit, frame, crc16(frame[:-2]))
    if frame[0] != request.unit or not expects_reply(request):
        raise WrongUnitError(request.unit, frame, frame[0])
    if frame[1] == request.function | EXCEPTION_FLAG:
        if len(frame) != EXCEPTION_LENGTH:
            raise WrongLengthError(request.unit, frame, EXCEPTION_LENGTH)
        raise DriveExceptionError(request.unit, request.function, frame[2])
    if frame[1] != request.function:
        raise WrongFunctionError(request.unit, frame, frame[1], request.function)
    if len(frame) != expected:
        raise WrongLengthError(request.unit, frame, expected)
    return _content(request, frame)


def _content(request: Request, frame: bytes) -> Reply:
    if isinstance(request, ReadRegisters | ReadWriteRegisters):
        count = request.count if isinstance(request, ReadRegisters) else request.read_count
        if frame[2] != len(frame) - EXCEPTION_LENGTH:
            raise WrongLengthError(request.unit, frame, reply_length(request))
        if _is_of_bits(request):
            return RegistersReply(request.unit, _unpacked(request, frame, count))
        return RegistersReply(request.unit, struct.unpack(f">{count}H", frame[3:-2]))
    second = _single(request) if isinstance(request, WriteRegister) else len(request.values)
    if struct.unpack(">HH", frame[2:6]) != (request.address, second):
        raise WrongEchoError(request.unit, frame, request.address, second)
    return WriteReply(request.unit)


def _unpacked(request: Request, frame: bytes, count: int) -> tuple[int, ...]:
    """One number for each cell; the standard has zeros behind the last one."""
    content = int.from_bytes(frame[3:-2], "little")
    if content >> count:
        raise MalformedError(request.unit, frame, f"bits behind the {count} that were asked for")
    return tuple(content >> place & 1 for place in range(count))


class ModbusCodec:
    """The functions of this module as a Codec."""

    @property
    def max_unit(self) -> int:
        return MAX_UNIT

    @property
    def max_frame(self) -> int:
        return MAX_FRAME

    def encode(self, request: Request) -> bytes:
        return encode_request(request)

    def request_length(self, request: Request) -> int:
        return request_length(request)

    def reply_length(self, request: Request) -> int:
        return reply_length(request)

    def expected_length(self, request: Request, buffer: bytes) -> int:
        return expected_length(request, buffer)

    def parse(self, request: Request, frame: bytes) -> Reply:
        return parse_reply(request, frame)

    def heard(self, frame: bytes) -> Heard:
        return Heard(frame[0] if frame[0] != BROADCAST else None, frame[1] not in READ_FUNCTIONS)
