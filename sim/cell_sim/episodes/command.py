"""`cell simulate`: episodes with faults on simulated time; joins the `cell` command as its plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from cell_sim.episodes.episode import Outcome, Task
    from cell_sim.episodes.soak import Summary

FRESH_SEEDS = 1_000_000_000
TOLD_EVERY = 50  # episodes, where no bar can be shown
FAILURES = Path("failures")

app = typer.Typer(invoke_without_command=True, subcommand_metavar="")


@app.callback()
def simulate(
    seed: Annotated[
        int | None, typer.Option(help="Seed of the first episode; a fresh one, printed, without it.")
    ] = None,
    episodes: Annotated[int, typer.Option(help="Episodes to run.", min=1, max=1_000_000)] = 10,
    jobs: Annotated[int, typer.Option(help="Processes to run them on.", min=1, max=256)] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Summary as one JSON object, on the last line of stdout.")
    ] = False,
    cell: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Cell file; the test cell without one.")
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(metavar="FILE|SEED", help="Run one episode again: a failure file, 7:123, or 7 for 7:0."),
    ] = None,
    failures: Annotated[
        Path, typer.Option(metavar="DIR", help="Where failure files go; made when there is one.")
    ] = FAILURES,
) -> None:
    """Run episodes: faults from the seed, a person who recovers, the eight invariants at every step.

    Exit code 0 when no invariant was broken. A seed gives the same trace hash with any number of jobs.

    Example: cell simulate --seed 7 --episodes 100 --jobs 2

    Example: cell simulate --replay failures/episode-7-23-invariant-2.json
    """
    import json
    import secrets
    import time

    from rich.console import Console

    from cell_sim.episodes.soak import Summary, run_episodes

    out, aside = Console(soft_wrap=True), Console(stderr=True)
    file = (cell or _test_cell()).resolve()
    if replay is not None:
        raise typer.Exit(_replay(_task(replay, file, cell), out, as_json=as_json))
    first = secrets.randbelow(FRESH_SEEDS) if seed is None else seed
    aside.print(f"seed {first}", highlight=False)
    summary, began_s = Summary(first), time.perf_counter()
    outcomes = run_episodes(file, first, episodes, jobs)
    for outcome in _with_progress(outcomes, summary, episodes, aside):
        summary.add(outcome)
        if outcome.violations:
            _report(outcome, file, failures, aside)
    wall_s = time.perf_counter() - began_s
    if as_json:
        typer.echo(json.dumps(summary.as_json(wall_s)))
    else:
        _print_summary(summary, wall_s, out)
    raise typer.Exit(1 if summary.violations else 0)


def _test_cell() -> Path:
    """The cell with short strokes, beside the demo cell."""
    from cell_controller.cli.demo import demo_cell

    return demo_cell().with_name("test.yaml")


def _task(replay: str, file: Path, cell: Path | None) -> Task:
    from cell_sim.episodes.episode import Task
    from cell_sim.episodes.failure import load

    path = Path(replay)
    if path.is_file():
        return load(path, None if cell is None else file)
    seed, _, number = replay.partition(":")
    if not seed.lstrip("-").isdecimal() or not (number or "0").isdecimal():
        raise typer.BadParameter(f"{replay} is neither a file nor a seed such as 7 or 7:123")
    return Task(file, f"{seed}:{number or 0}")


def _replay(task: Task, out: Console, *, as_json: bool) -> int:
    """One episode, told in full."""
    import json

    from cell_sim.episodes.episode import run
    from cell_sim.episodes.soak import Summary

    outcome = run(task)
    if not as_json:
        out.print(f"episode {task.seed}, {'with' if outcome.relay else 'without'} a safety relay")
        for fault in outcome.faults:
            when = f"{fault.at_s:g} s" + (f" after {fault.after}" if fault.after else "")
            lasts = f" for {fault.duration_s:g} s" if fault.duration_s else ""
            out.print(f"  {fault.kind.value} {fault.target} at {when}{lasts}", highlight=False, markup=False)
        for event in outcome.last_events:
            out.print(f"  {event}", highlight=False, markup=False)
    _print_violations(outcome, out)
    summary = Summary(0)
    summary.add(outcome)
    if as_json:
        fields = summary.as_json(outcome.wall_s) | {"seed": task.seed, "trace_hash": outcome.trace_hash}
        typer.echo(json.dumps(fields))
    else:
        out.print(
            f"{outcome.trips} trips, {'a' if outcome.is_good else 'no'} good part afterwards, "
            f"trace {outcome.trace_hash}"
        )
    return 1 if outcome.violations else 0


def _print_violations(outcome: Outcome, out: Console) -> None:
    for at_s, invariant, text in outcome.violations:
        words = f"t={at_s:.3f} s: invariant {invariant}: {text}"
        out.print(words, style="bold red", markup=False, highlight=False)


def _report(outcome: Outcome, file: Path, directory: Path, aside: Console) -> None:
    """Say what was broken, shrink the schedule and save it."""
    from cell_controller.bringup.units import make_unit
    from cell_sim.episodes.episode import Task
    from cell_sim.episodes.failure import save, shrink

    aside.print(f"episode {outcome.seed}", style="bold")
    _print_violations(outcome, aside)
    for event in outcome.last_events[-10:]:
        aside.print(f"  {event}", highlight=False, markup=False)
    task, smallest = shrink(Task(file, outcome.seed), outcome, make_unit)
    path = save(directory, task, smallest)
    kept = f"{len(smallest.faults)} of {len(outcome.faults)} faults"
    aside.print(f"  {path} ({kept})", highlight=False, markup=False)


def _with_progress(
    outcomes: Iterator[Outcome], summary: Summary, episodes: int, aside: Console
) -> Iterator[Outcome]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=aside, transient=True, disable=not aside.is_terminal) as progress:
        bar = progress.add_task("episodes", total=episodes)
        for outcome in outcomes:
            yield outcome
            words = f"{summary.faults.total()} faults, {summary.trips} trips, {summary.violations} violations"
            progress.update(bar, advance=1, description=words)
            if not aside.is_terminal and summary.episodes % TOLD_EVERY == 0 and summary.episodes < episodes:
                aside.print(f"{summary.episodes} of {episodes} episodes: {words}", highlight=False)


def _print_summary(summary: Summary, wall_s: float, out: Console) -> None:
    from rich.table import Table

    table = Table("faults that met an active target", "", title=None, show_edge=False)
    for kind, count in sorted(summary.faults.items()):
        table.add_row(kind, str(count))
    out.print(table)
    out.print(
        f"{summary.episodes} episodes, {summary.simulated_s:.0f} s simulated in {wall_s:.0f} s "
        f"({summary.rate:.1f} simulated seconds per second and job)\n"
        f"{summary.faults.total()} faults, {summary.trips} trips in {summary.with_trip} episodes; "
        f"{summary.good_after_trip} of these made a good part afterwards; "
        f"{summary.restarts} times the cell was switched off and on\n"
        f"{summary.violations} violations; trace {summary.trace_hash}",
        highlight=False,
    )
