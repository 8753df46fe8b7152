"""Which bytes answer a Dynamixel request, written anew from the e-manual: it judges the controller.

It shares no code with the controller or with the virtual drives.
"""

from __future__ import annotations

from fuzz.parts import Parts

HEADER = (0xFF, 0xFF, 0xFD)
READ, STATUS = 0x02, 0x55
ALERT = 0x80  # a hardware error elsewhere: the answer counts all the same


def crc_of(data: bytes) -> bytes:
    """Bit by bit: x16 + x15 + x2 + 1, highest bit first, preset to 0; low byte first on the wire."""
    register = 0
    for byte in data:
        for bit in range(7, -1, -1):
            is_carry = (register >> 15) ^ (byte >> bit & 1)
            register = (register << 1) & 0xFFFF
            if is_carry:
                register ^= 0x8005
    return bytes((register & 0xFF, register >> 8))


def closed(unit: int, inner: bytes) -> bytes:
    """A packet around what stands between length and CRC, as it stands."""
    length = len(inner) + 2
    head = bytes((*HEADER, 0, unit, length & 0xFF, length >> 8))
    return head + inner + crc_of(head + inner)


def join(parts: Parts) -> bytes:
    """A well-formed packet; in a status the error byte follows the instruction."""
    out: list[int] = []
    for byte in (parts.function, parts.status, *parts.content):
        out.append(byte)
        if tuple(out[-3:]) == HEADER:
            out.append(0xFD)
    return closed(parts.unit, bytes(out))


def calm(inner: bytes) -> bytes | None:
    """Without the stuffing; None where a header stands bare."""
    out: list[int] = []
    at = 0
    while at < len(inner):
        out.append(inner[at])
        if at >= 2 and tuple(inner[at - 2 : at + 1]) == HEADER:
            at += 1
            if at == len(inner) or inner[at] != 0xFD:
                return None
        at += 1
    return bytes(out)


def split(frame: bytes) -> Parts:
    """A good status packet taken apart."""
    inner = calm(frame[7:-2]) or b""
    return Parts(frame[4], inner[0], inner[1], inner[2:])


def fault_of(request: bytes, frame: bytes) -> str:
    """Why these bytes are no answer to the request; "" for a status, with or without an error."""
    if len(frame) < 11 or frame[:4] != bytes((*HEADER, 0)):
        return f"{len(frame)} bytes are no status packet"
    if frame[5] + 256 * frame[6] != len(frame) - 7:
        return f"a length of {frame[5] + 256 * frame[6]} in {len(frame)} bytes"
    if crc_of(frame[:-2]) != frame[-2:]:
        return "wrong CRC"
    if frame[4] != request[4]:
        return f"from unit {frame[4]} instead of {request[4]}"
    if frame[7] != STATUS:
        return f"function {frame[7]} instead of {STATUS}"
    inner = calm(frame[7:-2])
    if inner is None:
        return "a header inside the packet"
    if inner[1] & ~ALERT:
        return ""
    wanted = request[10] + 256 * request[11] if request[7] == READ else 0
    return "" if len(inner) - 2 == wanted else f"{len(inner) - 2} bytes of data instead of {wanted}"
