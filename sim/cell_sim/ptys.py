"""Pseudo-terminals under the device paths of a cell file."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import termios
import tty
from pathlib import Path

from cell_controller.errors import CellError

_READ_BYTES = 4096
_BAUDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
    if hasattr(termios, f"B{baud}")
}


class PathInUseError(CellError):
    """A device path or run directory belongs to somebody else."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class RunDirLock:
    """One simulator per run directory; the lock goes with the process, however it ends."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / "sim.lock"
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock or raise PathInUseError."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            raise PathInUseError(self._path, "another simulator runs in this directory") from error
        self._fd = fd

    def release(self) -> None:
        """Let the next simulator in."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class Pty:
    """The drives' end of one line. The cell file's device path is a link to the other end.

    Only the controller holds the other end: the kernel's hang-up tells when it opens and closes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._master: int | None = None
        self._lock: int | None = None  # while it is open: nobody else puts a link there
        self._name = ""  # of the other end
        self._poll = select.poll()

    @property
    def fd(self) -> int | None:
        """The drives' end; None while the cable is out."""
        return self._master

    def open(self) -> None:
        """Make the pseudo-terminal and put its name at the path, in one step."""
        if self.path.exists() and not self.path.is_symlink():
            raise PathInUseError(self.path, "is not a link of a simulator; remove it or choose another path")
        self._lock = self._locked()
        master, slave = os.openpty()
        tty.setraw(slave)
        name = self._name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(master, False)
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self.path)
        self._master = master
        self._poll.register(master, 0)  # hang-up is always reported

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f".{self.path.name}.lock")

    def _locked(self) -> int:
        """The lock of this path; PathInUseError while another process, or another Pty, serves it."""
        while True:
            fd = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._lock_path.stat().st_ino == os.fstat(fd).st_ino:
                    return fd
            except FileNotFoundError:
                pass  # who had it before has just taken it away
            except OSError as error:
                os.close(fd)
                raise PathInUseError(self.path, "another simulator or emulator serves it") from error
            os.close(fd)

    def _unlock(self) -> None:
        fd, self._lock = self._lock, None
        if fd is not None:
            self._lock_path.unlink(missing_ok=True)
            os.close(fd)

    def close(self) -> None:
        """Pull the cable: the link is gone and the controller's end reports an error."""
        if self._master is None:
            return
        self._poll.unregister(self._master)
        if self.path.is_symlink() and os.readlink(self.path) == self._name:
            self.path.unlink()
        os.close(self._master)
        self._master = None
        self._unlock()

    @property
    def has_user(self) -> bool:
        """True while somebody holds the controller's end open."""
        return self._master is not None and not any(event & select.POLLHUP for _, event in self._poll.poll(0))

    @property
    def baud(self) -> int:
        """Speed that the controller has set; 0 when it is none of the usual ones."""
        if self._master is None:
            return 0
        return _BAUDS.get(termios.tcgetattr(self._master)[5], 0)

    @property
    def stop_bits(self) -> int:
        """Stop bits that the controller has set; a pseudo-terminal keeps them, though not the parity."""
        if self._master is None:
            return 0
        return 2 if termios.tcgetattr(self._master)[2] & termios.CSTOPB else 1

    def read(self) -> bytes:
        """What the controller has written since the last call."""
        if self._master is None:
            return b""
        try:
            return os.read(self._master, _READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:  # nobody has the other end open
                return b""
            raise

    def write(self, data: bytes) -> None:
        """Bytes for the controller; lost when nobody listens."""
        if self._master is None or not data:
            return
        try:
            os.write(self._master, data)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
