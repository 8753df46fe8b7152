"""`cell up` on a terminal: prefixed output, and signals that end the cell."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType
from typing import TextIO

from cell_controller.bringup.supervisor import LOOK_S
from cell_controller.bringup.up import CellUp

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # ANSI foregrounds that are readable on black and white
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Printer:
    """Prints lines under the names of their processes, each name in a colour of its own on a terminal."""

    def __init__(self, stream: TextIO, *, is_coloured: bool | None = None) -> None:
        self._stream = stream
        self._is_coloured = stream.isatty() if is_coloured is None else is_coloured
        self._colours: dict[str, int] = {}
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        with self._lock:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            head = f"\033[{colour}m[{name}]\033[0m" if self._is_coloured else f"[{name}]"
            try:
                self._stream.write(f"{head} {line}\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # the terminal is gone; the cell goes on and is ended by its signal


class Signals:
    """The first SIGINT, SIGTERM or SIGHUP asks the cell to stop, the second to hurry. Main thread only."""

    def __init__(self, up: CellUp) -> None:
        self._up = up
        self.is_stopping = False
        self._former: dict[signal.Signals, object] = {}

    def __enter__(self) -> Signals:
        for number in SIGNALS:
            self._former[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal itself returned

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.is_stopping:
            self._up.hurry()
        self._up.give_up()
        self.is_stopping = True


def run(up: CellUp, printer: Printer, *, ready_within_s: float = 60.0) -> int:
    """Bring a cell up and keep it up until a signal; returns the exit code of `cell up`."""
    with Signals(up) as signals:
        try:
            up.start()
            _wait_ready(up, signals, ready_within_s)
            if not signals.is_stopping and not up.lost:
                printer("cell", f"{up.cell.label} is up on {up.namespace}; Ctrl-C stops it")
            while not signals.is_stopping and not up.lost:
                time.sleep(LOOK_S)
        finally:
            up.stop()
    return 1 if up.lost else 0


def _wait_ready(up: CellUp, signals: Signals, within_s: float) -> None:
    deadline_s = time.monotonic() + within_s
    while up.missing() and not signals.is_stopping and not up.lost:
        if time.monotonic() > deadline_s:
            up.wait_ready(0.0)  # raises, naming who is missing
        time.sleep(LOOK_S)
