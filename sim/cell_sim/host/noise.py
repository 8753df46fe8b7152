"""Noise on a serial line, between the port of a bus and the virtual line, in both directions."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from enum import Enum

from cell_sim.host.local_io import Wire


class Spoil(Enum):
    """What happens to one frame."""

    BITS = "bits"  # one to three flipped bits
    BURST = "burst"  # flipped bits within 2 to 16 neighbours
    TRUNCATE = "truncate"  # its end is missing
    LOSE = "lose"


@dataclass(slots=True)
class Spoiler:
    """Spoils frames of one line; each kind is one that a CRC-16 finds for certain, or leaves no frame."""

    stream: random.Random

    def spoil(self, data: bytes, how: Spoil) -> bytes:
        if how is Spoil.LOSE or not data:
            return b""
        if how is Spoil.TRUNCATE:
            return data[: self.stream.randrange(len(data))]
        bits = len(data) * 8
        if how is Spoil.BITS:
            places = self.stream.sample(range(bits), self.stream.randrange(1, 4))
        else:
            length = min(bits, self.stream.randrange(2, 17))
            first = self.stream.randrange(bits - length + 1)
            inside = [first + n for n in range(1, length - 1) if self.stream.random() < 0.5]
            places = [first, *inside, first + length - 1]
        spoilt = bytearray(data)
        for place in places:
            spoilt[place // 8] ^= 1 << place % 8
        return bytes(spoilt)


class NoisyWire:
    """A line as its master sees it, with what is planned for the next frames."""

    def __init__(self, wire: Wire, stream: random.Random) -> None:
        self._wire, self._spoiler = wire, Spoiler(stream)
        self.requests: deque[Spoil] = deque()
        self.replies: deque[Spoil] = deque()
        self.spoilt = 0

    def write(self, data: bytes, now_s: float) -> None:
        if self.requests:
            self.spoilt += 1
            data = self._spoiler.spoil(data, self.requests.popleft())
            if not data:
                return
        self._wire.write(data, now_s)

    def next_event_s(self) -> float:
        return self._wire.next_event_s()

    def read(self, now_s: float) -> bytes:
        data = self._wire.read(now_s)
        if data and self.replies:
            self.spoilt += 1
            return self._spoiler.spoil(data, self.replies.popleft())
        return data
