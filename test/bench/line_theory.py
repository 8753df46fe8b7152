"""What a serial line can carry at best, from the bytes that went over it: none of the bus' own arithmetic.

An exchange is its request, the drive's delay, its reply, and the silence before the next request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

PROFILES = Path(__file__).parents[2] / "config" / "drives"
BAUD = 115200
CHAR_S = 11 / BAUD  # 8N2: start, eight data and two stop bits
SILENCE_S = 0.00175  # Modbus over serial line v1.02, 2.5.1.1, above 19200 baud


@dataclass(frozen=True, slots=True)
class Exchange:
    """As it was seen on the wire."""

    unit: int
    request_bytes: int
    reply_bytes: int


@dataclass(frozen=True, slots=True)
class Manners:
    """Of one drive: the silence that it needs around its frames, and how long it thinks."""

    gap_s: float
    delay_s: float


def manners_of(profile: str) -> Manners:
    """As the profile's file says."""
    timing = yaml.safe_load((PROFILES / f"{profile}.yaml").read_text(encoding="utf-8"))["timing"]
    return Manners(timing["gap_s"], timing["reply_delay_s"])


def shortest_s(exchanges: Sequence[Exchange], manners: Mapping[int, Manners]) -> float:
    """These exchanges, one after the other, and the silence after each but the last."""
    frames_s = sum((e.request_bytes + e.reply_bytes) * CHAR_S for e in exchanges)
    delays_s = sum(manners[e.unit].delay_s for e in exchanges)
    gaps_s = sum(
        max(SILENCE_S, manners[before.unit].gap_s, manners[after.unit].gap_s)
        for before, after in pairwise(exchanges)
    )
    return frames_s + delays_s + gaps_s


def rate_1_s(exchanges: Sequence[Exchange], manners: Mapping[int, Manners]) -> float:
    """Exchanges a second when these are repeated without a pause."""
    if not exchanges:
        raise ValueError("no exchanges")
    round_s = shortest_s((*exchanges, exchanges[0]), manners) - shortest_s(exchanges[:1], manners)
    return len(exchanges) / round_s
