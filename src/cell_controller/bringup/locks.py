"""Locks on what only one cell may use: its namespace, and each of its serial lines.

flock on small files in a folder that all users share. The descriptors are inherited by the cell's
processes: when `cell up` is killed, the names stay taken until the last process that uses them is gone.
The kernel frees a lock with its last holder; the file that a killed cell leaves is removed by the next cell.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from cell_controller.bringup.errors import InUseError
from cell_controller.nodes.holders import holders_of

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
        path = self._path(key)
        while True:
            descriptor = self._open(path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise InUseError(what, holders_of(path)) from None
            if _is_file(descriptor, path):
                break
            os.close(descriptor)  # its former owner removed the file between our open and our lock
        self._held[path] = descriptor

    def holders_of(self, key: str) -> tuple[tuple[int, str], ...]:
        """Who has it, with their command lines; nobody when it is free."""
        path = self._path(key)
        return holders_of(path) if path.is_file() else ()

    def release(self) -> None:
        """Also removes what killed cells have left in the folder, and the folder when it is empty."""
        for path, descriptor in self._held.items():
            _remove(path)
            os.close(descriptor)
        if self._held and self._directory.is_dir():
            for path in self._directory.glob("*.lock"):
                _remove_if_free(path)
        self._held.clear()
        try:
            self._directory.rmdir()
        except OSError:
            return  # locks of other cells are in it, or it is another user's

    def _path(self, key: str) -> Path:
        readable = re.sub(r"[^A-Za-z0-9]+", "_", key).strip("_")[-60:]
        return self._directory / f"{readable}-{sha256(os.fsencode(key)).hexdigest()[:8]}.lock"

    def _open(self, path: Path) -> int:
        while True:
            if not self._directory.is_dir():
                self._directory.mkdir(parents=True, exist_ok=True)
                self._directory.chmod(SHARED_MODE)
            try:
                # Two steps: in a folder of all users Linux may refuse O_CREAT for a file of another one
                # (fs.protected_regular), and reading is enough to lock it.
                return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            except FileNotFoundError:
                pass
            try:
                return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            except (FileExistsError, FileNotFoundError):
                continue  # another cell has just made it, or removed the folder


def _is_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    """To be called with its lock held. A file of another user stays."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return


def _remove_if_free(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_file(descriptor, path):
            _remove(path)
    except BlockingIOError:
        return  # it belongs to a cell that runs
    finally:
        os.close(descriptor)
