"""What an axis' encoder shows while its joint is heard of now and then only, over a network."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

_CORRECTED_S = 0.02  # four joint states of 200 Hz; well below what a drive's own servo takes to settle
_MOST_S = 0.01  # of correction at once, however long nothing was heard
_CATCHING_UP = 0.5  # of the greatest speed: more and an interlock would see a position that cannot be


@dataclass(frozen=True, slots=True)
class Heard:
    """A joint in SI units, and when it was first heard on the clock of the plant."""

    position: float
    speed: float
    at_s: float


class Encoder:
    """Goes on as its axis is told between two joint states, and is drawn to each as it comes.

    An encoder never jumps. Joint states that are late, or a server that stood for a moment, show as a
    position that is a little wrong and not as one that cannot be.
    """

    __slots__ = ("_drift_m_s", "_heard", "_most_m_s", "_there_m", "_told_m_s", "position_m", "speed_m_s")

    def __init__(self, max_speed_m_s: float) -> None:
        self.position_m = self.speed_m_s = 0.0
        self._most_m_s = _CATCHING_UP * max_speed_m_s
        self._there_m = 0.0  # by the newest that was heard
        self._told_m_s = 0.0
        self._drift_m_s = 0.0  # faster than told
        self._heard: Heard | None = None

    def forget(self) -> None:
        """What is heard next is where the axis is."""
        self._heard = None

    def reset(self, told_m_s: float) -> None:
        """The reference was put to another speed; the axis goes on at its own."""
        self._drift_m_s += self._told_m_s - told_m_s
        self._told_m_s = told_m_s

    def tell(self, told_m_s: float) -> None:
        """The reference has reached this speed, and the axis follows it."""
        self._told_m_s = told_m_s

    def step(self, heard: Heard, now_s: float, dt_s: float) -> None:
        """Go on by dt to now; `heard` may be known already, or newer than now when the plant is behind."""
        before, self._heard = self._heard, heard
        if before is None:
            self.position_m = self._there_m = heard.position
            self._drift_m_s = heard.speed - self._told_m_s
        elif heard.at_s != before.at_s:
            self._there_m = heard.position + heard.speed * (now_s - dt_s - heard.at_s)
            share = 1.0 - exp(-min(heard.at_s - before.at_s, _MOST_S) / _CORRECTED_S)
            self._drift_m_s += share * (heard.speed - self._told_m_s - self._drift_m_s)
        elif now_s - heard.at_s > _MOST_S:  # what is not heard again is over
            self._drift_m_s *= exp(-dt_s / _CORRECTED_S)
        self.speed_m_s = self._told_m_s + self._drift_m_s
        way_m, most_m = self.speed_m_s * dt_s, self._most_m_s * dt_s
        wrong_m = self._there_m - self.position_m
        self._there_m += way_m
        self.position_m += way_m + min(max(wrong_m * (1.0 - exp(-dt_s / _CORRECTED_S)), -most_m), most_m)
