"""Dynamixel Protocol 2.0 as a drive hears and speaks it; from the e-manual, for the virtual drives only.

It shares no code with the controller's codec, so that one checks the other.
"""

from __future__ import annotations

from enum import IntEnum

from cell_sim.drives.modbus import ExceptionCode, Refusal, Request

PING, READ, WRITE, REBOOT = 0x01, 0x02, 0x03, 0x08
COMMANDS = 0xFF00  # where the profile keeps instructions that are no address
_EVERYBODY = 0xFE
_STATUS = 0x55
_ALERT = 0x80
_FIRMWARE = 6  # its place in the table


class ErrorCode(IntEnum):
    """Low bits of the error byte of a status."""

    RESULT = 1
    INSTRUCTION = 2
    CRC = 3
    RANGE = 4
    LENGTH = 5
    LIMIT = 6
    ACCESS = 7


_CODES = {
    ExceptionCode.ILLEGAL_FUNCTION: ErrorCode.INSTRUCTION,
    ExceptionCode.ILLEGAL_ADDRESS: ErrorCode.ACCESS,
    ExceptionCode.ILLEGAL_VALUE: ErrorCode.RANGE,
    ExceptionCode.DEVICE_FAILURE: ErrorCode.RESULT,
}


def checksum(data: bytes) -> int:
    """CRC-16 of the e-manual: 0x8005, from 0, highest bit first."""
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = value << 1 ^ (0x18005 if value & 0x8000 else 0)
    return value


def stuffed(body: bytes) -> bytes:
    """With an FD behind every FF FF FD."""
    out = bytearray()
    for byte in body:
        out.append(byte)
        if out[-3:] == b"\xff\xff\xfd":
            out.append(0xFD)
    return bytes(out)


def unstuffed(body: bytes) -> bytes:
    """Without them."""
    out, skip = bytearray(), False
    for at, byte in enumerate(body):
        if skip:
            skip = False
            continue
        out.append(byte)
        skip = body[max(at - 2, 0) : at + 1] == b"\xff\xff\xfd" and body[at + 1 : at + 2] == b"\xfd"
    return bytes(out)


def status(unit: int, error: int, content: bytes = b"") -> bytes:
    """A status packet."""
    body = stuffed(bytes((_STATUS, error)) + content)
    packet = b"\xff\xff\xfd\x00" + bytes((unit,)) + (len(body) + 2).to_bytes(2, "little") + body
    return packet + checksum(packet).to_bytes(2, "little")


class DynamixelSlave:
    """Stateless; what a drive adds of its state (the alert bit) it adds itself."""

    def silence_s(self, baud: int, char_s: float) -> float:
        return 0.0  # packets carry their length

    def unit_of(self, data: bytes) -> int | None:
        return data[4] if len(data) > 4 and data[4] != _EVERYBODY else None

    def is_intact(self, frame: bytes) -> bool:
        if len(frame) < 10 or frame[:4] != b"\xff\xff\xfd\x00":
            return False
        whole = len(frame) == 7 + int.from_bytes(frame[5:7], "little")
        return whole and checksum(frame[:-2]) == int.from_bytes(frame[-2:], "little")

    def parse(self, frame: bytes) -> Request:
        body = unstuffed(frame[7:-2])
        unit, instruction, parameters = frame[4], body[0], body[1:]
        if instruction == PING and not parameters:
            return Request(unit, PING, 0, _FIRMWARE + 1)
        if instruction == READ and len(parameters) == 4:
            address = int.from_bytes(parameters[:2], "little")
            return Request(unit, READ, address, int.from_bytes(parameters[2:], "little"))
        if instruction == WRITE and len(parameters) > 2:
            address = int.from_bytes(parameters[:2], "little")
            return Request(unit, WRITE, write_address=address, values=tuple(parameters[2:]))
        if instruction == REBOOT and not parameters:
            return Request(unit, REBOOT, write_address=COMMANDS + REBOOT, is_command=True)
        raise Refusal(ErrorCode.LENGTH if instruction in (READ, WRITE) else ErrorCode.INSTRUCTION)

    def read_reply(self, request: Request, words: list[int]) -> bytes:
        if request.function == PING:
            words = [*words[:2], words[_FIRMWARE]]  # the model number, and the version of the firmware
        return status(request.unit, 0, bytes(words))

    def write_reply(self, request: Request) -> bytes:
        return status(request.unit, 0)

    def refusal(self, frame: bytes, code: IntEnum) -> bytes:
        return status(frame[4], _CODES[code] if isinstance(code, ExceptionCode) else code)


def with_alert(packet: bytes) -> bytes:
    """The same status with the bit that points to a hardware error."""
    body = unstuffed(packet[7:-2])
    return status(packet[4], body[1] | _ALERT, body[2:])
