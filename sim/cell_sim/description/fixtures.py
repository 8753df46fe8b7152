"""What stands along the belt at its places: a vice with one moving jaw, and the sensor that sees a part."""

from __future__ import annotations

from cell_sim.description.layout import BELT_TOP_M, BELT_WIDTH_M
from cell_sim.description.model import Box, Colour, Cylinder, Joint, JointKind, Limits, Link, Shape, link
from cell_sim.description.part import WIDE_M

JAW_WAY_M = 0.015
_CLEAR_M = 0.002  # between a centred part and a closed jaw
_JAW_M = (0.10, 0.02, 0.024)
_JAW_AT_M = BELT_TOP_M + 0.014  # its lower edge slides over the belt
_RAIL_TOP_M = BELT_TOP_M + 0.015
_CLOSED_M = WIDE_M / 2 + _CLEAR_M + _JAW_M[1] / 2  # from the belt's middle to that of a closed jaw
_JAW_KG, _JAW_N, _JAW_M_S = 0.5, 480.0, 0.15  # a pneumatic cylinder of 32 mm at 6 bar


def vice(at_m: float) -> tuple[Shape, ...]:
    """What of it stands: the jaw behind the part with its bracket, the cylinder in front of it."""
    end_m = BELT_WIDTH_M / 2 + 0.024
    bracket_m = end_m - _CLOSED_M
    return (
        Box(_JAW_M, (at_m, _CLOSED_M, _JAW_AT_M), Colour.STEEL),
        Box((0.04, bracket_m, 0.012), (at_m, _CLOSED_M + bracket_m / 2, _RAIL_TOP_M + 0.006), Colour.STEEL),
        Box((0.05, 0.05, 0.036), (at_m, -end_m, _RAIL_TOP_M + 0.018), Colour.FRAME),
    )


def jaw(clamp: str) -> Link:
    """The moving jaw on its rod, named as the signal that closes it."""
    rod = Cylinder(0.006, 0.05, (0.0, -0.03, 0.006), Colour.WHITE, along_y=True, is_solid=False)
    return link(clamp, _JAW_KG, Box(_JAW_M, (0.0, 0.0, 0.0), Colour.ORANGE), rod)


def jaw_joint(clamp: str, base: str, at_m: float) -> Joint:
    """0 open, JAW_WAY_M closed."""
    open_m = (at_m, -_CLOSED_M - JAW_WAY_M, _JAW_AT_M)
    limits = Limits(0.0, JAW_WAY_M, _JAW_M_S, _JAW_N)
    return Joint(clamp, JointKind.SLIDE, base, clamp, open_m, (0.0, 1.0, 0.0), limits)


def part_sensor(at_m: float) -> tuple[Shape, ...]:
    """A light barrier on the rail, just behind where the vice has its bracket."""
    y_m = BELT_WIDTH_M / 2 + 0.012
    return (
        Box((0.012, 0.016, 0.03), (at_m - 0.075, y_m, _RAIL_TOP_M + 0.015), Colour.FRAME, is_solid=False),
        Cylinder(
            0.003,
            0.004,
            (at_m - 0.075, y_m - 0.009, _RAIL_TOP_M + 0.02),
            Colour.RED,
            along_y=True,
            is_solid=False,
        ),
    )
