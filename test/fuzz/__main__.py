"""python -m fuzz [--exchanges N] [--seed S] [--jobs J]: a bus against a hostile slave; JSON at the end.

Exit code 1 at the first thing that must not be; `--only SEED:NUMBER` runs that trial alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

from cell_controller.bringup.parent import follow_parent
from fuzz.trial import Counts, FuzzError, run_trial


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every trial held."""
    options = _parser().parse_args(argv)
    if options.only:
        _say(_summary(run_trial(options.only), options.only))
        return 0
    seed = random.SystemRandom().randrange(1_000_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)  # noqa: T201
    total = Counts()
    protocols: dict[str, Counts] = defaultdict(Counts)
    try:
        for number, counts in enumerate(_trials(seed, options.jobs)):
            total.add(counts)
            protocols[counts.protocol].add(counts)
            if number % 20 == 19:
                print(f"{total.exchanges} exchanges", file=sys.stderr, flush=True)  # noqa: T201
            if total.exchanges >= options.exchanges:
                break
    except FuzzError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    apart = {name: _sums(counts) for name, counts in sorted(protocols.items())}
    _say({**_summary(total, seed), "protocols": apart})
    return 0


def _trials(seed: int, jobs: int) -> Iterator[Counts]:
    names = (f"{seed}:{number}" for number in range(1_000_000))
    if jobs == 1:
        yield from map(run_trial, names)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, follow_parent, (os.getpid(),)) as pool:
        # A few at a time: imap would take all names at once, and the end is known only on the way.
        while True:
            yield from pool.map(run_trial, [next(names) for _ in range(4 * jobs)], chunksize=1)


def _summary(counts: Counts, seed: object) -> dict[str, object]:
    return {
        "seed": seed,
        **_sums(counts),
        "tricks": dict(sorted(counts.tricks.items())),
        "simulated_s": round(counts.simulated_s, 1),
    }


def _sums(counts: Counts) -> dict[str, object]:
    return {
        "exchanges": counts.exchanges,
        "believed": dict(sorted(counts.believed.items())),
        "refused": counts.refused,
        "silent": counts.silent,
        "moves_permitted": counts.moves,
        "stops_watched": counts.stops,
    }


def _say(summary: dict[str, object]) -> None:
    print(json.dumps(summary))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=1_000_000, help="requests of the bus, at least")
    parser.add_argument("--seed", type=int, help="a fresh one, printed, without it")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", metavar="SEED:NUMBER", help="one trial")
    return parser


if __name__ == "__main__":
    sys.exit(main())
