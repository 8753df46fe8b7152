"""One RS-485 line with its drives: paced, half duplex, sans-I/O.

Times are of the wire. A frame lasts its characters at the line's speed; a request is obeyed when its drive
begins to answer; bytes that overlap with others are corrupted, as on a real pair of wires. Silent intervals
are those of MODBUS over Serial Line V1.02: 3.5 characters, 1.75 ms from 19200 bit/s on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from cell_controller.drives.profile import Protocol
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.slave import SLAVES, Slave

_TOLERANCE = 0.9  # drives end a frame by a timer of limited resolution
_NOISE = 0x55  # what overlapping levels make of a byte


@dataclass(slots=True)
class _Frame:
    """Bytes on the wire from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    data: bytearray
    unit: int = 0

    def overlaps(self, other: _Frame) -> bool:
        return self.start_s < other.end_s and other.start_s < self.end_s

    def corrupt(self, from_s: float, to_s: float) -> None:
        """Spoil the bytes that were on the wire in this time."""
        if not self.data or self.end_s <= self.start_s:
            return
        per_s = len(self.data) / (self.end_s - self.start_s)
        first = max(int((from_s - self.start_s) * per_s), 0)
        last = min(int((to_s - self.start_s) * per_s) + 1, len(self.data))
        for at in range(first, last):
            self.data[at] ^= _NOISE


@dataclass(slots=True)
class NextReply:
    """What a test does to the next replies; each entry is used once, in order."""

    drop: int = 0  # replies to lose
    corrupt: int = 0  # replies with a flipped bit
    truncate_to: int | None = None  # bytes left of the next reply
    delay_s: float = 0.0  # added to the next reply
    unit: int = 0  # only replies of this unit; 0 for any


@dataclass(slots=True)
class LineCounters:
    """What went over the line."""

    requests: int = 0
    replies: int = 0
    broken: int = 0  # requests without a matching CRC or too close to another frame
    too_early: int = 0  # requests without the silence that their drive needs
    collisions: int = 0


