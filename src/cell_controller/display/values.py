"""What the display unit gives to its host: the content of standard ROS messages, without their headers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cell_controller.runtime import Qos
from cell_controller.runtime.ports import Port

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w as in geometry_msgs


@dataclass(frozen=True, slots=True)
class JointValue:
    """One joint in m, m/s, N or rad, rad/s, N m; NaN for what is not measured."""

    name: str
    position: float
    velocity: float
    effort: float


@dataclass(frozen=True, slots=True)
class JointValues:
    """sensor_msgs/JointState: the joints of which there is fresh data."""

    joints: tuple[JointValue, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where `child` is in `parent`."""

    parent: str
    child: str
    translation_m: Vector
    rotation: Quaternion


@dataclass(frozen=True, slots=True)
class Frames:
    """tf2_msgs/TFMessage."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """std_msgs/String with a URDF in it."""

    text: str


class Level(IntEnum):
    """The levels of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True)
class Item:
    """A value in words; the unit is in the key."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One component."""

    name: str
    level: Level
    message: str
    hardware_id: str = ""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnoses:
    """diagnostic_msgs/DiagnosticArray."""

    statuses: tuple[Diagnosis, ...]


JOINT_STATES = Port("joint_states", JointValues, Qos.LOCAL)
TF = Port("tf", Frames, Qos.LOCAL)
TF_STATIC = Port("tf_static", Frames, Qos.LOCAL)
ROBOT_DESCRIPTION = Port("robot_description", Description, Qos.LOCAL)
DIAGNOSTICS = Port("diagnostics", Diagnoses, Qos.LOCAL)
"""LOCAL: the host adds time stamps and makes standard messages of them."""
