"""Stop proofs, stop-time budgets and distances of openings as tables."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from cell_controller.bringup.proof_file import read_proofs
from cell_controller.config import CellFile, SpindleDrive
from cell_controller.plan import CellPlan
from cell_controller.proving.budget import Budget, Distance, Share, budgets, distances
from cell_controller.proving.errors import ProvingError
from cell_controller.proving.proof import Proof, lacks, movers


def print_proofs(out: Console, cell: CellFile, plan: CellPlan) -> None:
    """What is kept of a cell's stops: proofs, budgets, distances, and what is missing for Production."""
    try:
        proofs = read_proofs(cell)
    except ProvingError as error:
        out.print(str(error), style="yellow", markup=False, highlight=False, soft_wrap=True)
        proofs = {}
    if proofs:
        out.print(proof_table(cell, plan, proofs))
    out.print(budget_table(budgets(cell, plan, proofs)))
    found = distances(cell, plan, proofs)
    if found:
        out.print(distance_table(found))
    missing = lacks(cell, plan, proofs)
    if missing:
        named = ", ".join(lack.drive for lack in missing)
        end = (
            "Production is refused" if cell.production else "a cell with production: true refuses Production"
        )
        out.print(f"stops not proved: {named}; {end}", style="yellow", markup=False, highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def proof_table(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> Table:
    """One row per axis and spindle that was tried."""
    table = _table("Proofs on a silent line", "drive", "stopped by", "after", "at most", "way", "at", "state")
    reasons = {lack.drive: lack.reason for lack in lacks(cell, plan, proofs)}
    for name in movers(cell):
        proof = proofs.get(name)
        if proof is None:
            continue
        after = "not seen"
        if proof.stop_time_s is not None:
            after = f"{proof.stop_time_s:.3f} ± {proof.resolution_s or 0.0:.3f} s"
        is_spindle = isinstance(cell.drives[name], SpindleDrive)
        speed = f"{proof.speed:.0f} rpm" if is_spindle else f"{1000 * proof.speed:.3g} mm/s"
        way = "" if proof.distance_m is None else f"{1000 * proof.distance_m:.2f} mm"
        state = reasons.get(name, f"proved {proof.at[:10]}")
        by, most = proof.stopped_by.value, f"{proof.limit_s:.3f} s"
        table.add_row(name, by, after, most, way, speed, state, style="yellow" if name in reasons else "")
    return table


def _share(share: Share) -> str:
    """As computed; in brackets as measured."""
    text = f"{1000 * share.computed_s:.4g}"
    return text if share.measured_s is None else f"{text} ({1000 * share.measured_s:.3g})"


def budget_table(found: tuple[Budget, ...]) -> Table:
    """Milliseconds from full speed; the sum has the longer of the computed and the measured time."""
    columns = ("drive", "detect", "evaluate", "line", "drive", "mechanics", "sum", "silent line")
    table = _table("Stop-time budgets in ms (measured)", *columns)
    for b in found:
        shares = (b.detection, b.evaluation, b.line, b.reaction, b.mechanics)
        table.add_row(b.drive, *map(_share, shares), f"{1000 * b.stop_s:.4g}", _share(b.silence))
    return table


def distance_table(found: tuple[Distance, ...]) -> Table:
    """One row per opening."""
    table = _table("Openings (ISO 13855)", "opening", "to standstill", "least distance", "distance", "")
    for d in found:
        least = "locked" if d.least_m is None else f"{d.least_m:.3f} m"
        distance = "" if d.distance_m is None else f"{d.distance_m:.3f} m"
        table.add_row(d.opening, f"{d.stop_s:.3f} s", least, distance, "" if d.is_enough else "too near")
    return table
