"""python -m bench [--idle] [--loaded] [--figure NAME ...] [--seconds S]: JSON lines on stdout.

Without --idle or --loaded it measures both, idle first; the figure's name says which.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module

SECONDS = 30.0
NEWLINE = "\n"
# In this order: the quick ones first, those that need the live cell last.
FIGURES = (
    "codec",
    "rules",
    "wake",
    "executors",
    "lines",
    "chain",
    "lockstep",
    "polling",
    "headline",
    "resources",
)
OWN_DOMAIN = "77"  # no cell of this machine takes part


def main(argv: Sequence[str] | None = None) -> int:
    """Print every figure as soon as it is known; 1 when one could not be measured."""
    options = _parser().parse_args(argv)
    os.environ.setdefault("ROS_DOMAIN_ID", OWN_DOMAIN)
    from cell_controller.nodes import environment

    environment.prepare()
    both = options.idle == options.loaded
    states = [word for word, is_on in (("idle", options.idle), ("loaded", options.loaded)) if both or is_on]
    return max([_measure(state, options.figure or FIGURES, options.seconds) for state in states])


def _measure(state: str, names: Sequence[str], seconds: float) -> int:
    from bench.burner import burning
    from bench.figure import Figure, say
    from bench.stage import Stage

    code = 0
    stage = Stage(seconds)
    with burning() if state == "loaded" else nullcontext():
        try:
            for name in names:
                say(f"{state}: {name}")
                measure: Callable[[Stage], Iterator[Figure]] = import_module(f"bench.{name}").measure
                try:
                    for figure in measure(stage):
                        print(replace(figure, figure=f"{figure.figure}_{state}").as_json(), flush=True)  # noqa: T201
                except Exception as error:  # noqa: BLE001  # whatever it is, the other figures are measured
                    say(f"{name}: not measured: {type(error).__name__}: {str(error).partition(NEWLINE)[0]}")
                    code = 1
        finally:
            stage.close()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--idle", action="store_true", help="on the machine as it is")
    parser.add_argument("--loaded", action="store_true", help="with a process per core that computes")
    parser.add_argument("--figure", action="append", choices=FIGURES, help="these only")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    return parser


if __name__ == "__main__":
    sys.exit(main())
