"""Fence, guard door, light curtains, stack light, cabinet: of a shape that no cell file names."""

from __future__ import annotations

from cell_sim.description.model import (
    ORIGIN,
    Box,
    Colour,
    Cylinder,
    Joint,
    JointKind,
    Limits,
    Mechanism,
    Shape,
    link,
)

HEIGHT_M = 2.0  # of the fence, as machine fences are sold
_MARGIN_M = 0.75  # from the last place to the fence
_FRONT_M, _BACK_M = -1.2, 1.2
DOOR = "guard_door"
DOOR_M = 0.9  # width of the door, and how far it slides
_POST_M, _WIRE_M = 0.06, 0.01
_DOOR_KG, _DOOR_N, _DOOR_M_S = 18.0, 150.0, 1.0  # pushed by hand
_FENCE_KG, _LIGHT_KG, _CURTAIN_KG, _CABINET_KG = 180.0, 2.0, 3.0, 150.0
_GATE_M = 0.40  # half of the width through which the belt passes, and the parts in its middle
_CURTAIN_M = (0.90, 1.50)  # from below to above what an arm could reach over the belt
_BEAMS = 12


def surroundings(end_m: float) -> Mechanism:
    """Around a belt from 0 to `end_m`; the belt passes at both ends, the door is at the front."""
    left, right = -_MARGIN_M, end_m + _MARGIN_M
    middle = end_m / 2
    door_left, door_right = middle - DOOR_M / 2, middle + DOOR_M / 2
    corners = [(x, y) for x in (left, right) for y in (_FRONT_M, _BACK_M)]
    posts: list[Shape] = [
        Box((_POST_M, _POST_M, HEIGHT_M), (x, y, HEIGHT_M / 2), Colour.YELLOW)
        for x, y in (*corners, (door_left, _FRONT_M), (door_right, _FRONT_M))
    ]
    posts += [
        *_rails(left, right, _BACK_M),
        *_rails(left, door_left, _FRONT_M),
        *_rails(door_right, right, _FRONT_M),
    ]
    for x in (left, right):
        for near, far in ((-_GATE_M, _FRONT_M), (_GATE_M, _BACK_M)):
            posts += [
                Box((_POST_M, _POST_M, HEIGHT_M), (x, near, HEIGHT_M / 2), Colour.YELLOW),
                *_rails(min(near, far), max(near, far), x, along_y=True),
            ]
        posts.append(Box((_WIRE_M, 2 * _GATE_M, 0.04), (x, 0.0, HEIGHT_M - 0.05), Colour.YELLOW))
    door = (
        Box((DOOR_M, _WIRE_M, 0.05), (0.0, 0.0, 0.15), Colour.YELLOW),
        Box((DOOR_M, _WIRE_M, 0.05), (0.0, 0.0, HEIGHT_M - 0.05), Colour.YELLOW),
        Box((DOOR_M, _WIRE_M, 0.05), (0.0, 0.0, 1.0), Colour.YELLOW),
        *(
            Box((0.04, _WIRE_M, HEIGHT_M - 0.25), (s * (DOOR_M / 2 - 0.02), 0.0, 1.05), Colour.YELLOW)
            for s in (-1, 1)
        ),
        Box((0.05, 0.03, 0.16), (-DOOR_M / 2 + 0.03, -0.02, 1.05), Colour.FRAME),
        *_uprights([-DOOR_M / 2 + DOOR_M * n / 9 for n in range(1, 9)], 0.0),
    )
    cabinet = (
        Box((0.40, 0.70, 1.80), (0.0, 0.0, 0.95), Colour.WHITE),
        Box((0.38, 0.68, 0.05), (0.0, 0.0, 0.025), Colour.FRAME),
        Box((0.28, 0.01, 0.22), (0.0, -0.352, 1.35), Colour.RUBBER, is_solid=False),
        Cylinder(0.025, 0.03, (0.12, -0.36, 1.10), Colour.RED, along_y=True, is_solid=False),
    )
    lamps = [
        Cylinder(0.035, 0.06, (0.0, 0.0, 0.23 + 0.065 * n), colour)
        for n, colour in enumerate((Colour.GREEN, Colour.AMBER, Colour.RED))
    ]
    pole = Cylinder(0.012, 0.20, (0.0, 0.0, 0.10), Colour.STEEL)
    links = (
        link("fence", _FENCE_KG, *posts),
        link(DOOR, _DOOR_KG, *door),
        link("stack_light", _LIGHT_KG, pole, *lamps),
        link("light_curtain_in", _CURTAIN_KG, *_curtain()),
        link("light_curtain_out", _CURTAIN_KG, *_curtain()),
        link("cabinet", _CABINET_KG, *cabinet),
    )
    limits = Limits(0.0, DOOR_M, _DOOR_M_S, _DOOR_N)
    # in front of the fence, so that it slides past the wire
    at_door = (middle, _FRONT_M - _POST_M, 0.0)
    joints = (
        Joint(DOOR, JointKind.SLIDE, "fence", DOOR, at_door, (1.0, 0.0, 0.0), limits),
        Joint("stack_light", JointKind.FIXED, "fence", "stack_light", (left, _FRONT_M, HEIGHT_M)),
        Joint("light_curtain_in", JointKind.FIXED, "fence", "light_curtain_in", (left, 0.0, 0.0)),
        Joint("light_curtain_out", JointKind.FIXED, "fence", "light_curtain_out", (right, 0.0, 0.0)),
        Joint("cabinet", JointKind.FIXED, "fence", "cabinet", (right + 0.40, 0.80, 0.0)),
    )
    return Mechanism("enclosure", ORIGIN, links, joints)


def _curtain() -> list[Shape]:
    """Sender and receiver beside the belt's gate, and the beams between them."""
    low, high = _CURTAIN_M
    side_m = _GATE_M - _POST_M / 2 - 0.02
    shapes: list[Shape] = [
        Box((0.04, 0.04, high - low), (0.0, s * side_m, (low + high) / 2), Colour.AMBER) for s in (-1, 1)
    ]
    step_m = (high - low) / _BEAMS
    shapes += [
        Cylinder(
            0.002, 2 * side_m, (0.0, 0.0, low + step_m * (n + 0.5)), Colour.BEAM, along_y=True, is_solid=False
        )
        for n in range(_BEAMS)
    ]
    return shapes


def _rails(from_m: float, to_m: float, at_m: float, *, along_y: bool = False) -> list[Shape]:
    """Rails of one side, with wire uprights a pace apart; `at_m` is where the side stands."""
    long_m, middle_m = to_m - from_m, (from_m + to_m) / 2
    count = max(2, round(long_m / 0.10))
    along = [from_m + long_m * n / count for n in range(1, count)]
    heights = (0.15, 1.0, HEIGHT_M - 0.05)
    if along_y:
        rails: list[Shape] = [
            Box((_WIRE_M, long_m, 0.04), (at_m, middle_m, z), Colour.YELLOW) for z in heights
        ]
        return rails + [_upright(at_m, y) for y in along]
    rails = [Box((long_m, _WIRE_M, 0.04), (middle_m, at_m, z), Colour.YELLOW) for z in heights]
    return rails + _uprights(along, at_m)


def _uprights(along_m: list[float], y_m: float) -> list[Shape]:
    return [_upright(x, y_m) for x in along_m]


def _upright(x_m: float, y_m: float) -> Shape:
    """Too thin for a collision shape; the rails are there."""
    size_m = (_WIRE_M / 2, _WIRE_M / 2, HEIGHT_M - 0.2)
    return Box(size_m, (x_m, y_m, HEIGHT_M / 2), Colour.WIRE, is_solid=False)
