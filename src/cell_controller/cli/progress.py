"""How `cell run` shows that it goes on: one live block on a terminal, a line per event elsewhere."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cell_controller.cell.production_run import ProductionRun, RunPhase
from cell_controller.cli.views import name_of
from cell_controller.messages import CellState
from cell_controller.packml import State

LIVE_PERIOD_S = 0.25  # as fast as a person reads
LINE_PERIOD_S = 15.0  # a sign of life for logs in which nothing else happens
BAR_WIDTH = 30
WARNINGS_SHOWN = 3
# A measured value that only runs is no event; a name or a code with digits in it is.
_VALUE = re.compile(r"(?<![\w.])-?\d+(\.\d+)?(e[+-]?\d+)?(?= (s|mm|m|m/s|rpm|N|Nm|W|A|°?C)\b)")


class Progress(Protocol):
    """Where a run is shown."""

    def note(self, text: str) -> None:
        """One line that stays."""

    def show(self, run: ProductionRun, missing: Collection[str]) -> None:
        """The run as it stands; `missing` are the processes that are waited for."""


@contextmanager
def progress_on(out: Console) -> Iterator[Progress]:
    """The display that fits where the output goes."""
    if not out.is_terminal:
        yield LineProgress(out)
        return
    with Live(console=out, auto_refresh=False, transient=True) as live:
        yield LiveProgress(out, live)


class LiveProgress:
    """A block that is drawn anew."""

    def __init__(self, out: Console, live: Live) -> None:
        self._out, self._live = out, live
        self._began_s = time.monotonic()
        self._shown_s = 0.0

    def note(self, text: str) -> None:
        self._out.print(text, markup=False)
        self._live.refresh()

    def show(self, run: ProductionRun, missing: Collection[str]) -> None:
        now_s = time.monotonic()
        if now_s - self._shown_s >= LIVE_PERIOD_S:
            self._shown_s = now_s
            self._live.update(run_view(run, missing, now_s - self._began_s), refresh=True)


class LineProgress:
    """A line when something changes, for files and pipes."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._began_s = time.monotonic()
        self._said_s = self._began_s
        self._former: tuple[str, ...] = ()
        self._warnings: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        self._said_s = time.monotonic()
        self._out.print(f"{self._said_s - self._began_s:6.1f} s  {text}", markup=False, soft_wrap=True)

    def show(self, run: ProductionRun, missing: Collection[str]) -> None:
        if run.phase is RunPhase.PRODUCING:  # before it every cell is tripped, and says so in `run.text`
            for warning in run.alarms:
                if warning not in self._warnings:
                    self.note(f"warning: {warning}")
            self._warnings = run.alarms
        words = ", ".join(filter(None, (head_line(run, ()), parts_line(run.state))))
        kind = (_VALUE.sub("", head_line(run, ())), parts_line(run.state))
        if kind != self._former:
            self._former = kind
            self.note(words)
        elif time.monotonic() - self._said_s >= LINE_PERIOD_S:
            self.note(", ".join(filter(None, (head_line(run, missing), stations_line(run.state)))))


def head_line(run: ProductionRun, missing: Collection[str]) -> str:
    """`producing (Execute)`, with what is waited for or wrong."""
    text = run.phase.value
    if run.state is not None:
        text += f" ({name_of(run.state.state, State)})"
    if run.phase is RunPhase.WAITING and missing:
        text += f": {', '.join(missing)}"
    return f"{text}: {run.text}" if run.text else text


def parts_line(state: CellState | None) -> str:
    """`1 good, 0 bad of 3`; empty before an order."""
    if state is None or not state.parts_ordered:
        return ""
    return f"{state.parts_good} good, {state.parts_bad} bad of {state.parts_ordered}"


def stations_line(state: CellState | None) -> str:
    """`robot traverse 40%, spindle idle`."""
    if state is None:
        return ""
    busy = (f"{s.station} {s.phase}" + (f" {s.progress:.0%}" if s.progress else "") for s in state.stations)
    return ", ".join(busy)


def run_view(run: ProductionRun, missing: Collection[str], elapsed_s: float) -> RenderableType:
    """The live block."""
    state = run.state
    head = Text(f"{elapsed_s:5.0f} s  {head_line(run, missing)}", style="bold")
    if state is None:
        return head
    grid = Table.grid(padding=(0, 2))
    ended = state.parts_good + state.parts_bad
    total = max(state.parts_ordered, 1)
    grid.add_row("parts", ProgressBar(total=total, completed=ended, width=BAR_WIDTH), parts_line(state))
    for station in state.stations:
        phase = station.phase if station.is_online else "offline"
        note = f"{phase}  {station.detail}".rstrip()
        bar = ProgressBar(total=1.0, completed=min(max(station.progress, 0.0), 1.0), width=BAR_WIDTH)
        grid.add_row(station.label or station.station, bar, note)
    warnings = [Text(f"! {text}", style="yellow") for text in run.alarms[-WARNINGS_SHOWN:]]
    return Group(head, grid, *warnings)
