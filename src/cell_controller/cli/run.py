"""`cell run`: a cell brought up quietly, an order made by ProductionRun, a summary, everything down again."""

from __future__ import annotations

import dataclasses
import json
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from cell_controller.bringup.claim import remove_tree
from cell_controller.bringup.console import Signals
from cell_controller.bringup.errors import StartError
from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from cell_controller.cell.production_run import ProductionRun, RunPhase, Wish
from cell_controller.cell.run_summary import Summary
from cell_controller.cli.errors import CliError
from cell_controller.cli.progress import Progress, progress_on
from cell_controller.cli.run_log import RunLog
from cell_controller.cli.views import summary_view
from cell_controller.config import load_cell
from cell_controller.errors import CellError
from cell_controller.nodes.host import RosHost

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
READY_LIMIT_S = 60.0  # from the start of the processes to the first state; a slow machine takes 15 s
LOG = "cell.log"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the words of the command ask for."""

    parts: int
    recipe: str | None
    operator: str
    is_json: bool = False


@dataclass(slots=True)
class Outcome:
    """How a run ended."""

    summary: Summary
    error: str = ""
    is_interrupted: bool = False
    words: list[str] = field(default_factory=list)  # last lines of a process that is to blame

    @property
    def exit_code(self) -> int:
        if self.is_interrupted:
            return EXIT_INTERRUPTED
        return 0 if self.summary.is_success and not self.error else 1


def produce(arguments: Arguments, wanted: Wanted) -> int:
    """Make the order and report; returns the exit code. ConfigError for a cell file that is not good."""
    recipe = _recipe(arguments.cell, wanted.recipe)
    keeps = arguments.run_dir is not None
    run_dir = arguments.run_dir or Path(tempfile.mkdtemp(prefix="cell-run-"))
    run_dir.mkdir(parents=True, exist_ok=True)
    out = Console(stderr=wanted.is_json, highlight=False)  # stdout has the JSON object alone
    run = ProductionRun(Wish(f"run-{secrets.token_hex(4)}", recipe, wanted.parts, wanted.operator))
    try:
        outcome = _bring_up_and_run(dataclasses.replace(arguments, run_dir=run_dir), run, out, run_dir)
        keeps = keeps or (outcome.exit_code not in (0, EXIT_INTERRUPTED))
    finally:
        if not keeps:
            remove_tree(run_dir)
    report(out, outcome, run_dir if keeps else None)
    if wanted.is_json:
        print(as_json(outcome), file=sys.stdout, flush=True)  # noqa: T201  # the result of the command
    return outcome.exit_code


def _recipe(cell: Path, name: str | None) -> str:
    names = tuple(load_cell(cell).recipes)
    if name is None:
        return names[0]
    if name not in names:
        raise CliError(f"{cell} has no recipe {name!r}; there are {', '.join(names)}")
    return name


def _bring_up_and_run(arguments: Arguments, run: ProductionRun, out: Console, run_dir: Path) -> Outcome:
    log = RunLog(run_dir / LOG)
    outcome = Outcome(run.summary())
    try:
        up = CellUp(arguments, show=log)
        with Signals(up) as signals, progress_on(out) as progress:
            try:
                progress.note(f"{up.cell.label}: starting {len(up.specs)} processes on {up.namespace}")
                up.start()
                _Hosted(up, run, progress, signals).serve()
            finally:
                if signals.is_stopping:
                    progress.note("stopping the motion, then the processes; Ctrl-C again hurries")
                up.stop()
                outcome.summary = run.summary()
                outcome.is_interrupted = signals.is_stopping
                outcome.error = "" if run.phase is RunPhase.DONE else run.text
            if up.lost:
                outcome.error = f"{', '.join(up.lost)} died for good"
                outcome.words = [f"[{name}] {line}" for name in up.lost for line in log.last(name)]
    except StartError as error:
        outcome.error = str(error)
        outcome.words = [f"[{error.name}] {line}" for line in log.last(error.name)]
    except CellError as error:  # a line or name in use: nothing was started
        outcome.error = str(error)
    finally:
        log.close()
    return outcome


class _Hosted:
    """ProductionRun on ROS in this thread, with an eye on processes, signals and the clock."""

    def __init__(self, up: CellUp, run: ProductionRun, progress: Progress, signals: Signals) -> None:
        self._up, self._run, self._progress, self._signals = up, run, progress, signals
        self._error: StartError | None = None
        self._late_s = 0.0

    def serve(self) -> None:
        """Until the run is over, a signal came, or the cell is lost; StartError if it never came up."""
        if self._signals.is_stopping:
            return
        self._late_s = time.monotonic() + READY_LIMIT_S
        host = RosHost(
            self._run, "operator_run", self._up.namespace, on_step=self._on_step, handles_signals=False
        )
        host.run()
        if self._error is not None:
            raise self._error

    def _on_step(self) -> bool:
        run, up = self._run, self._up
        is_waiting = run.phase is RunPhase.WAITING
        self._progress.show(run, up.missing() if is_waiting else ())
        if is_waiting and time.monotonic() > self._late_s:
            missing = up.missing()
            name = missing[0] if missing else "cell_manager"
            self._error = StartError(name, f"nothing heard from {', '.join(missing)} in {READY_LIMIT_S:g} s")
            return False
        return not (run.is_over or self._signals.is_stopping or up.lost)


def report(out: Console, outcome: Outcome, kept: Path | None) -> None:
    """The end of a run in words; `kept` is where its logs are, None when they are gone."""
    if outcome.summary.duration_s > 0.0:
        out.print(summary_view(outcome.summary))
    if outcome.is_interrupted:
        out.print("interrupted; everything is down", style="yellow")
    elif outcome.exit_code != 0:
        for line in outcome.words:
            out.print(line, markup=False, style="dim")
        parts = f"{outcome.summary.parts_good} of {outcome.summary.parts_ordered} parts are good"
        out.print(f"cell run: {outcome.error or parts}", style="bold red", markup=False)
    if kept is not None:
        out.print(f"logs: {kept}", markup=False, soft_wrap=True)


def as_json(outcome: Outcome) -> str:
    """The summary on one line, with why it is not good."""
    fields = {f.name: getattr(outcome.summary, f.name) for f in dataclasses.fields(outcome.summary)}
    return json.dumps({**fields, "error": outcome.error})
