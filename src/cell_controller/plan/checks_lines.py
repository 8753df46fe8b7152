"""Checks of serial lines: one protocol, ids that it has, directions that switch in time, names that last."""

from __future__ import annotations

from collections.abc import Iterator

from cell_controller.config import CellFile, Finding, KeyPath, Severity
from cell_controller.config.units import quantity
from cell_controller.drives.protocols import CODECS
from cell_controller.plan.make import Profiles

# The kernel numbers adapters as it finds them: after the next start another one may have the name.
NUMBERED = ("/dev/ttyUSB", "/dev/ttyACM")


def lines_speak_one_protocol(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """A line has one master that speaks one protocol; frames of another are noise to its drives."""
    for line in cell.lines:
        spoken = {n: p for n, d in cell.drives_of_line(line).items() if (p := profiles.get(d.profile))}
        first = next(iter(spoken), "")
        for name, profile in spoken.items():
            if profile.protocol is not spoken[first].protocol:
                other = spoken[first].protocol
                text = f"speaks {profile.protocol}, while {first} on the same line speaks {other}"
                yield Finding(("drives", name, "profile"), text, f"give {name} or {first} another line")


def units_exist(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """A unit id is one that the protocol of its drive can say."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is not None and drive.unit > CODECS[profile.protocol].max_unit:
            most = CODECS[profile.protocol].max_unit
            text = f"{profile.protocol}, which {profile.name} speaks, has unit ids up to {most} only"
            yield Finding(("drives", name, "unit"), text, f"set the drive, and this, to one of 1 to {most}")


def directions_switch_in_time(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """A port that switches its direction listens before a drive answers, and sends before it is given up."""
    for line, content in cell.lines.items():
        spoken = [p for d in cell.drives_of_line(line).values() if (p := profiles.get(d.profile))]
        if content.rs485 is None or not spoken:
            continue
        path: KeyPath = ("lines", line, "rs485")
        soonest = min(spoken, key=lambda p: p.timing.reply_delay_s)
        if content.rs485.delay_after_s > soonest.timing.reply_delay_s:
            text = f"{soonest.name} may answer after {quantity(soonest.timing.reply_delay_s, 's')}, unheard"
            remedy = "write 0, or take an adapter that switches by itself"
            yield Finding((*path, "delay_after_sending_s"), text, remedy)
        drain_s = min(p.timing.drain_s for p in spoken)
        if content.rs485.delay_before_s >= drain_s:
            text = f"before a next request a late reply is waited for {quantity(drain_s, 's')} only"
            yield Finding((*path, "delay_before_sending_s"), text, "make it shorter")


def devices_keep_their_names(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """With two adapters in each other's place a bus would talk to the other line's drives."""
    severity = Severity.ERROR if cell.production else Severity.WARNING
    for name, line in cell.lines.items():
        if line.device.startswith(NUMBERED):
            text = "is another adapter when they are plugged in another order"
            remedy = "name it by its number for life: ls -l /dev/serial/by-id"
            yield Finding(("lines", name, "device"), text, remedy, severity=severity)
