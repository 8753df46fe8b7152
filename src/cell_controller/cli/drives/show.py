"""What `cell drives read` and `watch` do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from math import isnan

from rich.console import Console, Group
from rich.live import Live
from rich.progress import track
from rich.table import Table
from rich.text import Text

from cell_controller.cli.drives.target import Options, Target, reached, target_of
from cell_controller.cli.errors import CliError
from cell_controller.commissioning.errors import NoAnswerError
from cell_controller.commissioning.reading import DriveReader, FieldValue, fields_named
from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.drives.profile import DriveCondition, DriveUnit, Quantity

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
        values = shown_while_read("reading", reader.each(wanted), len(wanted))
        is_other = any(v.raw is not None for v in values) and reader.shows_something_else()
    refuse_silence(target, values)
    out = Console(highlight=False)
    out.print(f"{target}", markup=False, soft_wrap=True)
    out.print(value_table(target, values))
    if is_other:
        out.print(NOT_SELECTED, style="yellow", markup=False, soft_wrap=True)
    return 1 if any(v.raw is None for v in values) else 0


def shown_while_read(what: str, values: Iterable[FieldValue], total: int) -> tuple[FieldValue, ...]:
    """All of them, with a bar on stderr: a slow drive with many fields takes seconds."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    return tuple(track(values, what, total=total, console=console, transient=True, disable=hidden))


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
        raw = "" if value.raw is None else f"0x{value.raw:0{field.bits // 4}X}"
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


LIVE_S = 0.2  # as fast as a person reads


class Watched:
    """What has been read of a drive so far."""

    def __init__(self, target: Target, began_s: float) -> None:
        self._target, self._began_s = target, began_s
        self.values: dict[Quantity, FieldValue] = {}
        self.is_other = False
        self.reads = self.failures = 0
        self.problem = ""

    def take(self, values: tuple[FieldValue, ...]) -> None:
        self.reads += 1
        self.problem = values[0].problem
        self.failures += bool(self.problem)
        self.values |= {v.quantity: v for v in values if v.raw is not None}

    def line(self, now_s: float) -> str:
        """Everything that is measured, in one line."""
        shown = (f"{q.value} {in_unit(v)}" for q, v in self.values.items())
        return f"{now_s - self._began_s:7.2f} s  {self.state()}  {', '.join(shown)}"

    def state(self) -> str:
        """The drive's state, its fault, or that it is silent."""
        if self.problem:
            return self.problem
        profile = self._target.profile
        raws = {q: v.raw for q, v in self.values.items() if v.raw is not None}
        condition = profile.condition(raws)
        text = condition.name.lower().replace("_", " ")
        code = raws.get(Quantity.FAULT_CODE, 0) & profile.fault_mask
        if condition is DriveCondition.FAULT:
            fault = profile.fault(code)
            text += f": {fault.text}; {fault.remedy}"
        return text

    def view(self, now_s: float) -> Group:
        """The live block."""
        rate = self.reads / max(now_s - self._began_s, 1e-3)
        head = Text(f"{self._target}", style="bold")
        state = Text(self.state(), style="red" if self.problem else "")
        foot = Text(f"{self.reads} reads, {rate:.1f} a second, {self.failures} failed  (Ctrl-C ends it)")
        notes = [Text(NOT_SELECTED, style="yellow")] if self.is_other else []
        return Group(head, state, value_table(self._target, tuple(self.values.values())), foot, *notes)


def watch_drive(options: Options, for_s: float | None, every_s: float) -> int:
    """Returns the exit code: 1 when the drive was silent at the end."""
    target, rest = target_of(options)
    if rest:
        raise CliError(f"watch shows all that is measured; {' '.join(rest)!r} is too much")
    out = Console(highlight=False)
    with suppress(KeyboardInterrupt), reached(target) as wire:  # the way to end it
        reader = DriveReader(target.master(wire), target.profile, target.unit)
        watched = Watched(target, time.monotonic())
        first = reader.fast()
        refuse_silence(target, first)
        watched.take(first)
        watched.is_other = reader.shows_something_else()
        end_s = None if for_s is None else time.monotonic() + for_s
        if out.is_terminal:
            with Live(console=out, auto_refresh=False) as live:
                _watch(reader, watched, end_s, LIVE_S, lambda: live.update(_now(watched), refresh=True))
        else:
            if watched.is_other:
                out.print(NOT_SELECTED, markup=False, soft_wrap=True)
            _watch(reader, watched, end_s, every_s, lambda: _print(out, watched))
        return 1 if watched.problem else 0
    return 0


def _now(watched: Watched) -> Group:
    return watched.view(time.monotonic())


def _print(out: Console, watched: Watched) -> None:
    out.print(watched.line(time.monotonic()), markup=False, soft_wrap=True)


def _watch(
    reader: DriveReader, watched: Watched, end_s: float | None, every_s: float, show: Callable[[], None]
) -> None:
    shown_s = time.monotonic()
    show()
    slow = reader.profile.reads.slow
    while end_s is None or time.monotonic() < end_s:
        watched.take(reader.fast())
        for block in slow:
            if watched.reads % block.every == 1 or block.every == 1 or watched.reads == 2:
                watched.values |= {v.quantity: v for v in reader.block(block) if v.raw is not None}
        if time.monotonic() - shown_s >= every_s:
            shown_s = time.monotonic()
            show()
