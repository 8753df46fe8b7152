"""Quality of service of each class of port; the table of design and docs."""

from __future__ import annotations

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from cell_controller.runtime import Qos

GUARDED_DEPTH = 10  # drained at every step; a shallower queue can overwrite the violating sample


def profile_of(qos: Qos) -> QoSProfile:
    """The ROS profile of a port; LOCAL ports have none."""
    if qos is Qos.GUARDED:
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=GUARDED_DEPTH,
            reliability=ReliabilityPolicy.BEST_EFFORT,
            durability=DurabilityPolicy.VOLATILE,
        )
    if qos is Qos.LATCHED:
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=1,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL,
        )
    if qos is Qos.REQUEST:
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=10,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.VOLATILE,
        )
    raise ValueError(f"{qos.name} ports do not travel over ROS")


def in_words(profile: QoSProfile) -> str:
    """A profile as documents name it."""
    reliability = {ReliabilityPolicy.RELIABLE: "reliable", ReliabilityPolicy.BEST_EFFORT: "best effort"}
    durability = {DurabilityPolicy.VOLATILE: "volatile", DurabilityPolicy.TRANSIENT_LOCAL: "transient local"}
    return f"{reliability[profile.reliability]}, {durability[profile.durability]}, depth {profile.depth}"
