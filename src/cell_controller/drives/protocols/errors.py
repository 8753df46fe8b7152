"""Why a request cannot be sent, or a reply is not accepted, in whatever protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cell_controller.drives.errors import DriveError

# Modbus application protocol v1.1b3, section 7; 10 as Delta drives use it.
EXCEPTION_MEANINGS: Final = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value, or the drive is locked",
    4: "the drive cannot do it in its present state",
    5: "acknowledged, still working",
    6: "busy",
    8: "memory parity error",
    10: "gateway path unavailable, or a time-out inside the drive",
    11: "gateway target does not answer",
}


class RequestError(DriveError):
    """A request that the protocol cannot say."""

    def __init__(self, what: str, value: int, low: int, high: int) -> None:
        super().__init__(f"{what} {value} is outside {low} to {high}")
        self.what, self.value, self.low, self.high = what, value, low, high


def check_within(what: str, value: int, low: int, high: int) -> None:
    """RequestError unless the value is inside its limits."""
    if not low <= value <= high:
        raise RequestError(what, value, low, high)


class ReplyError(DriveError):
    """What arrived is not the reply to the request; nothing of it may be used."""

    def __init__(self, unit: int, frame: bytes, text: str) -> None:
        super().__init__(f"unit {unit}: {text}: {frame.hex(' ')}")
        self.unit, self.frame = unit, frame


class CrcError(ReplyError):
    """The length is right, the check sum is not."""

    def __init__(self, unit: int, frame: bytes, computed: int) -> None:
        super().__init__(unit, frame, f"the CRC should be {computed & 0xFF:02x} {computed >> 8:02x}")
        self.computed = computed


class WrongUnitError(ReplyError):
    """A frame of another drive, or a reply to a broadcast."""

    def __init__(self, unit: int, frame: bytes, found: int) -> None:
        super().__init__(unit, frame, f"a frame of unit {found}")
        self.found = found


class WrongFunctionError(ReplyError):
    """A frame with another function code than the request."""

    def __init__(self, unit: int, frame: bytes, found: int, function: int) -> None:
        super().__init__(unit, frame, f"function {found} instead of {function}")
        self.found, self.function = found, function


class WrongLengthError(ReplyError):
    """More or fewer bytes than the reply has, or a byte count that contradicts the request."""

    def __init__(self, unit: int, frame: bytes, expected: int) -> None:
        super().__init__(unit, frame, f"{len(frame)} bytes that are no reply of {expected}")
        self.expected = expected


class MalformedError(ReplyError):
    """The check sum is right, but no drive that keeps to the protocol says this."""


class WrongEchoError(ReplyError):
    """The drive confirms another write than the one that was sent."""

    def __init__(self, unit: int, frame: bytes, address: int, second: int) -> None:
        super().__init__(unit, frame, f"does not confirm address 0x{address:04X} with 0x{second:04X}")
        self.address, self.second = address, second


class DriveExceptionError(DriveError):
    """The drive answered with an exception: it understood the frame and refused the request."""

    def __init__(
        self, unit: int, function: int, code: int, meanings: Mapping[int, str] = EXCEPTION_MEANINGS
    ) -> None:
        self.meaning = meanings.get(code, "an exception of the maker, see the manual")
        super().__init__(f"unit {unit} refused function {function}: exception {code}, {self.meaning}")
        self.unit, self.function, self.code = unit, function, code
