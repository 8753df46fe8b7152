"""`cell prove-stop`: asks, proves on the real ports, prints and keeps what came out."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from types import FrameType

import typer
from rich.console import Console

from cell_controller.bringup.console import Printer
from cell_controller.bringup.proof_file import proof_path
from cell_controller.bringup.prove import StopProof
from cell_controller.bringup.table import PRIORITIES, Arguments, Role
from cell_controller.bringup.urgency import make_urgent
from cell_controller.cli.errors import CliError
from cell_controller.cli.proofs import print_proofs
from cell_controller.config import SpindleDrive
from cell_controller.proving.budget import budgets, distances
from cell_controller.proving.proof import machine_hash
from cell_controller.proving.prover import drives_to_prove
from cell_controller.proving.trial import SPINDLE_SHARE

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


def prove(
    arguments: Arguments, line: str | None, *, is_sure: bool, is_json: bool, drive: str | None = None
) -> int:
    """Returns the exit code; CellError when it cannot begin."""
    out = Console(stderr=is_json, highlight=False)  # stdout has the JSON object alone
    proof = StopProof(arguments, line, Printer(sys.stderr if is_json else sys.stdout), drive=drive)
    if not proof.drives and drive is not None:
        names = ", ".join(drives_to_prove(proof.cell, line))
        raise CliError(f"{arguments.cell} has no axis or spindle {drive!r}; there are {names}")
    if line is not None and line not in proof.cell.lines:
        raise CliError(f"{arguments.cell} has no line {line!r}; there are {', '.join(proof.cell.lines)}")
    if not is_sure:
        _ask(proof, out)
    is_interrupted = _run(proof)
    print_proofs(out, proof.cell, proof.plan)
    for lack in proof.refused:
        out.print(f"not tried: {lack}", style="yellow", markup=False, soft_wrap=True)
    if proof.problem:
        out.print(f"cell prove-stop: {proof.problem}", style="bold red", markup=False, soft_wrap=True)
    if proof.proofs:
        out.print(f"kept in {proof_path(proof.cell)}", markup=False, soft_wrap=True)
    if is_json:
        print(_as_json(proof), file=sys.stdout, flush=True)  # noqa: T201  # the result of the command
    return EXIT_INTERRUPTED if is_interrupted else 0 if proof.is_good else 1


def _ask(proof: StopProof, out: Console) -> None:
    """Things will move: who types must want it."""
    spindles = [n for n in proof.drives if isinstance(proof.cell.drives[n], SpindleDrive)]
    axes = [n for n in proof.drives if n not in spindles]
    limit_mm_s = 1000 * proof.cell.safety.manual_speed_m_s
    out.print(f"{proof.cell.label}: one after the other will move, and run on when its line falls silent:")
    if axes:
        out.print(f"  {', '.join(axes)} at {limit_mm_s:g} mm/s at most")
    if spindles:
        out.print(f"  {', '.join(spindles)} at {SPINDLE_SHARE:.0%} of the permitted speed", markup=False)
    out.print("The guard must be closed, and the emergency stop within reach.")
    if not sys.stdin.isatty():
        raise CliError("nobody is there to be asked; say --yes")
    typer.confirm("Go on?", abort=True, err=True)


def _run(proof: StopProof) -> bool:
    """True when a signal ended it: what moves is stopped first."""
    signals: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        proof.give_up()

    former = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    make_urgent(PRIORITIES[Role.BUS])  # as the buses of a cell that is up
    try:
        proof.run()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    return bool(signals)


def _as_json(proof: StopProof) -> str:
    known = {p.drive: p for p in proof.proofs}
    return json.dumps(
        {
            "cell": proof.cell.name,
            "is_good": proof.is_good,
            "machine_hash": machine_hash(proof.cell, proof.plan),
            "proofs": [asdict(p) for p in proof.proofs],
            "refused": [asdict(lack) for lack in proof.refused],
            "budgets": [{**asdict(b), "stop_s": b.stop_s} for b in budgets(proof.cell, proof.plan, known)],
            "openings": [
                {**asdict(d), "is_enough": d.is_enough} for d in distances(proof.cell, proof.plan, known)
            ],
            "problem": proof.problem,
        }
    )
