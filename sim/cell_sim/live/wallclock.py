"""A wall clock that can be stepped for the processes of one cell alone: builds wallclock.c and sets it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cell_sim.live.errors import FaultError

SOURCE = Path(__file__).with_name("wallclock.c")
VARIABLE = "CELL_WALL_CLOCK"
HOUR_S = 3600
_NAME = "cell-wall-clock"


def place_of(namespace: str) -> Path:
    """Where the clock of the cell on this namespace is kept, unless somebody chooses another place."""
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    return Path(tempfile.gettempdir()) / f"{_NAME}-{os.getuid()}" / f"{domain}{namespace.replace('/', '-')}"


def environment(place: Path) -> dict[str, str]:
    """What a cell is started with so that its wall clock can be stepped; FaultError without a C compiler."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {"LD_PRELOAD": str(_library(place)), VARIABLE: str(place / "offset_ns")}


def clocks_of(pids: Iterable[int], namespace: str) -> tuple[Path, ...]:
    """Where these processes read their offset; FaultError when they were not started with `environment`."""
    files = [_variable(pid) for pid in pids]
    if not files or not all(files):
        words = " ".join(f"{name}={value}" for name, value in environment(place_of(namespace)).items())
        raise FaultError(f"the cell's wall clock cannot be stepped; bring it up so: {words} cell up FILE")
    return tuple(sorted({Path(file) for file in files}))


def set_offset(clocks: Iterable[Path], offset_s: int) -> None:
    """Step the wall clock to the true one plus this offset."""
    for path in clocks:
        with path.open("r+b") as file:
            file.write((offset_s * 10**9).to_bytes(8, "little", signed=True))


def _library(place: Path) -> Path:
    """The compiled shim of this source."""
    path = place / f"{_NAME}-{sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if path.is_file():
        return path
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise FaultError("a wall clock that can be stepped needs a C compiler (Debian: gcc)")
    made = path.with_suffix(f".{os.getpid()}")
    words = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    built = subprocess.run(words, capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise FaultError(f"{' '.join(words)}: {built.stderr.strip()}")
    made.rename(path)
    return path


def _variable(pid: int) -> str:
    """The file that a process reads; "" when it has not loaded the shim."""
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        maps = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return ""
    found = [w.partition(b"=")[2].decode() for w in words if w.startswith(f"{VARIABLE}=".encode())]
    return found[0] if found and _NAME in maps else ""
