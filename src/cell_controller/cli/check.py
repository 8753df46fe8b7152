"""`cell check FILE`: every problem of a cell file, or a summary of the cell and of what follows from it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cell_controller.cli.proofs import print_proofs
from cell_controller.config import CellFile, Line, LoadedCell, Problem, Severity
from cell_controller.plan import CellPlan, examine_plan
from cell_controller.plan.checks_timing import ms


def check(path: str | Path, console: Console | None = None) -> int:
    """Print the problems of a cell file and return 1, or print its summary and return 0."""
    out = console or Console(soft_wrap=True)
    loaded, plan, problems = examine_plan(path)
    errors = [p for p in problems if p.severity is Severity.ERROR]
    for problem in problems:
        _print_problem(out, problem)
    if loaded is None or plan is None:
        out.print(f"\n{_count(len(errors), 'problem')} in {path}", style="bold red", highlight=False)
        return 1
    for table in (
        _stations(loaded.cell),
        _lines(loaded.cell, plan),
        _drives(loaded.cell, plan),
        _programs(loaded.cell, plan),
        _zones(loaded.cell),
    ):
        out.print(table)
    print_proofs(out, loaded.cell, plan)
    _print_end(out, loaded, plan)
    return 0


def _print_problem(out: Console, problem: Problem) -> None:
    is_error = problem.severity is Severity.ERROR
    text = str(problem) if is_error else f"warning: {problem}"
    # No markup: a path or a key may hold brackets. No wrapping: an editor must find file:line in one piece.
    out.print(text, style="red" if is_error else "yellow", markup=False, highlight=False, soft_wrap=True)


def _print_end(out: Console, loaded: LoadedCell, plan: CellPlan) -> None:
    recipes = ", ".join(f"{name} {loaded.recipe_hashes[name][:12]}" for name in loaded.recipes)
    out.print(f"recipes: {recipes}", highlight=False)
    if plan.unverified:
        count = _count(len(plan.unverified), "profile field")
        out.print(f"known from memory only: {count}, refused with production: true", highlight=False)
    out.print(f"configuration {plan.config_hash[:12]}", highlight=False)
    out.print(f"{loaded.cell.label} ({loaded.path}): good", style="bold green", highlight=False)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column)
    return table


def _stations(cell: CellFile) -> Table:
    table = _table("Stations", "station", "kind", "drives", "stop programs: clear, material")
    for name, station in cell.stations.items():
        programs = f"{station.programs.clear}, {station.programs.material}"
        table.add_row(name, station.kind.value, ", ".join(station.drives), programs)
    return table


def _lines(cell: CellFile, plan: CellPlan) -> Table:
    table = _table(
        "Lines", "line", "device", "speed", "cycle", "longest cycle", "stop reaches last drive", "stop time"
    )
    for name, line in cell.lines.items():
        found = plan.lines[name]
        table.add_row(
            name,
            line.device,
            f"{line.baud} {line.format.value}{_wiring(line)}",
            ms(found.schedule.cycle_s),
            ms(found.schedule.longest_cycle_s),
            ms(found.stop_latency_s),
            f"{found.stop_time_s:.2f} s",
        )
    return table


def _wiring(line: Line) -> str:
    """What is out of the ordinary between port and wires."""
    words = ["echo taken off"] if line.echo else []
    if line.rs485 is not None:
        words.append(f"RTS {'high' if line.rs485.rts_while_sending else 'low'} to send")
    return "".join(f", {word}" for word in words)


def _drives(cell: CellFile, plan: CellPlan) -> Table:
    table = _table(
        "Drives (longest intervals)",
        "drive",
        "line:unit",
        "profile",
        "read",
        "write",
        "age limit",
        "watchdog",
    )
    for name, drive in cell.drives.items():
        found = plan.drives[name]
        watchdog = "none" if found.watchdog_s is None else f"{found.watchdog_s:.2f} s"
        table.add_row(
            name,
            f"{drive.line}:{drive.unit}",
            drive.profile,
            ms(found.read_interval_s),
            ms(found.write_interval_s),
            ms(found.age_limit_s),
            watchdog,
        )
    return table


def _programs(cell: CellFile, plan: CellPlan) -> Table:
    delay = f"{cell.safety.relay.delay_s:g} s"
    table = _table(
        f"Stop programs (relay delay {delay})", "program", "line", "steps", "budget", "left of the delay"
    )
    for name, program in cell.stop_programs.items():
        budget_s = plan.programs_s[name]
        steps = ", ".join(step.name for step in program.steps)
        left = f"{cell.safety.relay.delay_s - budget_s:.2f} s"
        table.add_row(name, program.line, steps, f"{budget_s:.2f} s", left)
    return table


def _zones(cell: CellFile) -> Table:
    table = _table("Zones", "zone", "members, inside when")
    for name, members in cell.zones.items():
        words = []
        for station, member in members.items():
            if member.below_m is not None:
                words.append(f"{station}: {member.drive} below {member.below_m:g} m")
            else:
                words.append(f"{station}: {member.drive} moving, or {member.off_pitch_m:g} m off a pitch")
        table.add_row(name, "; ".join(words))
    return table
