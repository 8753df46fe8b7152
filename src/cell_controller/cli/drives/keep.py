"""What `cell drives export` and `compare` do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from cell_controller.cli.drives.show import refuse_silence, shown_while_read
from cell_controller.cli.drives.target import Options, Target, reached, target_of
from cell_controller.cli.errors import CliError
from cell_controller.commissioning.backup import Backup, Drift, against_backup, against_cell, decode, encode
from cell_controller.commissioning.errors import BackupError
from cell_controller.commissioning.reading import DriveReader, FieldValue, settings


def _settings_of(target: Target) -> tuple[FieldValue, ...]:
    with reached(target) as wire:
        reader = DriveReader(target.master(wire), target.profile, target.unit)
        wanted = settings(target.profile)
        values = shown_while_read("reading settings", reader.each(wanted), len(wanted))
    refuse_silence(target, values)
    return values


def export_drive(options: Options) -> int:
    """Returns the exit code: 1 when a setting could not be read; the others are kept."""
    target, words = target_of(options)
    if len(words) != 1:
        raise CliError("name the one file that the settings go to, such as spindle.yaml")
    file = Path(words[0])
    values = _settings_of(target)
    text = encode(
        target.profile, target.unit, datetime.now().astimezone().isoformat(timespec="seconds"), values
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from error
    out = Console(highlight=False)
    missing = [v for v in values if v.raw is None]
    out.print(f"{target}: {len(values) - len(missing)} settings in {file}", markup=False, soft_wrap=True)
    for value in missing:
        out.print(
            f"  without {value.quantity}: {value.problem}", style="yellow", markup=False, soft_wrap=True
        )
    return 1 if missing else 0


def compare_drive(options: Options) -> int:
    """Returns the exit code: 1 when something drifted."""
    target, words = target_of(options)
    if len(words) > 1 or (not words and target.cell is None):
        raise CliError("name one file of `cell drives export` to compare with, or --cell FILE --drive NAME")
    backup = _backup(Path(words[0])) if words else None
    values = _settings_of(target)
    if backup is not None:
        drifts = against_backup(target.profile, values, backup)
        other = f", which is of unit {backup.unit}" if backup.unit != target.unit else ""
        what = f"{words[0]} of {backup.at}{other}"
    else:
        drifts, what = against_cell(target.profile, values, target.arming_values), f"{options.cell}"
    out = Console(highlight=False)
    real = [d for d in drifts if not d.is_armed]
    out.print(
        f"{target}: {len(real)} of {len(values)} settings differ from {what}", markup=False, soft_wrap=True
    )
    if drifts:
        out.print(_table(drifts))
    return 1 if real else 0


def _backup(file: Path) -> Backup:
    try:
        return decode(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CliError(f"{file}: {error}") from error
    except BackupError as error:
        raise CliError(f"{file}: {error}") from error


def _table(drifts: Sequence[Drift]) -> Table:
    table = Table()
    for column in ("setting", "is", "wanted", ""):
        table.add_column(column)
    for drift in drifts:
        style = "dim" if drift.is_armed else "yellow"
        table.add_row(drift.quantity.value, drift.present, drift.wanted, drift.note, style=style)
    return table
