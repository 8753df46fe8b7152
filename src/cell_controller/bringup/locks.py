"""Locks on what only one cell may use: its namespace, and each of its serial lines.

flock on small files in a folder that all users share. The descriptors are inherited by the cell's
processes: when `cell up` is killed, the names stay taken until the last process that uses them is gone.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from cell_controller.bringup.errors import InUseError

SHARED_MODE = 0o1777  # as /tmp: everybody may make locks, nobody may remove another's


class Locks:
    """All locks of one cell; `release` gives them back and removes their files."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or Path(tempfile.gettempdir()) / "cell-controller-locks"
        self._held: dict[Path, int] = {}

    @property
    def descriptors(self) -> tuple[int, ...]:
        """To be inherited by the processes that use what is locked."""
        return tuple(self._held.values())

    def take(self, key: str, what: str) -> None:
        """Lock `key` or raise InUseError, which says `what` is in use by whom."""
        readable = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")[-60:]
        path = self._directory / f"{readable}-{sha256(key.encode()).hexdigest()[:8]}.lock"
        while True:
            descriptor = self._open(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise InUseError(what, holders(path)) from None
            if _is_file(descriptor, path):
                break
            os.close(descriptor)  # its former owner removed the file between our open and our lock
        self._held[path] = descriptor

    def release(self) -> None:
        for path, descriptor in self._held.items():
            path.unlink(missing_ok=True)
            os.close(descriptor)
        self._held.clear()
        try:
            self._directory.rmdir()
        except OSError:
            return  # locks of other cells are in it, or it is another user's

    def _open(self, path: Path) -> int:
        while True:
            if not self._directory.is_dir():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._directory.chmod(SHARED_MODE)
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
            except FileNotFoundError:
                continue  # another cell that ended has just removed the folder


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def holders(path: Path) -> tuple[tuple[int, str], ...]:
    """Processes that have a file open, with their command lines; those of other users are not seen."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(os.path.samefile(link, path) for link in (entry / "fd").iterdir()):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                found.append((int(entry.name), b" ".join(words).decode(errors="replace").strip()))
        except OSError:
            continue  # it ended while we looked, or is another user's
    return tuple(sorted(found))
