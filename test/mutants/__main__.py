"""python -m mutants [--jobs N] [--only PATTERN] [--again] [PATH ...]: tries the faults, lists the survivors.

What was found out before is kept in build/mutants and not tried again, unless the function has changed, or,
for a survivor, the tests have.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path

from mutants import ledger, report
from mutants.ledger import Verdict
from mutants.rooms import COPY, NOT_ASKED, ROOMS, ROOT, Mutant, Room, files_of
from mutants.source import write

LEDGER = COPY / "verdicts.jsonl"
NICE = 19


def main(argv: Sequence[str] | None = None) -> int:
    """1 when a fault survives that is not known to be none."""
    options = _parser().parse_args(argv)
    places = [p.resolve() for p in options.paths] or [ROOT]
    files = [(r, f) for r in ROOMS for f in files_of(r) if any((ROOT / f).is_relative_to(p) for p in places)]
    written = write(files)
    chosen = [m for m in written if fnmatch(m.name, options.only)]
    for room in ROOMS:
        asked = replace(room, tests=tuple(options.tests)) if options.tests else room
        mine = [m for m in chosen if m.room == room.name]
        if mine and not options.list:
            _try(asked, mine, [m for m in written if m.room == room.name], options)
    code = report.print_survivors(chosen, ledger.read(LEDGER))
    for fault in report.unknown(written):
        print(f"equivalent.toml excuses a fault that does not exist: {fault}")  # noqa: T201
        code = 1
    return code


def _digest(folders: Sequence[str]) -> str:
    """Of every test in them, and of what they share."""
    digest = hashlib.sha256()
    for folder in folders:
        root = ROOT / folder
        for path in sorted(root.rglob("*.py")) if root.is_dir() else [root]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _try(room: Room, mutants: list[Mutant], written: list[Mutant], options: argparse.Namespace) -> None:
    """`written` are all that stand in the copy, whether they are to be tried or not."""
    known, tests = ledger.read(LEDGER), _digest((*room.tests, "test/support"))

    def is_open(mutant: Mutant) -> bool:
        entry = known.get((mutant.name, mutant.digest))
        if entry is None or options.again:
            return True
        return entry.verdict in (Verdict.SURVIVED, Verdict.UNREACHED) and entry.tests != tests

    todo = [m for m in mutants if is_open(m)]
    if not todo:
        return
    known_by = "".join(sorted({f"{m.path} {m.digest}" for m in written})) + _digest(("test/support",))
    learned = COPY / f"{room.name}-{hashlib.sha256(known_by.encode()).hexdigest()[:12]}"
    learned.mkdir(exist_ok=True)
    _wait([_start(room, written, 0, learned, tests, "--learn")])
    jobs = min(options.jobs, len(todo))
    _wait([_start(room, todo[n::jobs], n, learned, tests) for n in range(jobs)])


def _wait(processes: list[subprocess.Popen[bytes]]) -> None:
    codes = [process.wait() for process in processes]
    if any(codes):
        sys.exit("the trial has failed")


def _start(
    room: Room, mutants: list[Mutant], number: int, learned: Path, tests: str, *more: str
) -> subprocess.Popen[bytes]:
    share = COPY / f"{room.name}-{number}.json"
    share.write_text(json.dumps([asdict(m) for m in mutants]))
    paths = (COPY / "src", ROOT / "sim", ROOT / "test")
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-s", "-p", "mutants.plugin", "-p", "no:cacheprovider"),
        *(
            "--no-header",
            f"--mutants={share}",
            f"--ledger={LEDGER}",
            f"--learned={learned}",
            f"--tests-digest={tests}",
        ),
        *(f"--ignore={path}" for path in NOT_ASKED),
        *more,
        *room.tests,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.Popen(command, cwd=ROOT, env=environment, preexec_fn=_be_nice)


def _be_nice() -> None:
    os.nice(NICE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="files or folders; all rooms without")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="*", metavar="PATTERN", help="of a mutant's name")
    parser.add_argument(
        "--tests", action="append", metavar="FILE", help="ask these alone: quick while you write"
    )
    parser.add_argument("--again", action="store_true", help="those with a verdict too")
    parser.add_argument("--list", action="store_true", help="the survivors of before; tries nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
