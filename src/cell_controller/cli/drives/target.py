"""Which drive a command means: a port with profile and unit, or a drive of a cell file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path

from rich.console import Console

from cell_controller.bringup.claim import key_of
from cell_controller.bringup.locks import Locks
from cell_controller.cli.errors import CliError
from cell_controller.commissioning.bench import bench_drive, bench_watchdog_s
from cell_controller.commissioning.master import Master
from cell_controller.config import CellFile, Drive, Rs485, SerialFormat
from cell_controller.drives.line_setup import arming_values, own_values
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, Source
from cell_controller.drives.profile.shelf import profile_named, profiles_dir
from cell_controller.drives.protocols import CODECS
from cell_controller.nodes.adapter import slow_adapter
from cell_controller.nodes.serial_wire import SerialWire
from cell_controller.plan import CellPlan

FILES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is out of the ordinary between port and wires."""

    echoes: bool = False  # the adapter hears itself
    direction: Rs485 | None = None  # the port's driver switches it through RTS

    def speed(self, baud: int, form: SerialFormat) -> LineSpeed:
        """Of a port that is wired like this."""
        lead_s = self.direction.delay_before_s if self.direction is not None else 0.0
        return LineSpeed(baud, form, self.echoes, lead_s)


@dataclass(frozen=True, slots=True)
class Options:
    """What the words and options of a command say."""

    words: tuple[str, ...]
    profile: str = ""
    unit: int | None = None
    baud: int | None = None
    form: SerialFormat | None = None
    cell: Path | None = None
    drive: str = ""
    profiles: Path | None = None
    wiring: Wiring = Wiring()


@dataclass(frozen=True, slots=True)
class Target:
    """One drive where it is reached. `cell` and `plan` where a cell file names it."""

    device: str
    profile: DriveProfile
    unit: int
    baud: int
    form: SerialFormat
    name: str
    drive: Drive
    watchdog_s: float | None
    cell: CellFile | None = None
    plan: CellPlan | None = None
    wiring: Wiring = Wiring()

    @property
    def arming_values(self) -> dict[Source, float]:
        """What the controller writes when it arms the drive."""
        if self.cell is None:
            return own_values(self.drive, self.watchdog_s)
        return arming_values(self.cell, self.name, self.drive, self.watchdog_s)

    @property
    def speed(self) -> LineSpeed:
        return self.wiring.speed(self.baud, self.form)

    def master(self, wire: SerialWire) -> Master:
        return Master(wire, self.speed, CODECS[self.profile.protocol])

    def __str__(self) -> str:
        where = f"{self.device} unit {self.unit}, {self.baud} {self.form.value}"
        return f"{self.name} ({self.profile.name}) at {where}"


def target_of(options: Options) -> tuple[Target, tuple[str, ...]]:
    """The drive, and the words behind the port."""
    if options.cell is None:
        return _on_a_port(options)
    if not options.drive:
        raise CliError("--cell needs --drive: the drive of the cell file that is meant")
    from cell_controller.bringup.table import Arguments, settle
    from cell_controller.plan import load_plan

    if not options.cell.is_file():
        raise CliError(f"{options.cell}: no such file")
    _, plan = load_plan(options.cell)
    _, cell = settle(Arguments(options.cell))
    if options.drive not in cell.drives:
        raise CliError(f"{options.cell} has no drive {options.drive!r}; there are {', '.join(cell.drives)}")
    drive = cell.drives[options.drive]
    if options.unit is not None:  # not yet set to the id that it will have in the cell
        drive = drive.model_copy(update={"unit": options.unit})
    line = cell.lines[drive.line]
    port, words = _port_before(options.words)
    return (
        Target(
            device=port or line.device,
            profile=plan.profile_of(options.drive),
            unit=drive.unit,
            baud=options.baud or line.baud,
            form=options.form or line.format,
            name=options.drive,
            drive=drive,
            watchdog_s=plan.drives[options.drive].watchdog_s,
            cell=cell,
            plan=plan,
            wiring=Wiring(line.echo or options.wiring.echoes, options.wiring.direction or line.rs485),
        ),
        words,
    )


def _port_before(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """With a cell file the port may be left out: only a path that is no file of ours is one."""
    if words and "/" in words[0] and not words[0].endswith(FILES):
        return words[0], tuple(words[1:])
    return "", tuple(words)


def _on_a_port(options: Options) -> tuple[Target, tuple[str, ...]]:
    if not options.words or not options.words[0]:
        raise CliError(
            "name the port, such as /dev/serial/by-id/usb-..., or a drive: --cell FILE --drive NAME"
        )
    if not options.profile or options.unit is None:
        raise CliError(
            "say --profile and --unit (cell drives identify finds them), or --cell FILE --drive NAME"
        )
    profile = profile_named(options.profile, profiles_dir(options.profiles))
    baud = options.baud or profile.serial.default_baud
    form = options.form or profile.serial.usual_format
    drive = bench_drive(profile, options.unit)
    watchdog_s = bench_watchdog_s(profile, LineSpeed(baud, form))
    target = Target(
        device=options.words[0],
        profile=profile,
        unit=options.unit,
        baud=baud,
        form=form,
        name=profile.name,
        drive=drive,
        watchdog_s=watchdog_s,
        wiring=options.wiring,
    )
    return target, tuple(options.words[1:])


@contextmanager
def opened(
    device: str,
    baud: int,
    form: SerialFormat,
    cell: CellFile | None = None,
    direction: Rs485 | None = None,
) -> Iterator[SerialWire]:
    """The port, for us alone: locked as `cell up` locks it, exclusively open, slow adapters told."""
    locks = Locks()
    if cell is not None:
        locks.take(key_of(cell.namespace), f"cell {cell.name} ({cell.namespace})")
    try:
        locks.take(f"line {realpath(device)}", f"port {device}")
        with SerialWire(device, direction) as wire:
            wire.open(baud, form)
            slow = slow_adapter(device)
            if slow:
                Console(stderr=True, highlight=False).print(
                    slow, style="yellow", markup=False, soft_wrap=True
                )
            yield wire
    finally:
        locks.release()


@contextmanager
def reached(target: Target) -> Iterator[SerialWire]:
    """The port of a drive, open."""
    with opened(target.device, target.baud, target.form, target.cell, target.wiring.direction) as wire:
        yield wire
