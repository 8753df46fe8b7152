"""Parts and what is true about them, whatever the controller believes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import floor

_SLICE_M = 0.001
_RUN_ON_M = 0.002  # start and end of a seam are cut off or filled: not judged


@dataclass(frozen=True, slots=True)
class Blank:
    """What the loader feeds."""

    thickness_m: float
    seam_m: float
    grind_length_m: float
    grind_width_m: float


@dataclass(slots=True)
class WeldSlice:
    """One millimetre of weld."""

    has_void: bool = False
    has_flash: bool = False
    has_root_flaw: bool = False

    @property
    def is_sound(self) -> bool:
        return not (self.has_void or self.has_flash or self.has_root_flaw)


@dataclass(slots=True)
class WeldTruth:
    """The weld as a section under the microscope would show it."""

    slices: dict[int, WeldSlice] = field(default_factory=dict)
    is_torn: bool = False  # the part moved with the tool in it, or the tool was pulled out frozen
    was_loose: bool = False  # welded without clamp

    def add(self, along_m: float, found: WeldSlice) -> None:
        """A passage of the tool at this place; flaws stay."""
        index = floor(along_m / _SLICE_M)
        known = self.slices.get(index)
        if known is None:
            self.slices[index] = found
            return
        known.has_void |= found.has_void
        known.has_flash |= found.has_flash
        known.has_root_flaw |= found.has_root_flaw

    @property
    def length_m(self) -> float:
        return len(self.slices) * _SLICE_M

    def flaws(self, seam_m: float) -> tuple[str, ...]:
        """Everything that makes this weld bad, in words."""
        judged = [s for i, s in self.slices.items() if _RUN_ON_M <= i * _SLICE_M < seam_m - _RUN_ON_M]
        named = {
            "incomplete": self.length_m < seam_m - 2.0 * _SLICE_M,
            "void": sum(s.has_void for s in judged) > 1,
            "flash": sum(s.has_flash for s in judged) > 1,
            "root flaw": sum(s.has_root_flaw for s in judged) > 1,
            "torn": self.is_torn,
            "loose": self.was_loose,
        }
        return tuple(name for name, is_true in named.items() if is_true)


@dataclass(slots=True)
class GrindTruth:
    """The ground face."""

    is_ground: bool = False
    finish_um: float | None = None
    is_burnt: bool = False
    has_groove: bool = False
    is_pressed: bool = False
    was_loose: bool = False

    def flaws(self) -> tuple[str, ...]:
        """Everything but size and finish that makes this face bad."""
        named = {
            "unground": not self.is_ground,
            "burnt": self.is_burnt,
            "groove": self.has_groove,
            "pressed": self.is_pressed,
            "loose": self.was_loose,
        }
        return tuple(name for name, is_true in named.items() if is_true)


@dataclass(slots=True)
class Part:
    """One part on the belt."""

    number: int
    thickness_m: float  # actual
    surface_m: float  # actual height of the face to grind over its nominal plane
    at_m: float  # distance from the first place along the conveyor
    seam_m: float
    weld: WeldTruth = field(default_factory=WeldTruth)
    grind: GrindTruth = field(default_factory=GrindTruth)
    stirred_depth_m: float = 0.0
    left_at_s: float | None = None  # when it was taken away
    is_lost: bool = False  # fell off the end of the belt, or was put where another part was

    def is_stirred_at(self, depth_m: float) -> bool:
        """True when hot metal has closed around the pin at this depth."""
        return self.stirred_depth_m >= depth_m > 0.0001

    def flaws(self, size_m: float, tolerance_m: float, finish_max_um: float) -> tuple[str, ...]:
        """Why an inspector would refuse this part; empty for a good one."""
        found = [f"weld {flaw}" for flaw in self.weld.flaws(self.seam_m)]
        found += [f"grind {flaw}" for flaw in self.grind.flaws()]
        if abs(self.surface_m - size_m) > tolerance_m:
            found.append("grind size")
        if self.grind.finish_um is None or self.grind.finish_um > finish_max_um:
            found.append("grind finish")
        if self.is_lost:
            found.append("lost")
        return tuple(found)


class Loader:
    """Makes parts; the same seed makes the same ones."""

    # spread of bought plate and of the datum faces of the fixture
    thickness_spread_m = 20e-6
    surface_spread_m = 1.5e-6

    def __init__(self, blank: Blank, seed: int) -> None:
        self.blank = blank
        self.made = 0
        self.is_empty = False  # nobody has refilled it
        self._random = random.Random(f"{seed}/parts")

    def make(self, at_m: float) -> Part:
        """Put a new part on the belt."""
        self.made += 1
        spread = self._random.uniform
        return Part(
            number=self.made,
            thickness_m=self.blank.thickness_m + spread(-1.0, 1.0) * self.thickness_spread_m,
            surface_m=spread(-1.0, 1.0) * self.surface_spread_m,
            at_m=at_m,
            seam_m=self.blank.seam_m,
        )
