"""What `cell drives jog` and `prove` do."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite
from types import FrameType

import typer
from rich.console import Console

from cell_controller.cli.drives.target import Options, Target, reached, target_of
from cell_controller.cli.errors import CliError
from cell_controller.commissioning.bench import believed
from cell_controller.commissioning.jog import Limits, jog, limits_of
from cell_controller.commissioning.session import Session, refuse_unless_safe_to_move
from cell_controller.commissioning.stop_proof import SHARE, BenchProof, prove_stop
from cell_controller.config import AxisDrive, SpindleDrive
from cell_controller.drives.device import Device

SHOW_S = 0.25
NO_ENCODER = (
    "this drive shows what it puts out, not what the shaft does: it is proved only if you saw the shaft stop"
)


class Button:
    """Held until a signal lets it go, or for so long."""

    def __init__(self, for_s: float | None) -> None:
        self._for_s, self._began_s = for_s, 0.0
        self.is_let_go = False

    def press(self) -> None:
        """From now on it counts."""
        self._began_s = self._began_s or time.monotonic()

    def is_held(self) -> bool:
        self.press()
        is_over = self._for_s is not None and time.monotonic() - self._began_s >= self._for_s
        return not (self.is_let_go or is_over)


@contextmanager
def _let_go_by_signals(button: Button) -> Iterator[None]:
    """Ctrl-C, an end by another process, and a terminal that is closed: the drive is stopped first."""

    def take(number: int, frame: FrameType | None) -> None:
        button.is_let_go = True

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, take) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _device(target: Target) -> Device:
    profile = target.profile if target.cell is not None else believed(target.profile)
    return Device(target.name, target.drive, profile, target.arming_values)


def speed_of(text: str, target: Target) -> float:
    """A speed with its unit, as m/s of an axis or rpm of a spindle."""
    drive = target.drive
    for unit, factor in (("mm/s", 1e-3), ("m/s", 1.0), ("rpm", 1.0)):
        number = text.strip().removesuffix(unit)
        if number == text.strip():
            continue
        try:
            speed = float(number) * factor
        except ValueError:
            break
        if not isfinite(speed):
            break
        if unit == "rpm":
            return speed if isinstance(drive, SpindleDrive) else speed / 60.0 * _m_per_rev(target)
        if target.cell is None or not isinstance(drive, AxisDrive):
            raise typer.BadParameter(f"{text}: what a turn moves is not known here; give the speed in rpm")
        return speed
    raise typer.BadParameter(f"{text!r} is no speed; write it with its unit, such as 30rpm or -5mm/s")


def _m_per_rev(target: Target) -> float:
    return target.drive.m_per_rev if isinstance(target.drive, AxisDrive) else 1.0


def _speed(target: Target, speed: float) -> str:
    """As people read it: mm/s of an axis in a machine, else rpm."""
    if isinstance(target.drive, SpindleDrive):
        return f"{speed:.0f} rpm"
    return f"{60.0 * speed:.1f} rpm" if target.cell is None else f"{1e3 * speed:.2f} mm/s"


def _place(target: Target, position_m: float) -> str:
    return f"{position_m:.3f} rev" if target.cell is None else f"{1e3 * position_m:.3f} mm"


def refuse_options(words: Sequence[str]) -> None:
    """A word that begins like an option and is no speed is a misspelt one."""
    for word in words:
        if word.startswith("-") and not word[1:2].isdigit() and word[1:2] != ".":
            raise CliError(f"there is no option {word}: cell drives jog --help names them")


def jog_drive(options: Options, for_s: float | None) -> int:
    """Returns the exit code: 1 when it was not seen to stand afterwards."""
    target, words = target_of(options)
    refuse_options(words)
    if len(words) != 1:
        raise CliError("give one speed with its unit, such as 30rpm")
    speed = speed_of(words[0], target)
    limits = limits_of(target.profile, target.drive, target.cell)
    out = Console(highlight=False)
    button = Button(for_s)
    with _let_go_by_signals(button), reached(target) as wire:
        device = _device(target)
        refuse_unless_safe_to_move(device)
        out.print(f"{target}: arming, then {_limited(target, speed, limits)}", markup=False, soft_wrap=True)
        session = Session(wire, target.speed, device)
        shown_s = time.monotonic()

        def show() -> None:
            nonlocal shown_s
            if out.is_terminal and time.monotonic() - shown_s >= SHOW_S:
                shown_s = time.monotonic()
                text = _speed(target, session.speed)
                out.file.write(f"\r\033[K{target.name} {text}  (Ctrl-C lets go)\r")
                out.file.flush()

        done = jog(session, speed, limits, button.is_held, show)
    why = ", at its soft limit" if done.at_end else ""
    let_go = _speed(target, done.let_go_speed)
    way = f", {_place(target, done.began_m)} -> {_place(target, done.ended_m)}"
    is_axis = isinstance(target.drive, AxisDrive)
    out.print(f"{target.name}: let go at {let_go}{way if is_axis else ''}{why}", markup=False, soft_wrap=True)
    if not done.stands:
        out.print("it was not seen to stand: switch it off by hand", style="bold red")
    return 0 if done.stands else 1


def _limited(target: Target, speed: float, limits: Limits) -> str:
    asked = _speed(target, speed)
    is_too_fast = abs(speed) > limits.speed
    return f"{asked}, of which manual speed allows {_speed(target, limits.speed)}" if is_too_fast else asked


def prove_drive(options: Options, *, is_sure: bool) -> int:
    """Returns the exit code: 0 only when the drive is proved."""
    if options.cell is not None:
        return _prove_in_cell(options, is_sure=is_sure)
    target, words = target_of(options)
    if words:
        raise CliError(f"{' '.join(words)!r} is too much: prove takes a port and options")
    device = _device(target)
    refuse_unless_safe_to_move(device)
    if target.watchdog_s is None:
        raise CliError(f"{target.profile.name} has no watchdog")
    limits = limits_of(target.profile, target.drive, None)
    out = Console(highlight=False)
    turns = SHARE * (limits.speed if isinstance(target.drive, SpindleDrive) else 60.0 * limits.speed)
    out.print(f"{target}: its shaft turns at {turns:g} rpm, and on while the line is silent", markup=False)
    if not is_sure:
        _ask()
    button = Button(None)
    with _let_go_by_signals(button), reached(target) as wire:
        proof = prove_stop(
            wire,
            target.speed,
            lambda: _device(target),
            limits,
            target.watchdog_s,
            lambda text: out.print(f"  {text}", markup=False, soft_wrap=True),
            lambda: button.is_let_go,
        )
    return _show_proof(out, target, proof)


def _prove_in_cell(options: Options, *, is_sure: bool) -> int:
    """The proof that Production asks for: all lines of the cell, its guards watched."""
    from cell_controller.bringup.table import Arguments
    from cell_controller.cli.prove import prove

    if options.words:
        raise CliError("with --cell the ports are those of the cell file: leave the port out")
    if not options.drive:
        raise CliError("--cell needs --drive: the drive of the cell file that is meant")
    if options.cell is None or not options.cell.is_file():
        raise CliError(f"{options.cell}: no such file")
    return prove(Arguments(options.cell), None, is_sure=is_sure, is_json=False, drive=options.drive)


def _ask() -> None:
    if not sys.stdin.isatty():
        raise CliError("nobody is there to be asked; say --yes")
    typer.confirm("Is the shaft free, and the power switch within reach?", abort=True, err=True)


def _show_proof(out: Console, target: Target, proof: BenchProof) -> int:
    found = proof.measured
    if not found.in_time:
        out.print(
            f"{target.name}: NOT PROVED: {found.detail}", style="bold red", markup=False, soft_wrap=True
        )
        return 1
    after = f"{found.time_s:.3f} s ± {found.resolution_s:.3f} s"
    if isinstance(target.drive, SpindleDrive):
        after = f"at most {found.time_s:.3f} s"
    way = f", {found.distance_m:.3f} rev" if found.distance_m is not None else ""
    out.print(
        f"{target.name}: stopped by its watchdog ({proof.watchdog_s:g} s) after {after}{way}; {found.detail}",
        style="green",
        markup=False,
        soft_wrap=True,
    )
    is_spindle = isinstance(target.drive, SpindleDrive)
    if is_spindle and not target.profile.sees_coasting:
        out.print(NO_ENCODER, style="yellow", markup=False, soft_wrap=True)
    out.print("nothing is kept: a cell is proved where it stands, by cell prove-stop", markup=False)
    return 0
