"""What the processes of a quiet run say: into a file, with the last lines at hand."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

KEPT_LINES = 8


class RunLog:
    """`show` of a CellUp: every line of every process, with seconds since the start."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._began_s = time.monotonic()
        self._file = path.open("w", encoding="utf-8", errors="replace")
        self._lock = threading.Lock()
        self._last: dict[str, deque[str]] = {}

    def __call__(self, name: str, line: str) -> None:
        with self._lock:
            if self._file.closed:
                return
            self._file.write(f"{time.monotonic() - self._began_s:9.3f} [{name}] {line}\n")
            self._file.flush()
            self._last.setdefault(name, deque(maxlen=KEPT_LINES)).append(line)

    def last(self, name: str) -> tuple[str, ...]:
        """The newest lines of one process."""
        with self._lock:
            return tuple(self._last.get(name, ()))

    def close(self) -> None:
        with self._lock:
            self._file.close()
