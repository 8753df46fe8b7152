"""How every process of a cell joins ROS: with the others on this machine, and with nobody else.

The lines that guard the drives end on this machine, so nobody outside takes part. Who wants something else
sets ROS_AUTOMATIC_DISCOVERY_RANGE to another value; a Fast DDS profile of his own stays within that range.
"""

from __future__ import annotations

import os
from pathlib import Path

from cell_controller.errors import CellError

RANGE = "ROS_AUTOMATIC_DISCOVERY_RANGE"
PROFILE = "FASTRTPS_DEFAULT_PROFILES_FILE"
OUR_PROFILE = Path(__file__).with_name("fastdds.xml")
_FAST_DDS = "rmw_fastrtps_cpp"


class ProfileMissingError(CellError):
    """Without the profile that keeps the cell on this machine nothing would."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is missing: install cell-controller again, or set {RANGE}=LOCALHOST and {PROFILE}"
        )
        self.path = path


def prepare() -> None:
    """To be called before rclpy.init; the same for this process and those that it starts."""
    is_fast_dds = os.environ.get("RMW_IMPLEMENTATION", _FAST_DDS) == _FAST_DDS
    is_local = os.environ.get(RANGE, "LOCALHOST") == "LOCALHOST"
    if is_fast_dds and is_local and PROFILE not in os.environ:
        if not OUR_PROFILE.is_file():
            raise ProfileMissingError(OUR_PROFILE)
        os.environ[RANGE] = "SYSTEM_DEFAULT"  # as the profile says, which is: this machine
        os.environ[PROFILE] = str(OUR_PROFILE)
    else:
        os.environ.setdefault(RANGE, "LOCALHOST")
