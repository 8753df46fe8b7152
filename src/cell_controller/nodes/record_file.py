"""The recorder's file: one JSON object per line, bounded, never a reason to stop."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import IO, Any

from cell_controller.nodes.local_io import Post
from cell_controller.runtime import Sent

MOST_BYTES = 20_000_000  # then the file is put aside once as .old: at most twice this is kept


class RecordFile:
    """LocalIo of the recorder. A full disk loses lines, not the cell."""

    ports = frozenset({"record"})

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.lost = 0

    def begin(self, post: Post) -> None:
        self._open()

    def fileno(self) -> int | None:
        return None

    def on_readable(self, now_s: float) -> None:
        """Never called: there is no descriptor."""

    def handle(self, sent: Sent) -> None:
        message: Any = sent.message
        # The wall clock is for people who read the record; nothing is decided on it.
        line = json.dumps({"time": time.time(), "topic": message.topic, "message": message.content})
        try:
            if self._file is None:
                self._open()
            if self._file is not None:
                self._file.write(line + "\n")
                self._file.flush()
                if self._file.tell() > MOST_BYTES:
                    self._put_aside()
        except OSError:
            self.lost += 1
            self.close()

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                self.lost += 1  # its last lines did not fit on the disk

    def _open(self) -> None:
        try:
            self._file = self._path.open("a", encoding="utf-8")
        except OSError:
            self.lost += 1

    def _put_aside(self) -> None:
        self.close()
        self._path.replace(self._path.with_suffix(".old"))
        self._open()
