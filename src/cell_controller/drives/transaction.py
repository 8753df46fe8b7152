"""One request at a time on a half-duplex line, sans-I/O: silences, time limits, drained late replies.

Every call has the time; nothing here waits. A reply that comes after its request was given up is thrown away:
the line stays silent for the drain time first, and what still arrives belongs to no request.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from cell_controller.drives.errors import DriveError
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import Timing
from cell_controller.drives.protocols.codec import Codec
from cell_controller.drives.protocols.request import Reply, Request


class LineEchoError(DriveError):
    """What a line that echoes gave back is not what was sent."""

    def __init__(self, unit: int, sent: bytes, heard: bytes) -> None:
        found = f"gave back {heard[: len(sent)].hex(' ')}" if heard else "gave nothing back"
        super().__init__(f"unit {unit}: the line {found} instead of {sent.hex(' ')}")
        self.unit, self.sent, self.heard = unit, sent, heard


class NoReplyError(DriveError):
    """Nothing arrived in time."""

    def __init__(self, unit: int, waited_s: float) -> None:
        super().__init__(f"unit {unit} did not answer within {waited_s:.3f} s")
        self.unit, self.waited_s = unit, waited_s


@dataclass(frozen=True, slots=True)
class Ended:
    """How a request ended: with its reply, or with the reason why there is none."""

    request: Request
    sent_at_s: float
    measured_at_s: float  # when the request was over: what a reply says is not older
    reply: Reply | None = None
    error: DriveError | None = None


@dataclass(slots=True)
class _Pending:
    request: Request
    timing: Timing
    sent_at_s: float
    sent_by_s: float  # the request's last bit
    reply_s: float  # length of the good reply
    give_up_s: float
    echo: bytes  # comes before the reply
    buffer: bytearray

    @property
    def has_begun(self) -> bool:
        """Some of the reply is there."""
        return len(self.buffer) > len(self.echo)


class HalfDuplex:
    """The line as its only master sees it."""

    def __init__(self, speed: LineSpeed, codec: Codec, now_s: float) -> None:
        self._speed, self._codec = speed, codec
        self._pending: _Pending | None = None
        self._quiet_since_s = now_s
        self._last_gap_s = speed.t35_s
        self._silent_until_s = now_s
        self.stray_bytes = 0  # arrived when nothing was asked
        self.is_clean = True  # nothing has gone wrong since the last good reply

    @property
    def is_idle(self) -> bool:
        return self._pending is None

    def start_at_s(self, gap_s: float) -> float:
        """When a request to a drive with this gap may begin."""
        silence_s = self._speed.silence_s(self._last_gap_s, gap_s)
        return max(self._silent_until_s, self._quiet_since_s + silence_s)

    def start(self, request: Request, timing: Timing, now_s: float, reply_begins_within_s: float) -> bytes:
        """The bytes to send now. Only when idle and not before `start_at_s`."""
        data = self._codec.encode(request)
        sent_by_s = now_s + self._speed.sent_s(len(data))
        reply_s = self._speed.frame_s(self._codec.reply_length(request))
        give_up_s = sent_by_s + reply_begins_within_s + reply_s
        echo = data if self._speed.echoes else b""
        self._pending = _Pending(request, timing, now_s, sent_by_s, reply_s, give_up_s, echo, bytearray())
        self._last_gap_s = timing.gap_s
        return data

    def tell(self, request: Request, timing: Timing, now_s: float) -> bytes:
        """The bytes of a broadcast to send now: nobody answers, and the drives have their time for it."""
        data = self._codec.encode(request)
        self._quiet_since_s = now_s + self._speed.sent_s(len(data))
        self._silent_until_s = self._quiet_since_s + timing.max_reply_delay_s
        self._last_gap_s = timing.gap_s
        self.is_clean = not self._speed.echoes  # its echo is nobody's
        return data

    def feed(self, data: bytes, at_s: float) -> None:
        """Bytes that the host read at this time."""
        pending = self._pending
        self._quiet_since_s = max(self._quiet_since_s, at_s)
        if pending is None:
            self.stray_bytes += len(data)
        elif (
            len(pending.buffer) <= len(pending.echo) + self._codec.max_frame
        ):  # an endless frame must not grow the memory
            pending.buffer += data

    def poll(self, now_s: float) -> Ended | None:
        """How the request in flight ended, None while it has not."""
        pending = self._pending
        if pending is None:
            return None
        skipped = len(pending.echo)
        if pending.echo and pending.buffer[:skipped] != pending.echo:
            if now_s < pending.give_up_s:  # whatever it is: the drive may answer all the same
                return None
            echo_error = LineEchoError(pending.request.unit, pending.echo, bytes(pending.buffer))
            return self._fail(pending, echo_error, now_s)
        frame = bytes(pending.buffer[skipped:])
        if len(frame) >= max(self._codec.expected_length(pending.request, frame), 2):
            return self._end(pending, frame, now_s)
        if now_s < pending.give_up_s:
            return None
        if frame:
            return self._end(pending, frame, now_s)
        return self._fail(pending, NoReplyError(pending.request.unit, now_s - pending.sent_at_s), now_s)

    def _end(self, pending: _Pending, frame: bytes, now_s: float) -> Ended:
        try:
            reply = self._codec.parse(pending.request, frame)
        except DriveError as error:
            return self._fail(pending, error, now_s)
        self._pending = None
        self.is_clean = True
        return Ended(pending.request, pending.sent_at_s, pending.sent_by_s, reply)

    def _fail(self, pending: _Pending, error: DriveError, now_s: float) -> Ended:
        self._pending = None
        self.is_clean = False
        self._quiet_since_s = max(self._quiet_since_s, pending.sent_by_s)
        self._silent_until_s = now_s + pending.timing.drain_s
        return Ended(pending.request, pending.sent_at_s, pending.sent_by_s, error=error)

    @property
    def yields_at_s(self) -> float:
        """When a stop may give the request in flight up: its reply is over, or would be."""
        pending = self._pending
        if pending is None:
            return -inf
        if pending.has_begun:
            return min(self._quiet_since_s + pending.reply_s, pending.give_up_s)
        latest_s = pending.sent_by_s + pending.timing.max_reply_delay_s + pending.reply_s
        return min(latest_s, pending.give_up_s)

    def give_up(self, now_s: float) -> Ended | None:
        """Give the request in flight up for a stop; only from `yields_at_s` on."""
        pending, self._pending = self._pending, None
        if pending is None:
            return None
        self.is_clean = False
        # The latest reply may have ended just now, with its bytes still on their way to us: its gap is kept.
        latest_s = pending.sent_by_s + pending.timing.max_reply_delay_s + pending.reply_s
        self._quiet_since_s = max(self._quiet_since_s, min(latest_s, now_s))
        error = NoReplyError(pending.request.unit, now_s - pending.sent_at_s)
        return Ended(pending.request, pending.sent_at_s, pending.sent_by_s, error=error)

    @property
    def due_s(self) -> float:
        """When `poll` has to be called without new bytes; inf when nothing is asked."""
        return self._pending.give_up_s if self._pending else inf
