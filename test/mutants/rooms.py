"""What is made faulty, and which tests should notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = Path("src/cell_controller")
COPY = ROOT / "build" / "mutants"


@dataclass(frozen=True, slots=True)
class Room:
    """Files of the controller and the tests that are theirs."""

    name: str
    files: tuple[str, ...]  # patterns below src/cell_controller
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `name` says which to a person and stays the same while the function does."""

    name: str
    room: str
    path: str
    key: str  # of the function in switch.TABLES
    version: str  # of the function with the fault in it
    digest: str  # of the function without
    first: int  # lines of the statement in the copy: who does not run it cannot notice
    last: int


ROOMS = (
    Room("safety", ("safety/*.py",), ("test/unit/safety",)),
    Room("packml", ("packml/*.py",), ("test/unit/packml",)),
    Room("runtime", ("runtime/*.py",), ("test/unit/runtime",)),
    Room("permit", ("drives/permit.py", "drives/stopping.py"), ("test/unit/drives",)),
    Room(
        "bus",
        ("drives/bus.py", "drives/report.py"),
        (
            "test/unit/drives/test_bus.py",
            "test/unit/drives/test_bus_outputs.py",
            "test/unit/drives/test_bus_talk.py",
            "test/conformance/test_bus_on_virtual_drives.py",
        ),
    ),
)

# No logic: what goes wrong there is seen by whoever reads the page, or by a test of the page.
NOT_MUTATED = {
    "safety/documentation.py": "writes a table of docs/safety.md, which a test compares as a whole",
}

# Hundreds of examples for each fault would take days; and some of them kill by chance.
NOT_ASKED = (
    "test/unit/safety/test_properties.py",
    "test/unit/safety/test_promises.py",
    "test/unit/packml/test_random_runs.py",
)

# Run when a bench is made, and hardly afterwards.
MAKERS = ("safety/from_cell.py",)

# What tests keep from one to the next. Most faults act on it all the same; those of MAKERS, and those that
# survive so far, have it made anew.
KEPT = (("support.interlock_bench", "_IN_MOTION"),)


def files_of(room: Room) -> tuple[Path, ...]:
    """Relative to the root, in order."""
    found = {path for pattern in room.files for path in (ROOT / SOURCES).glob(pattern)}
    kept = (p for p in found if str(p.relative_to(ROOT / SOURCES)) not in NOT_MUTATED)
    return tuple(sorted(path.relative_to(ROOT) for path in kept))
