"""What `cell drives scan` and `identify` do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cell_controller.cli.drives.target import Wiring, opened
from cell_controller.cli.errors import CliError
from cell_controller.commissioning.identify import Fit, identify, ranked
from cell_controller.commissioning.master import Master
from cell_controller.commissioning.scan import (
    Probed,
    Setting,
    doubts,
    found,
    left_to_ask,
    scan,
    scan_again,
    settings_to_try,
)
from cell_controller.config import SerialFormat
from cell_controller.drives.profile import DriveProfile
from cell_controller.drives.profile.shelf import every_profile, profiles_dir
from cell_controller.drives.protocols import CODECS
from cell_controller.nodes.adapter import is_pty
from cell_controller.nodes.serial_wire import SerialWire

WORST_SHOWN = 3  # objections to a profile that does not fit


def scan_port(
    port: str,
    units: tuple[int, ...],
    bauds: tuple[int, ...],
    forms: tuple[SerialFormat, ...],
    directory: Path | None,
    wiring: Wiring,
) -> int:
    """Returns the exit code: 1 when nobody answers."""
    profiles = every_profile(profiles_dir(directory))
    if is_pty(port) and not forms:
        forms = tuple(form for form in SerialFormat if form.parity == "N")  # it carries no other
    settings = settings_to_try(profiles, bauds, forms)
    out = Console(highlight=False)
    with opened(port, settings[0].baud, settings[0].form, direction=wiring.direction) as wire:
        probed = _scan(wire, settings, units, profiles, wiring.echoes)
    answered = found(probed)
    if answered:
        out.print(_found_table(answered))
    else:
        tried = f"{len(units)} unit ids, {len(settings)} settings"
        out.print(f"nobody answers on {port} ({tried})", markup=False)
    out.print("could not tell:")
    for doubt in doubts(probed, is_pty=is_pty(port)):
        out.print(f"  {doubt}", markup=False, soft_wrap=True)
    return 0 if answered else 1


def _scan(
    wire: SerialWire,
    settings: tuple[Setting, ...],
    units: tuple[int, ...],
    profiles: tuple[DriveProfile, ...],
    echoes: bool,
) -> tuple[Probed, ...]:
    first = _listed("asking", len(settings) * len(units), scan(wire, settings, units, profiles, echoes))
    silent, again = left_to_ask(first)
    second = _listed("once more", len(silent) * len(again), scan_again(wire, first, profiles, echoes))
    return first + second


def _listed(what: str, total: int, probed: Iterator[Probed]) -> tuple[Probed, ...]:
    """With a bar, and a line for each answer."""
    asked: list[Probed] = []
    with _bar(what, total) as progress:
        for one in probed:
            asked.append(one)
            progress.advance(progress.task_ids[0])
            progress.update(progress.task_ids[0], description=f"{what} {one.setting}")
            if one.outcome.is_somebody:
                progress.console.print(f"unit {one.unit} answers at {one.setting}", markup=False)
    return tuple(asked)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Progress]:
    """A progress bar on stderr: stdout has the result."""
    console = Console(stderr=True, highlight=False)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        progress.add_task(what, total=total)
        yield progress


def _found_table(answered: dict[int, tuple[Setting, ...]]) -> Table:
    table = Table(title="Answers", title_justify="left", title_style="bold")
    for column in ("unit", "baud", "formats", "protocol"):
        table.add_column(column)
    for unit, settings in answered.items():
        for baud, protocol in dict.fromkeys((s.baud, s.protocol) for s in settings):
            forms = [s.form.value for s in settings if (s.baud, s.protocol) == (baud, protocol)]
            table.add_row(str(unit), str(baud), ", ".join(forms), protocol.value)
    return table


def identify_drive(
    port: str,
    unit: int,
    baud: int | None,
    form: SerialFormat | None,
    directory: Path | None,
    wiring: Wiring,
) -> int:
    """Returns the exit code: 1 when no profile fits."""
    profiles = every_profile(profiles_dir(directory))
    settings = settings_to_try(profiles, (baud,) if baud else (), (form,) if form else ())
    with opened(port, settings[0].baud, settings[0].form, direction=wiring.direction) as wire:
        setting = _setting_of(wire, port, unit, settings, profiles, wiring.echoes)
        wire.configure(setting.baud, setting.form)
        wire.drain()
        speed = wiring.speed(setting.baud, setting.form)
        master = Master(wire, speed, CODECS[setting.protocol])
        spoken = tuple(p for p in profiles if p.protocol is setting.protocol)
        fits: list[Fit] = []
        with _bar("comparing", len(spoken)) as progress:
            for fit in identify(master, unit, spoken):
                fits.append(fit)
                progress.advance(progress.task_ids[0])
    out = Console(highlight=False)
    out.print(f"unit {unit} answers at {setting}", markup=False)
    return _show_fits(out, ranked(tuple(fits)))


def _setting_of(
    wire: SerialWire,
    port: str,
    unit: int,
    settings: tuple[Setting, ...],
    profiles: tuple[DriveProfile, ...],
    echoes: bool,
) -> Setting:
    """The first one at which the unit answers."""
    with _bar("looking for the setting", 2 * len(settings)) as progress:
        for _ in range(2):  # one lost answer is noise
            for one in scan(wire, settings, (unit,), profiles, echoes):
                progress.advance(progress.task_ids[0])
                if one.outcome.is_somebody:
                    return one.setting
    raise CliError(
        f"unit {unit} does not answer on {port} with any of {len(settings)} settings; "
        f"cell drives scan {port} looks for other units, and names what to check"
    )


def _show_fits(out: Console, fits: tuple[Fit, ...]) -> int:
    table = Table(title="Profiles, best first", title_justify="left", title_style="bold")
    for column in ("profile", "readable", "set as wanted", "against it"):
        table.add_column(column)
    for fit in fits:
        against = list(fit.against[:WORST_SHOWN] if not fit.is_possible else fit.against)
        if len(against) < len(fit.against):
            against.append(f"and {len(fit.against) - len(against)} more")
        style = "green" if fit.is_set_up else "" if fit.is_possible else "dim"
        table.add_row(
            fit.profile,
            f"{fit.readable} of {fit.asked}",
            f"{fit.matching} of {fit.tests}",
            "\n".join(against),
            style=style,
        )
    out.print(table)
    possible = [fit for fit in fits if fit.is_possible]
    if not possible:
        out.print("no profile fits")
        return 1
    if len(possible) > 1:
        names = ", ".join(fit.profile for fit in possible)
        out.print(f"more than one can be read: {names}. The nameplate decides.", markup=False)
    return 0
