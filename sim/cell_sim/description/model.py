"""What a mechanism is made of, in no format's words: links with shapes and inertias, joints with limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

Vector = tuple[float, float, float]
ORIGIN: Vector = (0.0, 0.0, 0.0)


class Colour(Enum):
    """Red, green, blue."""

    STEEL = (0.55, 0.57, 0.60)
    FRAME = (0.25, 0.27, 0.30)
    BLUE = (0.16, 0.36, 0.62)
    ORANGE = (0.88, 0.47, 0.12)
    RUBBER = (0.10, 0.10, 0.11)
    WHEEL = (0.72, 0.70, 0.64)
    YELLOW = (0.93, 0.77, 0.10)
    RED = (0.80, 0.12, 0.10)
    AMBER = (0.95, 0.60, 0.05)
    GREEN = (0.10, 0.60, 0.22)
    ALUMINIUM = (0.82, 0.84, 0.87)
    WHITE = (0.93, 0.94, 0.95)
    WIRE = (0.42, 0.44, 0.47)
    BEAM = (0.90, 0.10, 0.08)

    @property
    def alpha(self) -> float:
        """1: nothing is seen through it."""
        return 0.55 if self in (Colour.WIRE, Colour.BEAM) else 1.0


class JointKind(Enum):
    """How a child moves in its parent."""

    FIXED = "fixed"
    SLIDE = "prismatic"
    TURN = "continuous"


@dataclass(frozen=True, slots=True)
class Box:
    """A box, its edges along the link's axes."""

    size_m: Vector
    at_m: Vector
    colour: Colour
    is_solid: bool = True  # False: only to look at

    @property
    def half_m(self) -> Vector:
        """From the middle to each side."""
        return (self.size_m[0] / 2, self.size_m[1] / 2, self.size_m[2] / 2)


@dataclass(frozen=True, slots=True)
class Cylinder:
    """A cylinder along the link's z, or along its y."""

    radius_m: float
    length_m: float
    at_m: Vector
    colour: Colour
    along_y: bool = False
    is_solid: bool = True  # False: only to look at

    @property
    def half_m(self) -> Vector:
        """From the middle to each side."""
        half, r = self.length_m / 2, self.radius_m
        return (r, half, r) if self.along_y else (r, r, half)


Shape = Box | Cylinder


@dataclass(frozen=True, slots=True)
class Inertia:
    """Mass, its centre, and the principal moments about that centre along the link's axes."""

    mass_kg: float
    centre_m: Vector
    moments_kg_m2: Vector


@dataclass(frozen=True, slots=True)
class Link:
    """A rigid body; its solid shapes are both looked at and collided with."""

    name: str
    shapes: tuple[Shape, ...]
    inertia: Inertia


@dataclass(frozen=True, slots=True)
class Limits:
    """Of a joint, in m, m/s, N or rad/s, N m; a turning joint has no ends."""

    low: float
    high: float
    speed: float
    effort: float


@dataclass(frozen=True, slots=True)
class Joint:
    """Moves its child; `leader` names the joint that it follows by `ratio`."""

    name: str
    kind: JointKind
    parent: str
    child: str
    at_m: Vector
    axis: Vector = (1.0, 0.0, 0.0)
    limits: Limits | None = None
    friction: float = 0.0
    leader: str | None = None
    ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Track:
    """A link whose surface moves what lies on it; `joint` counts its way."""

    link: str
    joint: str
    max_speed_m_s: float
    max_acceleration_m_s2: float


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A tree of links; the first one stands in the world at `at_m`."""

    name: str
    at_m: Vector
    links: tuple[Link, ...]
    joints: tuple[Joint, ...]
    track: Track | None = None


def link(name: str, mass_kg: float, *shapes: Shape) -> Link:
    """A link whose mass is spread evenly over the box that holds all its shapes."""
    low, high = extent(shapes)
    size = [h - lo for lo, h in zip(low, high, strict=True)]
    centre = [(h + lo) / 2 for lo, h in zip(low, high, strict=True)]
    xx, yy, zz = (s * s / 12 * mass_kg for s in size)
    inertia = Inertia(mass_kg, (centre[0], centre[1], centre[2]), (yy + zz, xx + zz, xx + yy))
    return Link(name, shapes, inertia)


def rotor(name: str, mass_kg: float, moment_kg_m2: float, along: int, *shapes: Shape) -> Link:
    """A link that turns about axis number `along` with a known moment: a cylinder as long as its shapes."""
    low, high = extent(shapes)
    long_m = high[along] - low[along]
    across = moment_kg_m2 / 2 + mass_kg * long_m**2 / 12
    x, y, z = (moment_kg_m2 if i == along else across for i in range(3))
    centre = [(high[i] + low[i]) / 2 if i == along else 0.0 for i in range(3)]
    return Link(name, shapes, Inertia(mass_kg, (centre[0], centre[1], centre[2]), (x, y, z)))


def extent(shapes: Iterable[Shape]) -> tuple[list[float], list[float]]:
    """Lowest and highest corner of the box that holds all that is solid."""
    boxes = [(s.at_m, s.half_m) for s in shapes if s.is_solid]
    low = [min(at[i] - half[i] for at, half in boxes) for i in range(3)]
    return low, [max(at[i] + half[i] for at, half in boxes) for i in range(3)]
