"""How every process of a cell joins ROS: with the others on this machine, and with nobody else.

The lines that guard the drives end on this machine, so nobody outside takes part. Who wants something else
sets ROS_AUTOMATIC_DISCOVERY_RANGE to another value, or a profile of his own.
"""

from __future__ import annotations

import os
from pathlib import Path

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
OUR_PROFILE = Path(__file__).with_name("fastdds.xml")


def prepare() -> None:
    """To be called before rclpy.init; the same for this process and those that it starts."""
    if os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp") != "rmw_fastrtps_cpp":
        os.environ.setdefault(RANGE, "LOCALHOST")
    elif os.environ.get(RANGE, "LOCALHOST") == "LOCALHOST" and PROFILE not in os.environ:
        os.environ[RANGE] = "SYSTEM_DEFAULT"  # as the profile says, which is: this machine
        os.environ[PROFILE] = str(OUR_PROFILE)
