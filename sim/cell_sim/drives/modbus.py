"""Modbus RTU as a slave hears and speaks it; written from the specification, for the virtual drives only.

Sources: MODBUS Application Protocol Specification V1.1b3 (function codes 1 to 6, 15, 16, 23, exceptions) and
MODBUS over Serial Line V1.02 (CRC, silent intervals). It shares no code with the controller's codec, so that
one checks the other. Coils and discrete inputs are one table here, as couplers of remote I/O have it; its
addresses count on behind those of the registers, from COILS.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

BROADCAST = 0
READ_COILS = 1
READ_DISCRETE = 2
READ_HOLDING = 3
READ_INPUT = 4
WRITE_COIL = 5
WRITE_SINGLE = 6
WRITE_COILS = 15
WRITE_MULTIPLE = 16
READ_WRITE = 23
COILS = 0x10000  # where the addresses of bits begin
_COIL_ON = b"\xff\x00"
_COIL_OFF = b"\x00\x00"
MAX_FRAME = 256
_EXCEPTION_BIT = 0x80
SILENT_CHARACTERS = 3.5
LEAST_SILENCE_S = 0.00175
FAST_BAUD = 19200


class ExceptionCode(IntEnum):
    """What a slave answers instead of data."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_FAILURE = 4  # understood, but cannot be done now
    WRITE_REFUSED = 0x14  # LS: locked, read only, or not while it runs


class Refusal(Exception):  # noqa: N818 - an answer of the protocol, not an error of the program
    """The drive refuses a request; codes of other protocols than Modbus are of sets of their own."""

    def __init__(self, code: IntEnum) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """A request that arrived intact."""

    unit: int
    function: int
    read_address: int = 0
    read_count: int = 0
    write_address: int = 0
    values: tuple[int, ...] = ()
    is_command: bool = False  # written without content, which Modbus does not have

    @property
    def reads(self) -> bool:
        return self.function == READ_WRITE or not self.writes

    @property
    def writes(self) -> bool:
        return bool(self.values) or self.is_command


def _crc_table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """CRC of the Modbus specification: reflected 0x8005, starting at FFFF."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def with_crc(body: bytes) -> bytes:
    """The frame as it goes on the wire: CRC low byte first."""
    return body + crc16(body).to_bytes(2, "little")


def is_intact(frame: bytes) -> bool:
    """True for a frame of possible length with a matching CRC."""
    return 4 <= len(frame) <= MAX_FRAME and crc16(frame[:-2]) == int.from_bytes(frame[-2:], "little")


def parse(frame: bytes) -> Request:
    """The request of an intact frame; Refusal when the slave does not know it or its fields disagree."""
    unit, function, body = frame[0], frame[1], frame[2:-2]
    if function in (READ_HOLDING, READ_INPUT):
        if len(body) != 4:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        return Request(unit, function, _word(body, 0), _word(body, 2))
    if function in (READ_COILS, READ_DISCRETE):
        if len(body) != 4:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        return Request(unit, function, COILS + _word(body, 0), _word(body, 2))
    if function == WRITE_COIL:
        if len(body) != 4 or body[2:] not in (_COIL_ON, _COIL_OFF):
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        return Request(unit, function, write_address=COILS + _word(body, 0), values=(body[2] & 1,))
    if function == WRITE_COILS:
        return Request(unit, function, write_address=COILS + _word(body, 0), values=_bits(body, 2))
    if function == WRITE_SINGLE:
        if len(body) != 4:
            raise Refusal(ExceptionCode.ILLEGAL_VALUE)
        return Request(unit, function, write_address=_word(body, 0), values=(_word(body, 2),))
    if function == WRITE_MULTIPLE:
        return Request(unit, function, write_address=_word(body, 0), values=_values(body, 2))
    if function == READ_WRITE:
        return Request(unit, function, _word(body, 0), _word(body, 2), _word(body, 4), _values(body, 6))
    raise Refusal(ExceptionCode.ILLEGAL_FUNCTION)


def _word(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "big")


def _values(body: bytes, at: int) -> tuple[int, ...]:
    """Quantity, byte count and words at the end of a write request."""
    if len(body) < at + 3:
        raise Refusal(ExceptionCode.ILLEGAL_VALUE)
    count, size, data = _word(body, at), body[at + 2], body[at + 3 :]
    if not 1 <= count <= 123 or size != 2 * count or len(data) != size:
        raise Refusal(ExceptionCode.ILLEGAL_VALUE)
    return tuple(_word(data, 2 * i) for i in range(count))


def _bits(body: bytes, at: int) -> tuple[int, ...]:
    """Quantity, byte count and bits at the end of a write of coils."""
    if len(body) < at + 4:
        raise Refusal(ExceptionCode.ILLEGAL_VALUE)
    count, size, data = _word(body, at), body[at + 2], body[at + 3 :]
    if not 1 <= count <= 1968 or size != -(-count // 8) or len(data) != size:
        raise Refusal(ExceptionCode.ILLEGAL_VALUE)
    return tuple(data[n // 8] >> n % 8 & 1 for n in range(count))


def read_reply(request: Request, words: list[int]) -> bytes:
    """Answer of 1 to 4 and 23."""
    if request.read_address >= COILS:
        content = bytearray(-(-len(words) // 8))
        for n, bit in enumerate(words):
            content[n // 8] |= bit << n % 8
        return with_crc(bytes((request.unit, request.function, len(content))) + bytes(content))
    data = b"".join(word.to_bytes(2, "big") for word in words)
    return with_crc(bytes((request.unit, request.function, len(data))) + data)


def write_reply(request: Request) -> bytes:
    """Answer of 5, 6, 15 and 16: an echo of the value, or of the quantity."""
    last = request.values[0] if request.function == WRITE_SINGLE else len(request.values)
    end = last.to_bytes(2, "big")
    if request.function == WRITE_COIL:
        end = _COIL_ON if request.values[0] else _COIL_OFF
    body = bytes((request.unit, request.function))
    return with_crc(body + (request.write_address % COILS).to_bytes(2, "big") + end)


def exception_reply(unit: int, function: int, code: int) -> bytes:
    """Answer of a refusal."""
    return with_crc(bytes((unit, function | _EXCEPTION_BIT, code)))


class ModbusSlave:
    """The functions of this module as a Slave."""

    def silence_s(self, baud: int, char_s: float) -> float:
        return LEAST_SILENCE_S if baud >= FAST_BAUD else SILENT_CHARACTERS * char_s

    def unit_of(self, data: bytes) -> int | None:
        return data[0] if data and data[0] != BROADCAST else None

    def is_intact(self, frame: bytes) -> bool:
        return is_intact(frame)

    def parse(self, frame: bytes) -> Request:
        return parse(frame)

    def read_reply(self, request: Request, words: list[int]) -> bytes:
        return read_reply(request, words)

    def write_reply(self, request: Request) -> bytes:
        return write_reply(request)

    def refusal(self, frame: bytes, code: IntEnum) -> bytes:
        return exception_reply(frame[0], frame[1], code)
