"""One drive on a wire: a virtual one on simulated time, or with --hil-port a real one on a serial port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cell_controller.cli.drives.target import opened
from cell_controller.commissioning.bench import believed, bench_drive, bench_watchdog_s
from cell_controller.commissioning.jog import Limits, limits_of
from cell_controller.commissioning.master import Master
from cell_controller.commissioning.reading import DriveReader
from cell_controller.commissioning.session import Session
from cell_controller.commissioning.wire import Wire
from cell_controller.config import Drive, Rs485, SerialFormat
from cell_controller.drives.device import Device
from cell_controller.drives.line_setup import own_values
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, Source
from cell_controller.drives.profile.shelf import profile_named, profiles_dir
from cell_controller.drives.protocols import CODECS
from support.wire_bench import UNIT, WireBench

NAME = "drive"


@dataclass(frozen=True)
class OneDrive:
    """What the suite may do with it."""

    profile: DriveProfile
    unit: int
    wire: Wire
    speed: LineSpeed

    @property
    def drive(self) -> Drive:
        return bench_drive(self.profile, self.unit)

    @property
    def watchdog_s(self) -> float | None:
        return bench_watchdog_s(self.profile, self.speed)

    @property
    def armed_values(self) -> dict[Source, float]:
        return own_values(self.drive, self.watchdog_s)

    @property
    def limits(self) -> Limits:
        return limits_of(self.profile, self.drive, None)

    @property
    def master(self) -> Master:
        """One that knows nothing of what was said before."""
        return Master(self.wire, self.speed, CODECS[self.profile.protocol])

    @property
    def reader(self) -> DriveReader:
        return DriveReader(self.master, self.profile, self.unit)

    def make_device(self) -> Device:
        return Device(NAME, self.drive, believed(self.profile), self.armed_values)

    def session(self) -> Session:
        return Session(self.wire, self.speed, self.make_device())

    def armed(self) -> Session:
        """Armed, without the fault that the silence before may have left."""
        session = self.session()
        session.arm()
        session.clear_fault()
        return session

    def rest(self, duration_s: float) -> None:
        """Say nothing; what arrives is thrown away."""
        self.wire.wait(self.wire.now_s + duration_s)
        self.wire.drain()


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the options say of a real drive."""

    port: str
    profile: str
    unit: int
    baud: int | None
    form: SerialFormat | None
    echoes: bool
    direction: Rs485 | None
    moves: bool
    profiles: Path | None

    def __str__(self) -> str:
        return f"{self.profile} at {self.port} unit {self.unit}"


def virtual(profile: DriveProfile) -> OneDrive:
    """On simulated time."""
    bench = WireBench(profile)
    return OneDrive(profile, UNIT, bench.wire, bench.speed)


@contextmanager
def real(hardware: Hardware) -> Iterator[OneDrive]:
    """Through the serial port, locked as by `cell up`."""
    profile = profile_named(hardware.profile, profiles_dir(hardware.profiles))
    baud = hardware.baud or profile.serial.default_baud
    form = hardware.form or profile.serial.usual_format
    with opened(hardware.port, baud, form, direction=hardware.direction) as wire:
        yield OneDrive(profile, hardware.unit, wire, LineSpeed(baud, form, hardware.echoes))


def add_options(parser: pytest.Parser) -> None:
    """--hil-port and what belongs to it."""
    group = parser.getgroup("hil", "the suite of one drive against a real one")
    group.addoption("--hil-port", metavar="PORT", help="serial port of the drive; all else needs it")
    group.addoption("--hil-profile", metavar="NAME", help="its profile")
    group.addoption("--hil-unit", metavar="N", type=int, default=1, help="its unit id")
    group.addoption("--hil-baud", metavar="BAUD", type=int, help="the maker's default without it")
    group.addoption(
        "--hil-format", metavar="FORMAT", choices=[f.value for f in SerialFormat], help="such as 8N2"
    )
    group.addoption("--hil-echo", action="store_true", help="the adapter hears itself")
    group.addoption(
        "--hil-rts", choices=["high", "low"], help="RTS that lets the port send, where no circuit does it"
    )
    group.addoption("--hil-profiles", metavar="DIR", type=Path, help="directory of the profile")
    group.addoption("--hil-moves", action="store_true", help="its shaft is free and may turn")


def hardware_of(config: pytest.Config) -> Hardware | None:
    """None without --hil-port; UsageError when its companions are missing or alone."""
    port, profile = config.getoption("--hil-port"), config.getoption("--hil-profile")
    form, rts = config.getoption("--hil-format"), config.getoption("--hil-rts")
    if not port:
        if profile or config.getoption("--hil-moves"):
            raise pytest.UsageError("--hil-profile and --hil-moves need --hil-port")
        return None
    if not profile:
        raise pytest.UsageError("--hil-port needs --hil-profile; cell drives identify finds it")
    return Hardware(
        port,
        profile,
        config.getoption("--hil-unit"),
        config.getoption("--hil-baud"),
        SerialFormat(form) if form else None,
        config.getoption("--hil-echo"),
        Rs485(rts_while_sending=rts == "high", rts_while_receiving=rts == "low") if rts else None,
        config.getoption("--hil-moves"),
        config.getoption("--hil-profiles"),
    )
