"""What a bus is made from: the cell file, the plan of its line, and a Device for every drive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cell_controller.config import AxisDrive, CellFile, Drive, IoDrive, OnStop, SpindleDrive
from cell_controller.drives.device import Device
from cell_controller.drives.profile import DriveProfile, Source
from cell_controller.drives.schedule import LineSchedule


class LinePlanView(Protocol):
    """What a bus needs of its line's plan."""

    @property
    def schedule(self) -> LineSchedule: ...


class BusPlan(Protocol):
    """What a bus needs of the cell's plan."""

    @property
    def config_hash(self) -> str: ...

    @property
    def permit_valid_s(self) -> float: ...

    @property
    def profiles(self) -> Mapping[str, DriveProfile]: ...

    @property
    def lines(self) -> Mapping[str, LinePlanView]: ...


def arming_values(cell: CellFile, name: str, drive: Drive, watchdog_s: float | None) -> dict[Source, float]:
    """What arming writes into one drive, in the units of its registers."""
    values = own_values(drive, watchdog_s)
    if isinstance(drive, IoDrive):
        outputs = cell.outputs_of_module(name).values()
        values[Source.OUTPUT_HOLD_MASK] = sum(o.mask for o in outputs if o.on_stop is OnStop.HOLD)
    return values


def own_values(drive: Drive, watchdog_s: float | None) -> dict[Source, float]:
    """The same as far as it follows from the drive alone; of a module all outputs open."""
    values: dict[Source, float] = {}
    if watchdog_s is not None:
        values[Source.WATCHDOG_TIMEOUT] = watchdog_s
    if isinstance(drive, SpindleDrive):
        values[Source.ACCELERATION] = drive.max_speed_rpm / drive.rpm_per_hz / drive.ramp_s
    elif isinstance(drive, AxisDrive):
        values[Source.ACCELERATION] = drive.max_acceleration_m_s2 / drive.m_per_rev * 60.0
    else:
        values[Source.OUTPUT_HOLD_MASK] = 0
    return values


def make_devices(cell: CellFile, plan: BusPlan, line: str) -> tuple[Device, ...]:
    """The drives of a line, in file order."""
    schedule = plan.lines[line].schedule
    return tuple(
        Device(
            name,
            drive,
            plan.profiles[drive.profile],
            arming_values(cell, name, drive, schedule.drive(name).watchdog_s),
        )
        for name, drive in cell.drives_of_line(line).items()
    )


def open_masks(cell: CellFile, devices: tuple[Device, ...]) -> dict[str, int]:
    """Per I/O module of the line, the outputs that open when its bus stops by itself."""
    return {
        d.name: sum(o.mask for o in cell.outputs_of_module(d.name).values() if o.on_stop is OnStop.OPEN)
        for d in devices
        if d.is_module
    }
