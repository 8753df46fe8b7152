"""FASTECH Plus-R frames as a drive hears and speaks them; from the manual, for the virtual drives only.

It shares no code with the controller's codec, so that one checks the other.
"""

from __future__ import annotations

from enum import IntEnum

from cell_sim.drives.modbus import ExceptionCode, Refusal, Request

PARAMETERS = 0xF000  # where the profile keeps them, four bytes each
SET_PARAMETER, GET_PARAMETER = 0x12, 0x13
_TOLD = {0x2E: 1, 0x40: 4, 0x43: 30}  # data of a reply
_TAKEN = {0x2A: 1, 0x2B: 0, 0x31: 0, 0x32: 0, 0x33: 0, 0x34: 8}  # data of a command


class Status(IntEnum):
    """Status byte of a reply."""

    OK = 0x00
    UNKNOWN_TYPE = 0x80
    BAD_DATA = 0x81
    BAD_FRAME = 0x82
    RUN_REFUSED = 0x85


_CODES = {
    ExceptionCode.ILLEGAL_FUNCTION: Status.UNKNOWN_TYPE,
    ExceptionCode.ILLEGAL_ADDRESS: Status.BAD_DATA,
    ExceptionCode.ILLEGAL_VALUE: Status.BAD_DATA,
    ExceptionCode.DEVICE_FAILURE: Status.RUN_REFUSED,
}


def checksum(data: bytes) -> int:
    """The CRC of Modbus: 0xA001 from FFFF, lowest bit first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


def framed(body: bytes) -> bytes:
    """Slave, type and what follows as a frame."""
    inner = body + checksum(body).to_bytes(2, "little")
    doubled = b"".join(bytes((byte, byte)) if byte == 0xAA else bytes((byte,)) for byte in inner)
    return b"\xaa\xcc" + doubled + b"\xaa\xee"


def unframed(frame: bytes) -> bytes | None:
    """Slave, type and data of an intact frame, None for any other."""
    if len(frame) < 8 or frame[:2] != b"\xaa\xcc" or frame[-2:] != b"\xaa\xee":
        return None
    inner, out = iter(frame[2:-2]), bytearray()
    for byte in inner:
        if byte == 0xAA and next(inner, 0) != 0xAA:
            return None
        out.append(byte)
    body = bytes(out[:-2])
    is_good = len(out) >= 4 and checksum(body) == int.from_bytes(out[-2:], "little")
    return body if is_good else None


class EziSlave:
    """Stateless."""

    def silence_s(self, baud: int, char_s: float) -> float:
        return 0.0  # frames have a head and a tail

    def unit_of(self, data: bytes) -> int | None:
        return data[2] if len(data) > 2 else None

    def is_intact(self, frame: bytes) -> bool:
        return unframed(frame) is not None

    def parse(self, frame: bytes) -> Request:
        body = unframed(frame) or b""
        slave, kind, data = body[0], body[1], body[2:]
        if kind == GET_PARAMETER and len(data) == 1:
            return Request(slave, kind, PARAMETERS + 4 * data[0], 4)
        if kind == SET_PARAMETER and len(data) == 5:
            return Request(slave, kind, write_address=PARAMETERS + 4 * data[0], values=tuple(data[1:]))
        if kind in _TOLD and not data:
            return Request(slave, kind, kind << 8, _TOLD[kind])
        if kind in _TAKEN and len(data) == _TAKEN[kind]:
            return Request(slave, kind, write_address=kind << 8, values=tuple(data), is_command=not data)
        known = kind in _TOLD or kind in _TAKEN or kind in (SET_PARAMETER, GET_PARAMETER)
        raise Refusal(Status.BAD_DATA if known else Status.UNKNOWN_TYPE)

    def read_reply(self, request: Request, words: list[int]) -> bytes:
        return framed(bytes((request.unit, request.function, Status.OK)) + bytes(words))

    def write_reply(self, request: Request) -> bytes:
        return framed(bytes((request.unit, request.function, Status.OK)))

    def refusal(self, frame: bytes, code: IntEnum) -> bytes:
        body = unframed(frame) or b""
        return framed(body[:2] + bytes((_CODES[code] if isinstance(code, ExceptionCode) else code,)))
