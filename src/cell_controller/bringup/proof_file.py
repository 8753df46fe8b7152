"""Where a cell's stop proofs are kept: one JSON file beside the part journal, replaced as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cell_controller.config import CellFile
from cell_controller.plan import CellPlan
from cell_controller.proving.budget import too_near
from cell_controller.proving.errors import ProvingError
from cell_controller.proving.proof import Proof, decode, encode, hindrance, lacks


def proof_path(cell: CellFile) -> Path:
    """Beside the journal; in the user's state directory when the journal lives only as long as a run."""
    name = f"{cell.name}{cell.namespace.replace('/', '-')}.stops.json"
    if "{run_dir}" in cell.journal:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return Path(base) / "cell-controller" / name
    return Path(cell.journal).expanduser().parent / name


def read_proofs(cell: CellFile) -> dict[str, Proof]:
    """What is kept, nothing before the first proof; ProvingError when the file makes no sense."""
    path = proof_path(cell)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ProvingError(f"{path}: {error}") from error
    try:
        return decode(text)
    except ProvingError as error:
        raise ProvingError(f"{path}: {error}; remove it and prove the stops again") from error


def keep_proofs(cell: CellFile, proofs: Mapping[str, Proof]) -> Path:
    """Put new proofs in the place of the old ones of their drives; on disk when it returns."""
    path = proof_path(cell)
    try:
        kept = read_proofs(cell)
    except ProvingError:
        kept = {}  # unreadable: Production is refused until every drive is proved again
    text = encode(cell.name, {**kept, **proofs})
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ProvingError(f"{path}: {error}") from error
    return path


def unproved(cell: CellFile, plan: CellPlan) -> str:
    """Why Production is refused by what is kept of the stops, "" when every one is proved and soon enough."""
    try:
        proofs = read_proofs(cell)
    except ProvingError as error:
        return str(error)
    reasons = (hindrance(lacks(cell, plan, proofs)), too_near(cell, plan, proofs))
    return "; ".join(reason for reason in reasons if reason)
