"""A line whose drives hear every request and whose answers somebody spoils, repeats, delays or makes up."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from cell_sim.drives import VirtualLine
from fuzz.tongues import Tongue

KEPT = 32  # answers of before that can come again
LONGEST_ENDLESS = 2000  # bytes


class Trick(StrEnum):
    """What happens to the answer of one request."""

    NONE = "none"
    BITS = "bits"  # 1 to 8 flipped anywhere
    CUT = "cut"
    LONGER = "longer"  # its end, and then more
    UNIT = "unit"  # well formed, from somebody else
    FUNCTION = "function"  # well formed, to another question
    COUNT = "count"  # well formed, with another length of data
    NOISE = "noise"  # random bytes instead
    ENDLESS = "endless"
    SILENCE = "silence"
    LATE = "late"  # anywhere up to twice the time in which it could count
    TWICE = "twice"
    STALE = "stale"  # an answer of before instead
    PIECES = "pieces"
    CHATTER = "chatter"  # bytes between the exchanges
    EXCEPTION = "exception"
    FORGED = "forged"  # well formed in every respect, with other data


# Everything that a correct bus can tell from an answer, or that does no harm when it is believed.
HONEST = tuple(t for t in Trick if t is not Trick.FORGED)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes on their way to the master."""

    end_s: float
    data: bytes
    origin: str  # who made them: a Trick, or "own" for the drive's own answer to the newest request


class HostileWire:
    """Stands where a VirtualLine stands; `share` of the answers are tricked."""

    def __init__(
        self,
        line: VirtualLine,
        tongue: Tongue,
        stream: random.Random,
        share: float,
        tricks: tuple[Trick, ...],
    ) -> None:
        self.line, self._tongue, self._stream = line, tongue, stream
        self._share, self._tricks = share, tricks
        self.request = b""
        self.request_end_s = -inf
        self._trick = Trick.NONE
        self._pieces: list[Piece] = []
        self._before: deque[bytes] = deque(maxlen=KEPT)
        self.heard: list[Piece] = []  # what the master was given since its newest request
        self.counts: dict[str, int] = {}

    # What LineBench wants of a line

    def drive(self, name: str) -> object:
        return self.line.drive(name)

    @property
    def counters(self) -> object:
        return self.line.counters

    def plug(self, is_plugged: bool) -> None:
        self.line.plug(is_plugged)
        self._pieces.clear()

    def write(self, data: bytes, now_s: float) -> None:
        self.request, self.request_end_s = data, now_s + len(data) * self.line.char_s
        self.heard = []
        is_tricked = self._stream.random() < self._share
        self._trick = self._stream.choice(self._tricks) if is_tricked else Trick.NONE
        self.counts[self._trick] = self.counts.get(self._trick, 0) + 1
        if self._trick is Trick.CHATTER:
            self._say(now_s + self._stream.uniform(0.0, 0.05), self._noise(1, 40), Trick.CHATTER)
        if self._trick in (Trick.NOISE, Trick.ENDLESS):  # whether the drive answers or not
            most = 60 if self._trick is Trick.NOISE else LONGEST_ENDLESS
            self._say(self.request_end_s + self._stream.uniform(0.0, 0.02), self._noise(1, most), self._trick)
        self.line.write(data, now_s)

    def next_event_s(self) -> float:
        return min(self.line.next_event_s(), min((p.end_s for p in self._pieces), default=inf))

    def read(self, now_s: float) -> bytes:
        answer = self.line.read(now_s)
        if answer:
            self._play(answer, now_s)
        due = sorted((p for p in self._pieces if p.end_s <= now_s), key=lambda p: p.end_s)
        self._pieces = [p for p in self._pieces if p.end_s > now_s]
        self.heard += due
        return b"".join(p.data for p in due)

    # The tricks

    def _play(self, answer: bytes, now_s: float) -> None:
        """An answer that the line has brought: pass it on, or what has become of it."""
        stream, trick = self._stream, self._trick
        self._trick = Trick.NONE  # one trick for each request
        if trick in (Trick.SILENCE, Trick.NOISE, Trick.ENDLESS):
            return
        if trick is Trick.LATE:
            self._say(now_s + stream.uniform(0.0, 0.3), answer, "late")
        elif trick is Trick.TWICE:
            self._pass(answer, now_s, "own")
            self._say(now_s + stream.uniform(0.0, 0.1), answer, "twice")
        elif trick is Trick.STALE and self._before:
            self._pass(stream.choice(self._before), now_s, "stale")
        elif trick is Trick.PIECES:
            cut = stream.randrange(1, len(answer)) if len(answer) > 1 else 1
            self._pass(answer[:cut], now_s, "own")
            self._say(now_s + stream.uniform(0.0, 0.02), answer[cut:], "own")
        elif trick in (Trick.NONE, Trick.CHATTER, Trick.STALE):
            self._pass(answer, now_s, "own")
        else:
            self._pass(self._spoilt(trick, answer), now_s, trick)
        self._before.append(answer)

    def _spoilt(self, trick: Trick, answer: bytes) -> bytes:
        stream, tongue = self._stream, self._tongue
        if trick is Trick.BITS:
            spoilt = bytearray(answer)
            for _ in range(stream.randrange(1, 9)):
                spoilt[stream.randrange(len(spoilt))] ^= 1 << stream.randrange(8)
            return bytes(spoilt)
        if trick is Trick.CUT:
            return answer[: stream.randrange(len(answer))]
        if trick is Trick.LONGER:
            return answer + self._noise(1, 20)
        parts = tongue.split(answer)
        if trick is Trick.UNIT:
            return tongue.join(replace(parts, unit=stream.randrange(256)))
        if trick is Trick.FUNCTION:
            return tongue.join(replace(parts, function=stream.randrange(256)))
        if trick is Trick.COUNT:
            count = 2 * stream.randrange(tongue.longest // 2)
            return tongue.counted(parts, self._noise(count, count))
        if trick is Trick.EXCEPTION:
            return tongue.join(tongue.refused(parts, stream.randrange(256)))
        return tongue.join(replace(parts, content=self._forged(parts.content)))

    def _forged(self, content: bytes) -> bytes:
        """Other data, as much of it; a count of bytes stays what it is."""
        stream, kept = self._stream, int(self._tongue.counts_bytes)
        data = (stream.randrange(256) if stream.random() < 0.5 else byte for byte in content[kept:])
        return content[:kept] + bytes(data)

    def _noise(self, least: int, most: int) -> bytes:
        return self._stream.randbytes(self._stream.randint(least, most))

    def _pass(self, data: bytes, now_s: float, origin: str) -> None:
        self._pieces.append(Piece(now_s, data, origin))

    def _say(self, start_s: float, data: bytes, origin: str) -> None:
        """Bytes that begin now or later; the master gets long ones piece by piece, as a port gives them."""
        char_s = self.line.char_s
        for at in range(0, len(data), 64):
            piece = data[at : at + 64]
            self._pieces.append(Piece(start_s + (at + len(piece)) * char_s, piece, origin))
