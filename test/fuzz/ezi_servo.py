"""Which bytes answer a FASTECH Plus-R request, written anew from its manual: it judges the controller.

It shares no code with the controller or with the virtual drives; the CRC is that of Modbus, from its oracle.
"""

from __future__ import annotations

from fuzz.oracle import crc_of
from fuzz.parts import Parts

MARK = 0xAA
HEAD, TAIL = bytes((MARK, 0xCC)), bytes((MARK, 0xEE))
TOLD = {0x2E: 1, 0x40: 4, 0x13: 4, 0x43: 30}  # data of the answer by frame type; every other only confirms


def join(parts: Parts) -> bytes:
    """A well-formed answer."""
    body = bytes((parts.unit, parts.function, parts.status)) + parts.content
    inner: list[int] = []
    for byte in body + crc_of(body):
        inner += [byte, byte] if byte == MARK else [byte]
    return HEAD + bytes(inner) + TAIL


def single(inner: bytes) -> bytes | None:
    """With every pair of marks as one; None where one stands alone."""
    out: list[int] = []
    at = 0
    while at < len(inner):
        out.append(inner[at])
        if inner[at] == MARK:
            at += 1
            if at == len(inner) or inner[at] != MARK:
                return None
        at += 1
    return bytes(out)


def split(frame: bytes) -> Parts:
    """A good answer taken apart."""
    inner = single(frame[2:-2]) or b""
    return Parts(inner[0], inner[1], inner[2], inner[3:-2])


def fault_of(request: bytes, frame: bytes) -> str:
    """Why these bytes are no answer to the request; "" for one, with or without a refusal."""
    if len(frame) < 9 or frame[:2] != HEAD or frame[-2:] != TAIL:
        return f"{len(frame)} bytes are no frame"
    inner = single(frame[2:-2])
    if inner is None:
        return "a lone AA inside the frame"
    if len(inner) < 5:
        return f"{len(inner)} bytes inside are no answer"
    if crc_of(inner[:-2]) != inner[-2:]:
        return "wrong CRC"
    if inner[0] != request[2]:  # neither slave nor type is ever AA
        return f"from unit {inner[0]} instead of {request[2]}"
    if inner[1] != request[3]:
        return f"function {inner[1]} instead of {request[3]}"
    if inner[2]:
        return ""
    data, wanted = len(inner) - 5, TOLD.get(inner[1], 0)
    return "" if data == wanted else f"{data} bytes of data instead of {wanted}"
