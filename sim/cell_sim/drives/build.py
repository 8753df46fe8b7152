"""The virtual drives of a cell file's lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cell_controller.config import AxisDrive, CellFile, Drive, SpindleDrive
from cell_controller.drives.profile import DriveProfile, load_profile
from cell_controller.errors import CellError
from cell_sim.drives.asda_a3 import VirtualAsdaA3
from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.c2000 import VirtualC2000, VirtualMs300, VirtualVfdB, VirtualVfdE
from cell_sim.drives.dynamixel_x import VirtualDynamixelX
from cell_sim.drives.em2rs import VirtualEm2rs
from cell_sim.drives.ezi_servo import VirtualEziServo
from cell_sim.drives.fast_servo import VirtualFastServo
from cell_sim.drives.inverter import InverterDrive
from cell_sim.drives.line import VirtualLine
from cell_sim.drives.ls import VirtualLsIg5a, VirtualLsS100
from cell_sim.drives.motor import ServoDrive, ShaftSpec
from cell_sim.drives.remote_io import VirtualRemoteIo
from cell_sim.plant import CellPlant

_AXES: dict[str, type[ServoDrive]] = {
    "cia402_modbus": VirtualFastServo,
    "delta_asda_a3": VirtualAsdaA3,
    "delta_asda_b3": VirtualAsdaA3,
    "fast_modbus_servo": VirtualFastServo,
    "fastech_ezi_servo": VirtualEziServo,
    "leadshine_em2rs": VirtualEm2rs,
    "robotis_dynamixel_x": VirtualDynamixelX,
}
_SPINDLES: dict[str, type[InverterDrive]] = {
    "delta_c2000": VirtualC2000,
    "delta_ms300": VirtualMs300,
    "delta_vfd_b": VirtualVfdB,
    "delta_vfd_e": VirtualVfdE,
    "ls_ig5a": VirtualLsIg5a,
    "ls_s100": VirtualLsS100,
}
_MODULES = {"remote_io": VirtualRemoteIo, "remote_io_coils": VirtualRemoteIo}


class NoVirtualDriveError(CellError):
    """The simulator has no virtual drive for a profile."""

    def __init__(self, drive: str, profile: str) -> None:
        known = sorted((*_AXES, *_SPINDLES, *_MODULES))
        super().__init__(f"{drive}: no virtual drive for profile {profile}; there are {', '.join(known)}")
        self.drive = drive
        self.profile = profile


def load_profiles(cell: CellFile, directory: Path) -> dict[str, DriveProfile]:
    """The profiles that a cell uses, by name, from a folder such as config/drives."""
    names = dict.fromkeys(drive.profile for drive in cell.drives.values())
    return {name: load_profile(directory / f"{name}.yaml") for name in names}


def build_line(
    cell: CellFile, line: str, profiles: Mapping[str, DriveProfile], plant: CellPlant
) -> VirtualLine:
    """One line with its drives, powered on at the plant's time."""
    wire = cell.lines[line]
    drives = [
        build_drive(name, drive, profiles[drive.profile], plant)
        for name, drive in cell.drives_of_line(line).items()
    ]
    for drive in drives:
        drive.power_on(plant.now_s)
    form = wire.format
    return VirtualLine(
        line,
        wire.baud,
        form.bits_per_char,
        drives,
        parity=form.parity,
        stop_bits=form.stop_bits,
        echoes=wire.echo,
    )


def build_lines(
    cell: CellFile, profiles: Mapping[str, DriveProfile], plant: CellPlant
) -> dict[str, VirtualLine]:
    """Every line of a cell."""
    return {name: build_line(cell, name, profiles, plant) for name in cell.lines}


def build_drive(name: str, drive: Drive, profile: DriveProfile, plant: CellPlant) -> VirtualDrive:
    """One drive, not yet powered on, on the part of the plant that has its name."""
    if isinstance(drive, AxisDrive) and drive.profile in _AXES:
        shaft = ShaftSpec(drive.m_per_rev, drive.absolute)
        return _AXES[drive.profile](name, drive.unit, profile, plant, shaft)
    if isinstance(drive, SpindleDrive) and drive.profile in _SPINDLES:
        return _SPINDLES[drive.profile](name, drive.unit, profile, plant, drive.rpm_per_hz)
    if drive.profile in _MODULES:
        return _MODULES[drive.profile](name, drive.unit, profile, plant)
    raise NoVirtualDriveError(name, drive.profile)
