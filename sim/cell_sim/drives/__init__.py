"""Virtual drives: real bytes in, real bytes out, the plant behind them."""

from cell_sim.drives.base import VirtualDrive
from cell_sim.drives.build import NoVirtualDriveError, build_drive, build_line, build_lines, load_profiles
from cell_sim.drives.line import LineCounters, NextReply, VirtualLine

__all__ = [
    "LineCounters",
    "NextReply",
    "NoVirtualDriveError",
    "VirtualDrive",
    "VirtualLine",
    "build_drive",
    "build_line",
    "build_lines",
    "load_profiles",
]
