"""Stop-time budget of every axis and spindle, and the distance of openings that follows from it.

Two ways lead to standstill: an ordinary stop (detection, evaluation, line, drive, mechanics), and the drive's
own when its line is silent. One measurement is no worst case: it makes a time longer, never shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cell_controller.config import CellFile, OpeningKind
from cell_controller.plan import CellPlan
from cell_controller.plan.checks_timing import safety_modules
from cell_controller.plan.distance import least_distance_m, stop_time_s
from cell_controller.plan.make import ramp_s
from cell_controller.plan.periods import HANDOVER_S
from cell_controller.proving.proof import Proof, machine_hash, movers
from cell_controller.proving.trial import slowing_s


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a budget."""

    computed_s: float
    measured_s: float | None = None

    @property
    def longest_s(self) -> float:
        return self.computed_s if self.measured_s is None else max(self.computed_s, self.measured_s)


@dataclass(frozen=True, slots=True)
class Budget:
    """One axis or spindle, from full speed."""

    drive: str
    detection: Share  # the slowest reading of a safety input
    evaluation: Share  # one interlock step and two messages
    line: Share  # until its first stop request is over
    reaction: Share  # of the drive, until its ramp begins
    mechanics: Share  # its ramp
    silence: Share  # alone on a dead line: watchdog or enable, and ramp

    @property
    def stop_s(self) -> float:
        """An ordinary stop, from the input to standstill."""
        shares = (self.detection, self.evaluation, self.line, self.reaction, self.mechanics)
        return sum(share.longest_s for share in shares)


@dataclass(frozen=True, slots=True)
class Distance:
    """What ISO 13855 asks of one opening; `least_m` None where guard locking makes it needless."""

    opening: str
    stop_s: float
    least_m: float | None
    distance_m: float | None

    @property
    def is_enough(self) -> bool:
        return self.least_m is None or (self.distance_m is not None and self.distance_m >= self.least_m)


def valid(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> dict[str, Proof]:
    """Those that hold for the machine as it now is."""
    present = machine_hash(cell, plan)
    return {n: p for n, p in proofs.items() if p.is_proved and p.machine_hash == present}


def budgets(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> tuple[Budget, ...]:
    """In file order; measured where there is a proof that holds."""
    known = valid(cell, plan, proofs)
    return tuple(_budget(cell, plan, name, known.get(name)) for name in movers(cell))


def _budget(cell: CellFile, plan: CellPlan, name: str, proof: Proof | None) -> Budget:
    drive = cell.drives[name]
    silence_s = None
    if proof is not None and proof.stop_time_s is not None:
        rest_s = plan.drives[name].slowing_s - slowing_s(cell, plan, name, proof.speed)
        silence_s = proof.stop_time_s + (proof.resolution_s or 0.0) + rest_s
    return Budget(
        drive=name,
        detection=Share(max(plan.drives[m].read_interval_s for m in safety_modules(cell))),
        evaluation=Share(HANDOVER_S),
        line=Share(
            plan.lines[drive.line].schedule.drive(name).stop_latency_s, proof.line_s if proof else None
        ),
        reaction=Share(plan.profile_of(name).timing.max_reply_delay_s, proof.drive_s if proof else None),
        mechanics=Share(ramp_s(drive)),
        silence=Share(plan.drives[name].coast_s, silence_s),
    )


def distances(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> tuple[Distance, ...]:
    """Every opening, with the longer of computed and measured stop of what can be reached through it."""
    by_drive = {budget.drive: budget for budget in budgets(cell, plan, proofs)}
    found = []
    for name, opening in cell.safety.openings.items():
        reached = [by_drive[drive] for drive in opening.reaches]
        later_s = max(b.line.longest_s - b.line.computed_s for b in reached)
        alone_s = opening.response_s + max(b.silence.longest_s for b in reached)
        stop_s = max(stop_time_s(cell, plan, opening) + later_s, alone_s)
        is_locked = opening.kind is OpeningKind.LOCKED
        least_m = None if is_locked else least_distance_m(stop_s, opening.resolution_m)
        found.append(Distance(name, stop_s, least_m, opening.distance_m))
    return tuple(found)


def too_near(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> str:
    """Openings whose distance the measured times make too small, "" when there is none."""
    return "; ".join(
        f"opening {d.opening}: {d.stop_s:.3f} s to standstill need {d.least_m:.3f} m, lock it or move it away"
        for d in distances(cell, plan, proofs)
        if not d.is_enough and d.least_m is not None
    )
