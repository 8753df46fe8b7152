"""What can go wrong in an episode, as data that goes into a failure file and comes back the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum


class FaultKind(Enum):
    """The classes of faults, by the names that `cell simulate` and `cell fault` share."""

    MESSAGE_LOST = "message.lost"
    MESSAGE_LATE = "message.late"
    MESSAGE_REPEATED = "message.repeated"
    MESSAGE_REORDERED = "message.reordered"
    NAN = "nan"  # a number of one guarded message is none any more when it arrives
    KILL = "kill"
    HANG = "hang"  # with a duration it goes on by itself, without one its supervisor ends it
    SERIAL_CRC = "serial.crc"  # one to three flipped bits: CRC-16 of Modbus finds them for certain
    SERIAL_BURST = "serial.burst"  # one burst of at most 16 bits, found for certain too
    SERIAL_TRUNCATED = "serial.truncated"
    SERIAL_LATE = "serial.late"  # past the timeout: a late reply to an earlier request
    SERIAL_LOST = "serial.lost"
    UNPLUG = "unplug"  # the cable out, and in again
    DRIVE_TRIP = "drive-trip"  # a fault of its own
    MUTE = "mute"  # a drive hears and says nothing
    FREEZE = "freeze"  # measured registers of a drive keep their values
    POWER = "power"  # of a drive: off, and on again
    SENSOR_STUCK = "sensor.stuck"
    SENSOR_JUMP = "sensor.jump"
    ESTOP = "estop"
    GUARD = "guard"  # forced open and closed again
    AIR = "air"
    JAM = "jam"
    LOADER_EMPTY = "loader.empty"
    COMMAND = "command"  # an operator's, at this moment
    STALE_COMMAND = "command.stale"  # decided on a state of long ago
    DISK_FULL = "disk-full"
    CLOCK = "clock"  # a step of the wall clock
    POWER_LOSS = "power.loss"  # of the whole controller


LIVE_ONLY = frozenset({FaultKind.CLOCK})  # the simulation has no wall clock

# Failure files keep their promise over versions: names that they were written with before.
_FORMER = {
    "node.kill": FaultKind.KILL,
    "node.hang": FaultKind.HANG,
    "node.hang_for_good": FaultKind.HANG,
    "serial.bits": FaultKind.SERIAL_CRC,
    "cable": FaultKind.UNPLUG,
    "drive.fault": FaultKind.DRIVE_TRIP,
    "drive.mute": FaultKind.MUTE,
    "drive.frozen": FaultKind.FREEZE,
    "drive.power": FaultKind.POWER,
    "disk.full": FaultKind.DISK_FULL,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at a time, or `at_s` after a station enters a phase for the first time from then on."""

    kind: FaultKind
    target: str  # port, process, line, drive, module.channel, PackML command
    at_s: float
    after: str = ""  # "station phase"; "" counts from the beginning of the episode
    duration_s: float = 0.0
    value: float = 0.0  # what it means depends on the kind

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "kind": self.kind.value}


def from_json(content: Mapping[str, object]) -> Fault:
    """The fault of a failure file; ValueError or TypeError when it is none."""
    at_s, duration_s, value = (content.get(key, 0.0) for key in ("at_s", "duration_s", "value"))
    if not all(isinstance(number, int | float) for number in (at_s, duration_s, value)):
        raise TypeError(f"a time or value of {content} is no number")
    return Fault(
        _FORMER.get(str(content["kind"])) or FaultKind(content["kind"]),
        str(content["target"]),
        float(str(at_s)),
        str(content.get("after", "")),
        float(str(duration_s)),
        float(str(value)),
    )
