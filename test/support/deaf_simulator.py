"""The simulator with a belt whose watchdog reads back well and does nothing."""

import sys

from cell_sim import server
from cell_sim.drives.fast_servo import VirtualFastServo

_works = VirtualFastServo.expired


def expired(drive: VirtualFastServo) -> None:
    """Of every drive but the belt's."""
    if drive.name != "belt":
        _works(drive)


if __name__ == "__main__":
    VirtualFastServo.expired = expired  # type: ignore[method-assign]
    sys.exit(server.main())
