"""What every process of a cell sets before it joins ROS, unless somebody has set it already."""

from __future__ import annotations

import os

DEFAULTS = {
    # Nobody outside this machine takes part in guarding a cell: the drives' lines end here.
    "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
    # Not shared memory: a process that was hung and is killed leaves its port there in a state in which the
    # process that replaces it hears nothing (seen in the fault matrix), and files in /dev/shm.
    "FASTDDS_BUILTIN_TRANSPORTS": "UDPv4",
}


def prepare() -> None:
    """To be called before rclpy.init."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
