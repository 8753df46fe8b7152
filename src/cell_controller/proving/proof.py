"""What a trial has shown, as it is kept, and whether it is enough for Production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from cell_controller.config import AxisDrive, CellFile, SpindleDrive, canonical_hash
from cell_controller.plan import CellPlan
from cell_controller.proving.errors import ProvingError

VERSION = 1  # of the file
COMMAND = "cell prove-stop"


class StoppedBy(StrEnum):
    """What stops a drive on a silent line."""

    WATCHDOG = "watchdog"  # its own
    ENABLE = "hardwired enable"  # an output that its module opens on lost communication


@dataclass(frozen=True, slots=True)
class Proof:
    """The newest trial of one axis or spindle.

    stop_time_s, distance_m: from the last frame to the drive until it stood, at `speed` (m/s, or rpm of a
    spindle), known to within resolution_s. limit_s: watchdog and ramp as the plan computes them.
    line_s, drive_s: of an ordinary stop, from the stop that is wanted to the end of its first request, and
    from there until the ramp began; None where they were not measured.
    """

    drive: str
    machine_hash: str
    is_proved: bool
    stopped_by: StoppedBy
    stop_time_s: float | None
    resolution_s: float | None
    limit_s: float
    speed: float
    distance_m: float | None
    line_s: float | None
    drive_s: float | None
    detail: str
    at: str  # date and time, ISO 8601
    tool: str  # version of the controller


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a drive's stop is not proved, in words that name the remedy."""

    drive: str
    reason: str

    def __str__(self) -> str:
        return f"{self.drive}: {self.reason}"


def machine_hash(cell: CellFile, plan: CellPlan) -> str:
    """What a proof holds for: the cell file, as it stands, and its drive profiles. Recipes stop nothing."""
    return canonical_hash(cell, *(plan.profiles[name] for name in sorted(plan.profiles)))


def movers(cell: CellFile) -> tuple[str, ...]:
    """Axes and spindles, in file order."""
    return tuple(name for name, d in cell.drives.items() if isinstance(d, AxisDrive | SpindleDrive))


def stopped_by(cell: CellFile, plan: CellPlan, drive: str) -> StoppedBy | None:
    """What is to stop a drive on a silent line; None when nothing does."""
    if plan.drives[drive].watchdog_s is not None:
        return StoppedBy.WATCHDOG
    found = cell.drives[drive]
    has_enable = isinstance(found, AxisDrive | SpindleDrive) and found.enable is not None
    return StoppedBy.ENABLE if has_enable and plan.profile_of(drive).watchdog.enable else None


def lacks(cell: CellFile, plan: CellPlan, proofs: Mapping[str, Proof]) -> tuple[Lack, ...]:
    """Every axis and spindle whose stop is not proved for the machine as it now is."""
    present = machine_hash(cell, plan)
    found = []
    for name in movers(cell):
        reason = _lack(proofs.get(name), present, stopped_by(cell, plan, name))
        if reason:
            found.append(Lack(name, reason))
    return tuple(found)


def _lack(proof: Proof | None, present: str, by: StoppedBy | None) -> str:
    if by is None:
        return "it has neither a watchdog nor a hardwired enable: give it one, and name it as its `enable`"
    if proof is None:
        return f"its {by} was never proved: {COMMAND}"
    if proof.machine_hash != present:
        return f"cell file or profile changed since its proof of {proof.at[:10]}: {COMMAND}"
    if not proof.is_proved:
        return f"{proof.detail}: mend it, then {COMMAND}"
    if proof.stopped_by is not by:
        return f"what was proved is its {proof.stopped_by}, not its {by}: {COMMAND}"
    return ""


def hindrance(found: tuple[Lack, ...]) -> str:
    """Why Production is refused, "" when every stop is proved; each reason once, with all its drives."""
    drives: dict[str, list[str]] = {}
    for lack in found:
        drives.setdefault(lack.reason, []).append(lack.drive)
    reasons = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in drives.items())
    return f"stops are not proved: {reasons}" if reasons else ""


def encode(cell: str, proofs: Mapping[str, Proof]) -> str:
    """The file's text."""
    entries = {name: asdict(proof) for name, proof in proofs.items()}
    return json.dumps({"version": VERSION, "cell": cell, "proofs": entries}, indent=1) + "\n"


def decode(text: str) -> dict[str, Proof]:
    """The proofs of a file; ProvingError when it is none of ours."""
    try:
        data = json.loads(text)
        if data["version"] != VERSION:
            raise ProvingError(f"version {data['version']}, this controller reads {VERSION}")
        return {str(name): _proof(entry) for name, entry in data["proofs"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvingError(f"not a file of stop proofs: {error}") from error


def _proof(entry: Mapping[str, Any]) -> Proof:
    """Unknown keys are an error: a proof is taken as a whole or not at all."""
    if {f.name for f in fields(Proof)} != set(entry):
        raise ValueError("an entry has other keys than a proof")
    if type(entry["is_proved"]) is not bool:
        raise ValueError("is_proved is neither true nor false")
    return Proof(**{**entry, "stopped_by": StoppedBy(entry["stopped_by"])})