@dataclass(slots=True)
class VirtualLine:
    """The drives of one line and the wire between them and the master.

    `write` puts bytes on the wire, `next_event_s` says when to call `read` next, `read` returns what the
    master has received by then. Call them with times that never go back.
    """

    name: str
    baud: int
    bits_per_char: int
    drives: Sequence[VirtualDrive]
    next_reply: NextReply = field(default_factory=NextReply)
    counters: LineCounters = field(default_factory=LineCounters)
    is_plugged: bool = True
    parity: str = ""  # of the drives; "" and 0 stop bits: not looked at
    stop_bits: int = 0
    master_baud: int = 0  # as the master has set its port; 0: as the line
    master_parity: str = ""  # likewise; a pseudo-terminal cannot tell
    master_stop_bits: int = 0
    echoes: bool = False  # the master hears what it sends
    spoil_echo: bool = False  # the next one, once
    _request: _Frame | None = None
    _silence_s: float = inf  # before the request that is being received
    _quiet_since_s: float = -inf
    _replies: list[_Frame] = field(default_factory=list)

    @property
    def char_s(self) -> float:
        return self.bits_per_char / self.baud

    @property
    def _is_master_wrong(self) -> bool:
        """What either side sends is garbage to the other."""
        is_speed_wrong = self.master_baud not in (0, self.baud)
        is_parity_wrong = "" not in (self.parity, self.master_parity) and self.parity != self.master_parity
        are_bits_known = 0 not in (self.stop_bits, self.master_stop_bits)
        are_bits_wrong = are_bits_known and self.stop_bits != self.master_stop_bits
        return is_speed_wrong or is_parity_wrong or are_bits_wrong

    @property
    def silence_s(self) -> float:
        """What two frames need between them: t3.5 in Modbus."""
        return self._slave.silence_s(self.baud, self.char_s)

    @property
    def _slave(self) -> Slave:
        """All drives of a line speak one protocol."""
        return self.drives[0].slave if self.drives else SLAVES[Protocol.MODBUS_RTU]

    def drive(self, name: str) -> VirtualDrive:
        """A drive of this line by its name."""
        return next(d for d in self.drives if d.name == name)

    def plug(self, is_plugged: bool) -> None:
        """Pull the cable out or put it back; what is on the wire is lost."""
        self.is_plugged = is_plugged
        self._request = None
        self._replies.clear()

    # -- the master's side ----------------------------------------------------------------------------------

    def write(self, data: bytes, now_s: float) -> None:
        """The master puts these bytes on the wire now."""
        self._run(now_s)
        if not self.is_plugged or not data:
            return
        start_s = now_s
        if self._request is not None:
            start_s = max(now_s, self._request.end_s)  # still busy with its own bytes
        frame = _Frame(start_s, start_s + len(data) * self.char_s, bytearray(data))
        if self._is_master_wrong:
            frame.corrupt(frame.start_s, frame.end_s)  # read at the wrong speed
        for reply in self._replies:
            self._collide(frame, reply)
        if self.echoes:
            echo = _Frame(frame.start_s, frame.end_s, bytearray(data))
            echo.data[-1] ^= _NOISE * self.spoil_echo
            self.spoil_echo = False
            self._replies.append(echo)
        if self._request is not None:  # without silence both are one frame
            self._request.data += frame.data
            self._request.end_s = frame.end_s
        else:
            self._request = frame
            self._silence_s = start_s - self._quiet_since_s
        self._quiet_since_s = max(self._quiet_since_s, frame.end_s)

    def read(self, now_s: float) -> bytes:
        """Run to this time; the bytes that have reached the master since the last call."""
        return self._run(now_s)

    def next_event_s(self) -> float:
        """When the line has something to do by itself; inf for never."""
        due_s = min((d.next_event_s for d in self.drives), default=inf)
        if self._request is not None:
            due_s = min(due_s, self._heard_at_s(self._request))
        for reply in self._replies:
            due_s = min(due_s, reply.end_s)
        return due_s

    # -- the wire -------------------------------------------------------------------------------------------

    def _run(self, now_s: float) -> bytes:
        received = bytearray()
        while True:
            request_s = self._heard_at_s(self._request) if self._request is not None else inf
            reply = min(self._replies, key=lambda r: r.end_s, default=None)
            reply_s = reply.end_s if reply is not None else inf
            if min(request_s, reply_s) > now_s:
                break
            if request_s <= reply_s:
                self._deliver(request_s)
            elif reply is not None:
                self._replies.remove(reply)
                self._quiet_since_s = max(self._quiet_since_s, reply.end_s)
                received += reply.data
        for drive in self.drives:
            if drive.next_event_s <= now_s:
                drive.advance(now_s)
        return bytes(received) if self.is_plugged else b""

    def _heard_at_s(self, request: _Frame) -> float:
        """A drive answers after its delay; nobody knows a frame of another unit to be over before t3.5."""
        drive = self._addressed(request)
        return request.end_s + (self.silence_s if drive is None else drive.profile.timing.reply_delay_s)

    def _addressed(self, request: _Frame) -> VirtualDrive | None:
        unit = self._slave.unit_of(bytes(request.data))
        return next((d for d in self.drives if d.unit == unit), None)

    def _deliver(self, now_s: float) -> None:
        """A request is over: hand it to the drives that take it."""
        request, self._request = self._request, None
        if request is None:
            return
        frame = bytes(request.data)
        self.counters.requests += 1
        slave = self._slave
        if not slave.is_intact(frame) or self._silence_s < _TOLERANCE * self.silence_s:
            self.counters.broken += 1
            return
        unit = slave.unit_of(frame)
        for drive in self.drives:
            if unit != drive.unit:
                drive.overhear(now_s)
            if unit == drive.unit or (unit is None and drive.profile.functions.accepts_broadcast):
                if self._silence_s < _TOLERANCE * drive.profile.timing.gap_s:
                    self.counters.too_early += 1
                    continue
                reply = drive.hear(frame, now_s)
                if reply is not None:
                    self._answer(drive, reply, now_s)

    def _answer(self, drive: VirtualDrive, data: bytes, now_s: float) -> None:
        start_s = now_s + drive.extra_delay_s
        planned = self.next_reply
        spoilt = bytearray(data)
        if planned.unit in (0, drive.unit):
            if planned.drop > 0:
                planned.drop -= 1
                return
            if planned.corrupt > 0:
                planned.corrupt -= 1
                spoilt[len(spoilt) // 2] ^= 0x10
            if planned.truncate_to is not None:
                del spoilt[planned.truncate_to :]
                planned.truncate_to = None
            start_s += planned.delay_s
            planned.delay_s = 0.0
        reply = _Frame(start_s, start_s + len(spoilt) * self.char_s, spoilt, drive.unit)
        if self._is_master_wrong:
            reply.corrupt(reply.start_s, reply.end_s)
        for other in self._replies:
            self._collide(reply, other)
        self._replies.append(reply)
        self.counters.replies += 1

    def _collide(self, one: _Frame, other: _Frame) -> None:
        if one.overlaps(other):
            self.counters.collisions += 1
            from_s, to_s = max(one.start_s, other.start_s), min(one.end_s, other.end_s)
            one.corrupt(from_s, to_s)
            other.corrupt(from_s, to_s)
