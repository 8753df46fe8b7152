"""What fuzzing has to know of each protocol: how to take an answer apart, spoil it, and judge it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cell_controller.drives.profile import Protocol
from fuzz import dynamixel, ezi_servo, oracle
from fuzz.parts import Parts


@dataclass(frozen=True, slots=True)
class Tongue:
    """One protocol as a hostile slave and its judge speak it."""

    split: Callable[[bytes], Parts]
    join: Callable[[Parts], bytes]
    fault_of: Callable[[bytes, bytes], str]  # request, frame: "" for an answer
    refused: Callable[[Parts, int], Parts]  # with this code
    counts_bytes: bool = False  # the content begins with a count of what follows
    longest: int = 60  # bytes of content that some question could have asked for

    def counted(self, parts: Parts, data: bytes) -> bytes:
        """The same answer with this content."""
        return self.join(replace(parts, content=bytes((len(data),)) + data if self.counts_bytes else data))


def _modbus_refused(parts: Parts, code: int) -> Parts:
    return replace(parts, function=parts.function | 0x80, content=bytes((code,)))


def _status_refused(parts: Parts, code: int) -> Parts:
    """Protocols with a byte for it: 0 and the alert bit alone are no refusal."""
    return replace(parts, status=code if code & 0x7F else 1, content=b"")


def _modbus_split(frame: bytes) -> Parts:
    return Parts(frame[0], frame[1], 0, frame[2:-2])


def _modbus_join(parts: Parts) -> bytes:
    return oracle.closed(bytes((parts.unit, parts.function)) + parts.content)


TONGUES: Mapping[Protocol, Tongue] = {
    Protocol.MODBUS_RTU: Tongue(
        _modbus_split, _modbus_join, oracle.fault_of, _modbus_refused, counts_bytes=True
    ),
    Protocol.DYNAMIXEL: Tongue(
        dynamixel.split, dynamixel.join, dynamixel.fault_of, _status_refused, longest=100
    ),
    Protocol.EZI_SERVO: Tongue(ezi_servo.split, ezi_servo.join, ezi_servo.fault_of, _status_refused),
}
