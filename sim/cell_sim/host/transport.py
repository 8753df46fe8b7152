"""The simulated network: queues and losses of DDS, latencies from stated distributions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import exp
from statistics import NormalDist

from cell_sim.host.not_a_number import with_nan

LATENCIES = 4096  # different ones; the longest has a share of 0.02 %


@dataclass(frozen=True, slots=True)
class Latency:
    """Time of one message from publisher to inbox: log-normal, as measured over loopback DDS.

    Defaults: p50 0.25 ms, p99.9 about 4 ms, cut at 10 ms (rclpy on a default scheduler, loaded machine).
    """

    median_s: float = 0.00025
    sigma: float = 0.9
    longest_s: float = 0.010
    _drawn_s: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Equally likely times: a number picks one, many times faster than a logarithm finds it."""
        normal = NormalDist(0.0, self.sigma)
        shares = ((n + 0.5) / LATENCIES for n in range(LATENCIES))
        drawn_s = tuple(min(self.longest_s, self.median_s * exp(normal.inv_cdf(p))) for p in shares)
        object.__setattr__(self, "_drawn_s", drawn_s)

    def draw(self, stream: random.Random) -> float:
        return self._drawn_s[int(stream.random() * LATENCIES)]


@dataclass(slots=True)
class LinkFault:
    """What happens to the messages of one topic from one source until `until_s`."""

    port: str
    source: str
    until_s: float
    loss: float = 0.0  # probability
    extra_delay_s: float = 0.0
    repeat: float = 0.0  # probability of a second copy
    reorder: float = 0.0  # probability of 5 to 50 ms more, so that later ones overtake
    is_nan: bool = False  # a number of the message is none any more
    hits: int = 0  # messages that something has happened to


class Transport:
    """Draws the arrival times of one message at one receiver; one random stream per link, keyed by name."""

    def __init__(self, seed: int | str, latency: Latency | None = None) -> None:
        self._seed = seed
        self._latency = latency or Latency()
        self._streams: dict[tuple[str, str, str], random.Random] = {}
        self._last: dict[tuple[str, str, str], float] = {}
        self.faults: list[LinkFault] = []

    def arrivals(self, port: str, source: str, receiver: str, now_s: float) -> tuple[float, ...]:
        """Times at which the message arrives: () when lost, two when repeated; in order without a fault."""
        link = (port, source, receiver)
        stream = self._streams.get(link)
        if stream is None:
            stream = self._streams[link] = random.Random(f"{self._seed}/{port}/{source}/{receiver}")
        way_s, last_s = self._latency.draw(stream), self._last.get(link, 0.0)
        fault = self._fault(port, source, now_s) if self.faults else None
        if fault is None:
            arrival = self._last[link] = max(now_s + way_s, last_s)
            return (arrival,)
        if stream.random() < fault.loss:
            fault.hits += 1
            return ()
        arrival = max(now_s + way_s + fault.extra_delay_s, last_s)
        fault.hits += fault.extra_delay_s > 0.0
        if stream.random() < fault.reorder:
            fault.hits += 1
            arrival += stream.uniform(0.005, 0.050)
        else:
            self._last[link] = arrival
        if stream.random() < fault.repeat:
            fault.hits += 1
            return arrival, arrival + stream.uniform(0.0, 0.020)
        return (arrival,)

    def carried(self, port: str, source: str, message: object, now_s: float) -> object:
        """What the receivers get: the message, or a spoilt one while a fault of its link says so."""
        fault = self._fault(port, source, now_s) if self.faults else None
        spoilt = with_nan(message) if fault is not None and fault.is_nan else None
        if fault is None or spoilt is None:
            return message
        fault.hits += 1
        return spoilt

    def _fault(self, port: str, source: str, now_s: float) -> LinkFault | None:
        return next(
            (f for f in self.faults if f.port == port and f.source in ("", source) and now_s < f.until_s),
            None,
        )
