"""What every process of a cell sets before it joins ROS, unless somebody has set it already."""

from __future__ import annotations

import os

# Nobody outside this machine takes part in guarding a cell: the drives' lines end here.
DEFAULTS = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def prepare() -> None:
    """To be called before rclpy.init."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
