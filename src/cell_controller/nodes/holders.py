"""Who has a file or a port open, for errors that name the process in the way."""

from __future__ import annotations

import os
from pathlib import Path


def holders_of(path: Path | str) -> tuple[tuple[int, str], ...]:
    """Processes that have it open, with their command lines; those of other users are not seen."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(os.path.samefile(link, path) for link in (entry / "fd").iterdir()):
                # empty for a moment while the process becomes another program
                line = (entry / "cmdline").read_bytes() or (entry / "comm").read_bytes()
                found.append((int(entry.name), line.replace(b"\0", b" ").decode(errors="replace").strip()))
        except OSError:
            continue  # it ended while we looked, or is another user's
    return tuple(sorted(found))
