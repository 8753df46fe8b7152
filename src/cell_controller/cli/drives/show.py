"""What `cell drives read` and `watch` do."""

from __future__ import annotations

from math import isnan

from rich.console import Console
from rich.table import Table

from cell_controller.cli.drives.target import Options, Target, reached, target_of
from cell_controller.commissioning.errors import NoAnswerError
from cell_controller.commissioning.reading import DriveReader, FieldValue, fields_named
from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.drives.profile import DriveUnit, Quantity

NOT_SELECTED = (
    "until it is armed, this drive's monitors show something else than its profile says: "
    "what stands there as position, speed, torque, state and fault means nothing"
)
_UNITS = {
    DriveUnit.RAW: "",
    DriveUnit.RPM_PER_S: "rpm/s",
    DriveUnit.HZ: "Hz",
    DriveUnit.HZ_PER_S: "Hz/s",
    DriveUnit.A: "A",
    DriveUnit.V: "V",
    DriveUnit.W: "W",
    DriveUnit.C: "°C",
    DriveUnit.PERCENT: "%",
}


def read_drive(options: Options) -> int:
    """Returns the exit code: 1 when a field could not be read."""
    target, names = target_of(options)
    wanted = fields_named(target.profile, names)
    with reached(target) as wire:
        reader = DriveReader(target.master(wire), target.profile, target.unit)
        values = tuple(reader.each(wanted))
        is_other = any(v.raw is not None for v in values) and reader.shows_something_else()
    refuse_silence(target, values)
    out = Console(highlight=False)
    out.print(f"{target}", markup=False, soft_wrap=True)
    out.print(value_table(target, values))
    if is_other:
        out.print(NOT_SELECTED, style="yellow", markup=False, soft_wrap=True)
    return 1 if any(v.raw is None for v in values) else 0


def refuse_silence(target: Target, values: tuple[FieldValue, ...]) -> None:
    """NoAnswerError when nothing at all came back."""
    if values and all(v.is_silence for v in values):
        raise NoAnswerError(target.unit, target.baud, target.form, values[0].problem)


def value_table(target: Target, values: tuple[FieldValue, ...]) -> Table:
    """One row per field: value in its unit, at the machine, as the register holds it."""
    table = Table()
    for column in ("field", "value", "at the machine", "raw", ""):
        table.add_column(column)
    for value in values:
        field = target.profile.field(value.quantity)
        raw = "" if value.raw is None else f"0x{value.raw:0{4 * field.words}X}"
        note = value.problem or _meaning(target, value)
        table.add_row(value.quantity.value, in_unit(value), at_the_machine(target, value), raw, note)
    return table


def in_unit(value: FieldValue) -> str:
    """`49.98 Hz`; bits and codes as numbers."""
    if value.raw is None:
        return "-"
    if value.unit is DriveUnit.RAW:
        return str(value.raw)
    return f"{value.value:.6g} {_UNITS.get(value.unit, value.unit.value)}"


def at_the_machine(target: Target, value: FieldValue) -> str:
    """What an axis or a spindle of the cell file makes of it; "" on a bench."""
    drive = target.drive
    if target.cell is None or isnan(value.value):
        return ""
    if isinstance(drive, AxisDrive):
        if value.unit is DriveUnit.REV:
            return f"{1e3 * value.value * drive.m_per_rev:.3f} mm"
        if value.unit is DriveUnit.RPM:
            return f"{1e3 * value.value / 60.0 * drive.m_per_rev:.3f} mm/s"
    if isinstance(drive, SpindleDrive) and value.unit is DriveUnit.HZ:
        return f"{value.value * drive.rpm_per_hz:.0f} rpm"
    return ""


def _meaning(target: Target, value: FieldValue) -> str:
    if value.quantity is Quantity.FAULT_CODE and value.raw is not None:
        code = value.raw & target.profile.fault_mask
        if code:
            fault = target.profile.fault(code)
            return f"{fault.text}: {fault.remedy}"
    return target.profile.field(value.quantity).note
