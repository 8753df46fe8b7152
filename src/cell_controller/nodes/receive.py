"""From a serialized ROS message to what the inbox takes: a filter, and a decoder that refuses nonsense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.serialization import deserialize_message

from cell_controller.nodes import cdr, convert
from cell_controller.runtime import Input, Unit, ports

HEADER_BYTES = 4  # CDR encapsulation: two bytes of representation, two of options
LENGTH_BYTES = 4  # of a string, with its terminating NUL
PLAIN_CDR_LE = 1  # representation that Fast DDS writes on this project's machines

_NAMED_AFTER_SENDER = frozenset({ports.DRIVE_STATES.name, ports.SETPOINT.name, ports.STATION_STATE.name})
_NAMED_AFTER_RECEIVER = frozenset({ports.LINE_COMMAND.name, ports.ORDER.name})


def wanted_names(unit: Unit, declared: Input) -> frozenset[bytes] | None:
    """What the first field of a message may be when it shall reach this Unit; None lets all through.

    Only for inputs that declare their sources: those messages begin with the name of the line or station
    that sends or obeys them, and all lines and stations share one topic.
    """
    if declared.sources is None:
        return None
    if declared.port in _NAMED_AFTER_SENDER:
        return frozenset(name.encode() for name in declared.sources)
    if declared.port in _NAMED_AFTER_RECEIVER:
        return frozenset({unit.name.encode()})
    return None


def first_string(data: bytes) -> bytes | None:
    """The first field of a serialized message when it is a string; None when it cannot be told."""
    start = HEADER_BYTES + LENGTH_BYTES
    if len(data) < start or data[1] != PLAIN_CDR_LE:
        return None
    length = int.from_bytes(data[HEADER_BYTES:start], "little")
    return data[start : start + length - 1] if 0 < length <= len(data) - start else None


def decoder(kind: type) -> Callable[[bytes], object]:
    """Serialized message -> dataclass; a str, which says why, when it is not one.

    What the compiled decoder does not take goes the long way: another encoding is read, nonsense explained.
    """
    ros_class, convert_one, read = convert.ros_type(kind), convert.from_ros(kind), cdr.decoder(kind)

    def decode(data: bytes) -> object:
        try:
            return read(data)
        except cdr.NotPlainError:
            return decode_slowly(data)

    def decode_slowly(data: bytes) -> object:
        try:
            message: Any = deserialize_message(data, ros_class)
            return convert_one(message)
        except (ValueError, OverflowError, TypeError, RuntimeError, MemoryError) as error:
            return f"{kind.__name__}: {type(error).__name__}: {error}"

    return decode
