"""Which bytes answer a Modbus request, written anew from the specification: it judges the controller.

Sources: MODBUS Application Protocol Specification V1.1b3, sections 6 and 7; MODBUS over Serial Line V1.02,
6.2 (CRC). It shares no code with the controller or with the virtual drives.
"""

from __future__ import annotations

READS = (3, 4)
READS_OF_BITS = (1, 2)


def crc_of(data: bytes) -> bytes:
    """Bit by bit: polynomial x16 + x15 + x2 + 1, reflected, preset to ones; low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            is_carry = register & 1
            register >>= 1
            if is_carry:
                register ^= 0xA001
    return bytes((register & 0xFF, register >> 8))


def closed(body: bytes) -> bytes:
    """A frame of this body."""
    return body + crc_of(body)


def fault_of(request: bytes, frame: bytes) -> str:
    """Why these bytes are no answer to the request; "" for a normal answer or an exception."""
    if len(frame) < 5 or len(frame) > 256:
        return f"{len(frame)} bytes are no answer"
    if crc_of(frame[:-2]) != frame[-2:]:
        return "wrong CRC"
    if frame[0] != request[0]:
        return f"from unit {frame[0]} instead of {request[0]}"
    if frame[1] == request[1] | 0x80:
        return "" if len(frame) == 5 else "an exception has 5 bytes"
    if frame[1] != request[1]:
        return f"function {frame[1]} instead of {request[1]}"
    return _fault_of_content(request, frame)


def _fault_of_content(request: bytes, frame: bytes) -> str:
    function = request[1]
    if function in READS or function == 23:
        wanted = 2 * int.from_bytes(request[4:6], "big")
        if frame[2] != wanted or len(frame) != 5 + wanted:
            return f"{frame[2]} bytes of data in {len(frame)} instead of {wanted}"
        return ""
    if function in READS_OF_BITS:
        count = int.from_bytes(request[4:6], "big")
        wanted = -(-count // 8)
        if frame[2] != wanted or len(frame) != 5 + wanted:
            return f"{frame[2]} bytes of bits in {len(frame)} instead of {wanted}"
        return "" if count % 8 == 0 or frame[-3] >> count % 8 == 0 else f"bits behind the {count}"
    if len(frame) != 8:
        return f"{len(frame)} bytes instead of 8"
    return "" if frame[2:6] == request[2:6] else "repeats another address, value or count"
