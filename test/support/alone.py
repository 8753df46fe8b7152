"""Turns of the processes of one test run: any number side by side, or one alone."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """A file that each process locks while it tests."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def taken(self, *, is_alone: bool) -> Iterator[None]:
        """Wait for a turn, and give it back at the end."""
        with self._path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH)
            yield
