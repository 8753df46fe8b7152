"""Child processes of one cell: started in sessions of their own, their output prefixed with their names."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from cell_controller.bringup.table import NodeSpec

Print = Callable[[str, str], None]
"""Name of the process and one line of its output."""

READ_BYTES = 65536
# Of the ROS wheels: set for this interpreter, wrong for another one.
FOREIGN = ("_ROS_WHEELS_BOOTSTRAP_COMPLETE",)


class Output:
    """Reads what the children say, in one thread, line by line."""

    def __init__(self, show: Print) -> None:
        self._show = show
        self._selector = selectors.DefaultSelector()
        self._rest: dict[int, bytes] = {}
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._is_over = False
        self._thread = threading.Thread(target=self._read, name="output of the cell", daemon=True)
        self._selector.register(self._wake_fd, selectors.EVENT_READ)
        self._thread.start()

    def add(self, name: str, descriptor: int) -> None:
        """Take over the reading end of a pipe."""
        os.set_blocking(descriptor, False)
        with self._lock:
            self._rest[descriptor] = b""
            self._selector.register(descriptor, selectors.EVENT_READ, name)
        os.eventfd_write(self._wake_fd, 1)

    def close(self) -> None:
        """Read what is left, then end. May be called twice."""
        if self._is_over:
            return
        self._is_over = True
        os.eventfd_write(self._wake_fd, 1)
        self._thread.join()
        self._selector.close()
        for descriptor in self._rest:
            os.close(descriptor)
        os.close(self._wake_fd)

    def _read(self) -> None:
        while True:
            ready = self._selector.select(0.0 if self._is_over else None)
            pipes = [(key.fd, key.data) for key, _ in ready if key.fd != self._wake_fd]
            if len(pipes) < len(ready):
                os.eventfd_read(self._wake_fd)
            for descriptor, name in pipes:
                self._take(descriptor, name)
            if self._is_over and not pipes:
                return

    def _take(self, descriptor: int, name: str) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        *lines, rest = (self._rest[descriptor] + data).split(b"\n")
        if not data:
            with self._lock:
                self._selector.unregister(descriptor)
                del self._rest[descriptor]
            os.close(descriptor)
            lines, rest = [rest] if rest else [], b""
        else:
            self._rest[descriptor] = rest
        for line in lines:
            self._show(name, line.decode(errors="replace"))


class Child:
    """One process of the table over all its lives."""

    def __init__(self, spec: NodeSpec, output: Output, descriptors: tuple[int, ...]) -> None:
        self.spec = spec
        self.starts = 0
        self.started_at_s = 0.0
        self.exit_codes: list[int] = []
        self._output, self._descriptors = output, descriptors
        self._process: subprocess.Popen[bytes] | None = None
        self._looking = threading.Lock()  # two threads that see the same end would count it twice

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """A new process. To be called by a thread that outlives it: the kernel ties its death to ours."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        environment = {k: v for k, v in os.environ.items() if k not in FOREIGN}
        try:
            self._process = subprocess.Popen(
                self.spec.argv(os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                env={**environment, **dict(self.spec.environment)},
                start_new_session=True,  # the terminal's Ctrl-C is ours alone
                pass_fds=self._descriptors,
            )
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._output.add(self.name, reading)
        self.starts += 1
        self.started_at_s = time.monotonic()

    def poll(self) -> bool:
        """True while it runs; its exit code is kept when it ends."""
        with self._looking:
            if self._process is None:
                return False
            code = self._process.poll()
            if code is None:
                return True
            self._process = None
            self.exit_codes.append(code)
            return False

    def send(self, number: signal.Signals) -> None:
        """A signal to it, if it runs."""
        if self.poll() and self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it and whatever it started, at once."""
        if self.poll() and self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def wait(self, timeout_s: float) -> bool:
        """True when it has ended within the time."""
        deadline_s = time.monotonic() + timeout_s
        while self.poll():
            if time.monotonic() >= deadline_s:
                return False
            time.sleep(0.01)
        return True
