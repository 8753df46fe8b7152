"""One measured number, and the floor that the same machine reached in the same run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil

US = 1e6
MS = 1e3
PERCENTILES = (("p50", 50.0), ("p99", 99.0), ("p99_9", 99.9))


@dataclass(frozen=True, slots=True)
class Figure:
    """`floor` and `ratio` are None where nothing smaller can be measured."""

    figure: str
    value: float
    unit: str
    floor: float | None
    n: int

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    def as_json(self) -> str:
        """One line, its keys in a fixed order."""
        fields = asdict(self)
        count = fields.pop("n")
        return json.dumps({**_rounded(fields), "ratio": _short(self.ratio), "n": count})


def _rounded(fields: dict[str, object]) -> dict[str, object]:
    return {k: _short(v) if isinstance(v, float) else v for k, v in fields.items()}


def _short(value: float | None) -> float | None:
    """Four digits: no measurement here has more."""
    return None if value is None else float(f"{value:.4g}")


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least so many percent of them do not exceed (nearest rank)."""
    if not samples:
        raise ValueError("no samples")
    rank = ceil(len(samples) * percent / 100.0 - 1e-9)
    return sorted(samples)[max(rank, 1) - 1]


def spread(
    name: str, samples_s: Sequence[float], floor_s: Sequence[float], *, scale: float = US, unit: str = "us"
) -> Iterator[Figure]:
    """p50, p99 and p99.9 of times; a percentile that so few samples cannot show is left out."""
    for label, percent in PERCENTILES:
        if len(samples_s) * (100.0 - percent) < 100.0 - 1e-6:  # not one sample lies above it
            say(f"{name}_{label}: {len(samples_s)} samples are too few")
            continue
        floor = percentile(floor_s, percent) * scale if floor_s else None
        value = percentile(samples_s, percent) * scale
        yield Figure(f"{name}_{label}", value, unit, floor, len(samples_s))


def say(text: str) -> None:
    """Progress, beside the figures."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
