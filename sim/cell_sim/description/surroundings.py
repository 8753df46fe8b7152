"""Fence, sliding guard door and stack light. The cell file says nothing of their shape: it is one for all."""

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
_DOOR_M = 0.9
_POST_M, _WIRE_M = 0.06, 0.01
_DOOR_KG, _DOOR_N, _DOOR_M_S = 18.0, 150.0, 1.0  # pushed by hand
_FENCE_KG, _LIGHT_KG = 180.0, 2.0


def surroundings(end_m: float) -> Mechanism:
    """Around a belt from 0 to `end_m`; the belt passes at both ends, the door is at the front."""
    left, right = -_MARGIN_M, end_m + _MARGIN_M
    middle = end_m / 2
    door_left, door_right = middle - _DOOR_M / 2, middle + _DOOR_M / 2
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
    door = (
        Box((_DOOR_M, _WIRE_M, 0.05), (0.0, 0.0, 0.15), Colour.YELLOW),
        Box((_DOOR_M, _WIRE_M, 0.05), (0.0, 0.0, HEIGHT_M - 0.05), Colour.YELLOW),
        Box((0.04, _WIRE_M, HEIGHT_M - 0.2), (0.0, 0.0, HEIGHT_M / 2), Colour.FRAME),
    )
    lamps = [
        Cylinder(0.035, 0.06, (0.0, 0.0, 0.23 + 0.065 * n), colour)
        for n, colour in enumerate((Colour.GREEN, Colour.AMBER, Colour.RED))
    ]
    pole = Cylinder(0.012, 0.20, (0.0, 0.0, 0.10), Colour.STEEL)
    links = (
        link("fence", _FENCE_KG, *posts),
        link("guard_door", _DOOR_KG, *door),
        link("stack_light", _LIGHT_KG, pole, *lamps),
    )
    limits = Limits(0.0, _DOOR_M, _DOOR_M_S, _DOOR_N)
    # in front of the fence, so that it slides past the wire
    at_door = (middle, _FRONT_M - _POST_M, 0.0)
    joints = (
        Joint("guard_door", JointKind.SLIDE, "fence", "guard_door", at_door, (1.0, 0.0, 0.0), limits),
        Joint("stack_light", JointKind.FIXED, "fence", "stack_light", (left, _FRONT_M, HEIGHT_M)),
    )
    return Mechanism("enclosure", ORIGIN, links, joints)


def _rails(from_m: float, to_m: float, y_m: float) -> list[Shape]:
    """Rails of one side, with wire uprights a pace apart."""
    long_m, middle_m = to_m - from_m, (from_m + to_m) / 2
    rails: list[Shape] = [
        Box((long_m, _WIRE_M, 0.04), (middle_m, y_m, z), Colour.YELLOW) for z in (0.15, 1.0, HEIGHT_M - 0.05)
    ]
    count = max(2, round(long_m / 0.10))
    rails += [
        Box(
            (_WIRE_M / 2, _WIRE_M / 2, HEIGHT_M - 0.2),
            (from_m + long_m * n / count, y_m, HEIGHT_M / 2),
            Colour.FRAME,
        )
        for n in range(1, count)
    ]
    return rails
