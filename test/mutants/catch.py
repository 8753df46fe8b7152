"""python -m mutants.catch [--seeds N] [--most M] [INVARIANT ...]: how soon is a broken controller caught?

For each of the eight broken controllers of test/support/broken.py: N hunts, each through episodes of fresh
seeds until the watcher of invariants sees a violation, M episodes at most. Prints the median and the worst
number of episodes of each; 1 when a hunt was in vain.
"""

from __future__ import annotations

import argparse
import gc
import math
import multiprocessing
import os
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from cell_controller.bringup.parent import follow_parent
from cell_sim.episodes.episode import Task, run
from support.broken import CONTROLLERS
from support.moments import TEST_CELL

FRESH_SEEDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Hunt:
    """One controller, and the seeds to try it with: `seed`:0, `seed`:1, ..."""

    invariant: int
    seed: int
    most: int


@dataclass(frozen=True, slots=True)
class Catch:
    """The number of the episode that showed it, inf when none did, and the invariant that was broken."""

    invariant: int
    episodes: float
    seen: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0


def hunt(hunt: Hunt) -> Catch:
    """Episodes until one shows that the controller is broken."""
    gc.disable()  # of one episode at a time, as in cell simulate
    simulated_s = wall_s = 0.0
    try:
        for number in range(hunt.most):
            outcome = run(Task(TEST_CELL, f"{hunt.seed}:{number}"), CONTROLLERS[hunt.invariant])
            simulated_s, wall_s = simulated_s + outcome.simulated_s, wall_s + outcome.wall_s
            if outcome.violations:
                return Catch(hunt.invariant, number + 1, outcome.invariants[0], simulated_s, wall_s)
            gc.collect()
    finally:
        gc.enable()
    return Catch(hunt.invariant, math.inf, 0, simulated_s, wall_s)


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    first = secrets.randbelow(FRESH_SEEDS) if options.seed is None else options.seed
    print(f"seed {first}", file=sys.stderr)  # noqa: T201
    chosen = options.invariants or list(CONTROLLERS)
    hunts = [Hunt(i, first + n, options.most) for i in chosen for n in range(options.seeds)]
    code = 0
    print("controller  median  worst  in vain  first broken invariant (hunts)  simulated s")  # noqa: T201
    with multiprocessing.get_context("spawn").Pool(options.jobs, follow_parent, (os.getpid(),)) as pool:
        catches: list[Catch] = []
        for catch in pool.imap(hunt, hunts):
            catches.append(catch)
            if len(catches) == options.seeds:
                print(_row(catches), flush=True)  # noqa: T201
                code |= any(math.isinf(c.episodes) for c in catches)
                catches = []
    return code


def _row(catches: Sequence[Catch]) -> str:
    numbers = [c.episodes for c in catches]
    vain = sum(map(math.isinf, numbers))
    seen = Counter(c.seen for c in catches if c.seen)
    by = ", ".join(f"{invariant} ({count})" for invariant, count in sorted(seen.items()))
    cells = (f"{catches[0].invariant:10}", f"{median(numbers):6g}", f"{max(numbers):5g}", f"{vain:7}")
    return "  ".join((*cells, f"{by:31}", f"{sum(c.simulated_s for c in catches):.0f}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants.catch", description=__doc__)
    parser.add_argument("invariants", nargs="*", type=int, metavar="INVARIANT")
    parser.add_argument("--seeds", type=int, default=10, help="hunts for each controller")
    parser.add_argument("--most", type=int, default=100, help="episodes of a hunt")
    parser.add_argument("--seed", type=int, help="of the first hunt; a fresh one, printed, without it")
    parser.add_argument("--jobs", type=int, default=2)
    return parser


if __name__ == "__main__":
    sys.exit(main())
