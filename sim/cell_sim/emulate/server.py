"""One virtual drive on a pseudo-terminal, in real time, until it is told to end."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path

from cell_controller.config import SerialFormat
from cell_controller.drives.profile import DriveProfile
from cell_sim.emulate.bench import bench_line
from cell_sim.ptys import Pty

_TICK_S = 0.05  # longest time between two looks at whether to end
_NOBODY_S = 0.02  # between two looks for somebody who opens the port


class Emulator:
    """`open`, then `run`; `close` takes the link away."""

    def __init__(
        self,
        profile: DriveProfile,
        unit: int,
        baud: int,
        form: SerialFormat,
        link: Path,
        *,
        echoes: bool = False,
    ) -> None:
        self.line, self._plant = bench_line(profile, unit, baud, form, time.monotonic())
        self.line.echoes = echoes
        self._pty = Pty(link)
        self._has_user = False

    def open(self) -> None:
        """PathInUseError when the link is a real file."""
        self._pty.open()

    def close(self) -> None:
        self._pty.close()

    def run(self, is_over: Callable[[], bool]) -> None:
        """Serve whoever opens the port, one after the other."""
        while not is_over():
            now_s = time.monotonic()
            if self.line.next_event_s() <= now_s:
                self._to_master(now_s)
            if not self._has_user and not self._pty.has_user:
                time.sleep(_NOBODY_S)
                continue
            self._has_user = True
            self._wait(now_s)

    def _wait(self, now_s: float) -> None:
        descriptor = self._pty.fd
        if descriptor is None:
            return
        timeout_s = min(max(self.line.next_event_s() - now_s, 0.0), _TICK_S)
        readable, _, _ = select.select([descriptor], [], [], timeout_s)
        if not readable:
            self._plant.advance(time.monotonic())
            return
        data, now_s = self._pty.read(), time.monotonic()
        if not data:
            self._has_user = self._pty.has_user
            return
        self._to_master(now_s)  # what was on the wire before these bytes
        self.line.master_baud, self.line.master_stop_bits = self._pty.baud, self._pty.stop_bits
        self.line.write(data, now_s)

    def _to_master(self, now_s: float) -> None:
        self._pty.write(self.line.read(now_s))
