"""What a line has to know of the protocol that is spoken on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cell_controller.drives.protocols.request import Reply, Request


@dataclass(frozen=True, slots=True)
class Heard:
    """Whom a frame of the master is for, and whether it tells or only asks; unit None is everybody."""

    unit: int | None
    is_write: bool


class Codec(Protocol):
    """Requests to bytes, bytes to a typed reply or one specific error. No state, no I/O.

    Raises RequestError for what the protocol cannot say; what a reply raises, `parse` says.
    """

    @property
    def max_unit(self) -> int:
        """Highest id that a single drive can have."""

    @property
    def max_frame(self) -> int:
        """Bytes of the longest frame."""

    def encode(self, request: Request) -> bytes:
        """The request as a frame."""

    def request_length(self, request: Request) -> int:
        """Bytes of the request on the wire, with all the stuffing that any content could need."""

    def reply_length(self, request: Request) -> int:
        """Bytes of the good reply, likewise; 0 when none is expected."""

    def expected_length(self, request: Request, buffer: bytes) -> int:
        """Bytes that complete the reply that has begun in `buffer`, as far as it can tell."""

    def parse(self, request: Request, frame: bytes) -> Reply:
        """The reply to `request` in `frame`, which must be exactly one frame.

        Raises a ReplyError when it is anything else, DriveExceptionError when the drive refused the request.
        """

    def heard(self, frame: bytes) -> Heard:
        """What the drives make of a frame that `encode` made."""
