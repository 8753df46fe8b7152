"""The joints of a URDF, and where each puts its child, as robot_state_publisher has it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from math import cos, sin
from xml.etree.ElementTree import Element, ParseError, fromstring

from cell_controller.display.values import Frame, Quaternion, Vector
from cell_controller.errors import CellError

_ZERO = "0 0 0"
_X = "1 0 0"  # axis of a joint that names none (URDF specification, joint)


class DescriptionError(CellError):
    """The text is no robot description that can be shown."""


class Motion(Enum):
    """How a joint moves; the words of URDF."""

    FIXED = "fixed"
    PRISMATIC = "prismatic"
    REVOLUTE = "revolute"
    CONTINUOUS = "continuous"


@dataclass(frozen=True, slots=True)
class Mimic:
    """position = multiplier * position of the leader + offset."""

    leader: str
    multiplier: float
    offset: float


@dataclass(frozen=True, slots=True)
class Joint:
    """Puts `child` into `parent`."""

    name: str
    motion: Motion
    parent: str
    child: str
    at_m: Vector
    rotation: Quaternion
    axis: Vector
    mimic: Mimic | None
    low: float = 0.0  # of its limits, in m or rad
    high: float = 0.0

    def frame(self, position: float) -> Frame:
        """At a position in m or rad; a fixed joint takes any."""
        at_m, rotation = self.at_m, self.rotation
        if self.motion is Motion.PRISMATIC:
            way = turned(self.rotation, _scaled(self.axis, position))
            at_m = (at_m[0] + way[0], at_m[1] + way[1], at_m[2] + way[2])
        elif self.motion is not Motion.FIXED:
            x, y, z = _scaled(self.axis, sin(position / 2))
            rotation = product(self.rotation, (x, y, z, cos(position / 2)))
        return Frame(self.parent, self.child, at_m, rotation)


@dataclass(frozen=True, slots=True)
class RobotModel:
    """A URDF and its joints, in its order."""

    text: str
    joints: tuple[Joint, ...]

    @property
    def frames(self) -> tuple[str, ...]:
        """Names of all links that a joint holds or moves."""
        return tuple(dict.fromkeys(name for j in self.joints for name in (j.parent, j.child)))

    def still(self, measured: Collection[str]) -> tuple[Frame, ...]:
        """Frames that never move, and at zero those that nobody measures, such as a door's."""
        return tuple(
            j.frame(0.0)
            for j in self.joints
            if j.motion is Motion.FIXED or (j.mimic.leader if j.mimic else j.name) not in measured
        )

    def moving(self, positions: Mapping[str, float]) -> tuple[Frame, ...]:
        """Frames of the joints whose position is known, or that of the joint they follow."""
        found = []
        for joint in self.joints:
            if joint.motion is Motion.FIXED:
                continue
            position = positions.get(joint.mimic.leader if joint.mimic else joint.name)
            if position is None:
                continue
            if joint.mimic:
                position = joint.mimic.multiplier * position + joint.mimic.offset
            found.append(joint.frame(position))
        return tuple(found)


def read_urdf(text: str) -> RobotModel:
    """Raises DescriptionError; links, shapes and inertias are for others."""
    try:
        root = fromstring(text)
        return RobotModel(text, tuple(_joint(e) for e in root.findall("joint")))
    except (ParseError, ValueError, KeyError) as error:
        raise DescriptionError(f"no robot description: {type(error).__name__}: {error}") from error


def _joint(element: Element) -> Joint:
    origin, axis, mimic = element.find("origin"), element.find("axis"), element.find("mimic")
    limit = element.find("limit")
    place = {} if origin is None else origin.attrib
    ends = {} if limit is None else limit.attrib
    return Joint(
        element.attrib["name"],
        Motion(element.attrib["type"]),
        _link(element, "parent"),
        _link(element, "child"),
        _vector(place.get("xyz", _ZERO)),
        from_rpy(_vector(place.get("rpy", _ZERO))),
        _unit(_vector(_X if axis is None else axis.attrib["xyz"])),
        None
        if mimic is None
        else Mimic(
            mimic.attrib["joint"], float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0"))
        ),
        float(ends.get("lower", "0")),
        float(ends.get("upper", "0")),
    )


def _link(element: Element, end: str) -> str:
    found = element.find(end)
    if found is None:
        raise ValueError(f"joint {element.attrib['name']} has no {end}")
    return found.attrib["link"]


def _vector(text: str) -> Vector:
    x, y, z = (float(word) for word in text.split())
    return (x, y, z)


def _scaled(vector: Vector, factor: float) -> Vector:
    return (vector[0] * factor, vector[1] * factor, vector[2] * factor)


def _unit(vector: Vector) -> Vector:
    length = sum(v * v for v in vector) ** 0.5
    if length == 0.0:
        raise ValueError("an axis of length 0")
    return _scaled(vector, 1 / length)


def from_rpy(rpy_rad: Vector) -> Quaternion:
    """Roll, pitch, yaw about the fixed axes x, y, z (REP 103)."""
    roll, pitch, yaw = rpy_rad
    about_x = (sin(roll / 2), 0.0, 0.0, cos(roll / 2))
    about_y = (0.0, sin(pitch / 2), 0.0, cos(pitch / 2))
    about_z = (0.0, 0.0, sin(yaw / 2), cos(yaw / 2))
    return product(about_z, product(about_y, about_x))


def product(a: Quaternion, b: Quaternion) -> Quaternion:
    """First b, then a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def turned(rotation: Quaternion, vector: Vector) -> Vector:
    """The vector after the rotation."""
    x, y, z, w = rotation
    turned_x, turned_y, turned_z, _ = product(product(rotation, (*vector, 0.0)), (-x, -y, -z, w))
    return (turned_x, turned_y, turned_z)
