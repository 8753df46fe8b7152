"""Messages between a Unit and its own host: serial bytes and the journal. They never leave the process."""

from dataclasses import dataclass
from enum import IntEnum

from cell_controller.messages.operator import PartEvent


@dataclass(frozen=True, slots=True)
class Rx:
    """Bytes that arrived on the serial line; `at_s` is when the host read them."""

    data: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class Tx:
    """Bytes to write at once."""

    data: bytes


class LineEventKind(IntEnum):
    """What happened to the port."""

    OPENED = 0
    CLOSED = 1  # closed on request
    FAILED = 2  # SerialException, OSError or termios.error; the host has closed it


@dataclass(frozen=True, slots=True)
class LineEvent:
    """Host to bus: the port's state changed."""

    kind: LineEventKind
    text: str = ""


class LineRequestKind(IntEnum):
    """What a bus asks of its port."""

    OPEN = 0
    CLOSE = 1
    DRAIN = 2  # throw away what has arrived and was not read


@dataclass(frozen=True, slots=True)
class LineRequest:
    """Bus to host."""

    kind: LineRequestKind


@dataclass(frozen=True, slots=True)
class JournalWrite:
    """Manager to host: store these, sync them to disk, then answer with the same number."""

    number: int
    events: tuple[PartEvent, ...]


@dataclass(frozen=True, slots=True)
class JournalSynced:
    """Host to manager: on disk."""

    number: int


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """Host to manager: not on disk."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class JournalLoaded:
    """Host to manager once, at its start: all that the journal knows, oldest first."""

    events: tuple[PartEvent, ...]


@dataclass(frozen=True, slots=True)
class StopRequested:
    """Host to Unit: SIGTERM arrived; a bus plays its stop program and then says Finished."""

    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Unit to host: nothing more to do; the process may end."""

    reason: str
