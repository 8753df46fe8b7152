"""Who is inside a zone, and which motion that allows: at the limit itself and just beyond it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from cell_controller.messages import (
    CellPermit,
    DriveCondition,
    DriveSetpoint,
    DriveState,
    SetpointKind,
    ZoneOwner,
)
from cell_controller.safety.limits import Member, Zone
from cell_controller.safety.zones import ZoneRule, ZoneView, is_inside, view_zones
from support.heard_cell import NOW_S, heard, says
from support.rule_limits import AXIS, AXIS_AT_REST, CELL_LIMITS, above, below

BELOW_M, OFF_M, PITCH_M = 0.03125, 0.0078125, 0.5
TOOL = Member("robot", "weld_z", BELOW_M, 0.0, 0.0)
BELT = Member("conveyor", "belt", None, OFF_M, PITCH_M)
PLACE, OTHER = Zone("place", (TOOL, BELT)), Zone("other", (BELT,))
Z = replace(AXIS, name="weld_z", station="robot")
X = replace(AXIS, name="weld_x", station="robot")
B = replace(AXIS, name="belt", station="conveyor")
AT_REST = replace(AXIS_AT_REST, measured_position_m=0.0)


def at(position_m: float, **changes: Any) -> DriveState:
    return replace(AT_REST, measured_position_m=position_m, **changes)


def move(target_m: float) -> DriveSetpoint:
    return DriveSetpoint("", SetpointKind.MOVE, 1, target_m, 0.5, 1.0)


def jog(speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint("", SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


SEARCH = DriveSetpoint("", SetpointKind.REFERENCE, 1)


@pytest.mark.parametrize(
    ("state", "inside"),
    [
        (at(BELOW_M), False),
        (at(below(BELOW_M)), True),
        (at(BELOW_M, is_homed=False), True),
        (at(nan), True),
        (at(inf), True),
        (at(BELOW_M, is_stopped=False, measured_speed_m_s=1.0), False),
        (None, True),
    ],
)
def test_a_tool_is_inside_below_its_height(state: DriveState | None, inside: bool) -> None:
    assert is_inside(TOOL, Z, state) is inside


@pytest.mark.parametrize(
    ("state", "inside"),
    [
        (at(0.0), False),
        (at(-1.0), False),
        (at(1.5 + OFF_M), False),
        (at(1.5 - OFF_M), False),
        (at(above(1.5 + OFF_M)), True),
        (at(below(1.5 - OFF_M)), True),
        (at(0.75), True),
        (at(1.0, is_stopped=False), True),
        (at(1.0, measured_speed_m_s=0.25), False),
        (at(1.0, measured_speed_m_s=-0.25), False),
        (at(1.0, measured_speed_m_s=above(0.25)), True),
        (at(1.0, measured_speed_m_s=-above(0.25)), True),
        (at(1.0, measured_speed_m_s=nan), True),
        (at(1.0, is_homed=False), True),
        (at(nan), True),
        (at(-inf), True),
        (None, True),
    ],
)
def test_a_belt_is_inside_unless_it_stands_on_a_pitch(state: DriveState | None, inside: bool) -> None:
    assert is_inside(BELT, B, state) is inside


def grants(*owners: tuple[str, str]) -> CellPermit:
    return CellPermit(zone_owners=tuple(ZoneOwner(zone, owner) for zone, owner in owners))


def test_all_zones_are_seen_with_their_owners_and_occupants() -> None:
    snapshot = heard(replace(CELL_LIMITS, zones=(PLACE, OTHER)))
    for drive in ("weld_z", "belt"):
        says(snapshot, drive, measured_position_m=0.0)
    assert view_zones(snapshot, None) == {
        "place": ZoneView(PLACE, "", ("robot",)),
        "other": ZoneView(OTHER, "", ()),
    }
    says(snapshot, "weld_z", measured_position_m=BELOW_M)
    says(snapshot, "belt", is_stopped=False)
    assert view_zones(snapshot, grants(("place", "robot"), ("nowhere", "robot"))) == {
        "place": ZoneView(PLACE, "robot", ("conveyor",)),
        "other": ZoneView(OTHER, "", ("conveyor",)),
    }
    says(snapshot, "weld_z", condition=DriveCondition.OFFLINE)
    assert view_zones(snapshot, None)["place"].occupants == ("robot", "conveyor")
    says(snapshot, "weld_z", condition=DriveCondition.OPERATION_ENABLED)
    says(snapshot, "belt", is_stopped=True)
    assert view_zones(snapshot, None)["place"].occupants == ()
    snapshot.begin(NOW_S + 10.0)
    assert view_zones(snapshot, None)["place"].occupants == ("robot", "conveyor"), "what they said is old"


def test_a_member_that_is_no_axis_is_never_inside() -> None:
    zone = Zone("place", (replace(TOOL, drive="weld_spindle"),))
    snapshot = heard(replace(CELL_LIMITS, zones=(zone,)))
    says(snapshot, "weld_spindle", measured_position_m=0.0)
    assert view_zones(snapshot, None)["place"].occupants == ()


@pytest.mark.parametrize(
    ("owners", "owner"),
    [
        (("robot",), "robot"),
        (("robot", "robot"), "robot"),
        (("robot", "conveyor"), ""),
        (("robot", "conveyor", "robot"), ""),
        (("robot", "conveyor", "conveyor"), ""),
        ((), ""),
    ],
)
def test_a_zone_that_is_granted_to_two_belongs_to_nobody(owners: tuple[str, ...], owner: str) -> None:
    snapshot = heard(replace(CELL_LIMITS, zones=(PLACE,)))
    assert view_zones(snapshot, grants(*(("place", o) for o in owners)))["place"].owner == owner


def view(zone: Zone = PLACE, owner: str = "", *occupants: str) -> ZoneView:
    return ZoneView(zone, owner, occupants)


def rule(*views: ZoneView, is_recovery: bool = False) -> ZoneRule:
    return ZoneRule(CELL_LIMITS, {v.zone.name: v for v in views}, is_recovery=is_recovery)


NOT_GRANTED = "place is not granted to robot"


@pytest.mark.parametrize(
    ("state", "setpoint", "words"),
    [
        (at(1.0), move(BELOW_M), ""),
        (at(1.0), move(below(BELOW_M)), NOT_GRANTED),
        (at(0.0), move(0.015625), ""),
        (at(0.015625), move(0.0), NOT_GRANTED),
        (at(0.0), jog(0.5), ""),
        (at(0.0, is_homed=False), jog(0.5), ""),
        (at(0.0), jog(2.0**-20), ""),
        (at(0.0), jog(-(2.0**-20)), NOT_GRANTED),
        # 0.5 m/s for the reaction time, 0.125 s, then a ramp of 4 m/s2
        (at(BELOW_M + 0.09375), jog(-0.5), ""),
        (at(below(BELOW_M + 0.09375)), jog(-0.5), NOT_GRANTED),
        (at(1.0), SEARCH, NOT_GRANTED),
        (at(nan), move(1.0), ""),
        (at(0.0), jog(nan), NOT_GRANTED),
    ],
)
def test_a_tool_may_leave_or_stay_above_without_a_grant(
    state: DriveState, setpoint: DriveSetpoint, words: str
) -> None:
    assert rule(view()).hindrance(Z, setpoint, state) == words
    assert rule(view(PLACE, "robot")).hindrance(Z, setpoint, state) == ""
    assert rule(view(), is_recovery=True).hindrance(Z, setpoint, state) == ""
    other = rule(view(PLACE, "robot", "conveyor"), is_recovery=True)
    assert other.hindrance(Z, setpoint, state) == (words and "place is occupied by conveyor")


def test_an_axis_without_a_zero_does_not_go_down_towards_a_zone_that_somebody_owns() -> None:
    lost = at(1.0, is_homed=False)
    assert rule(view(PLACE, "conveyor")).hindrance(Z, jog(-0.5), lost) == NOT_GRANTED
    assert rule(view(PLACE, "conveyor")).hindrance(Z, move(0.75), lost) == NOT_GRANTED, "above by what zero?"


@pytest.mark.parametrize(
    ("setpoint", "wants"),
    [
        (jog(0.0), False),
        (jog(2.0**-20), True),
        (move(0.0005), False),
        (move(-0.0005), False),
        (move(above(0.0005)), True),
        (move(nan), True),
        (SEARCH, True),
        (DriveSetpoint("", SetpointKind.NONE, 1, 1.0, 1.0), False),
        (DriveSetpoint("", SetpointKind.OUTPUTS, 1, 1.0, 1.0), False),
    ],
)
def test_only_what_wants_to_move_needs_a_right_to(setpoint: DriveSetpoint, wants: bool) -> None:
    occupied = view(PLACE, "", "robot")
    assert rule(occupied).hindrance(X, setpoint, AT_REST) == (NOT_GRANTED if wants else "")
    assert rule(occupied).hindrance(X, move(1.0), at(1.0)) == ""
    assert rule(occupied).hindrance(X, move(-1.0), at(1.0)) == NOT_GRANTED


def test_the_other_axes_of_a_station_are_bound_while_its_tool_is_inside() -> None:
    assert rule(view()).hindrance(X, jog(0.5), AT_REST) == ""
    assert rule(view(PLACE, "", "conveyor")).hindrance(X, jog(0.5), AT_REST) == ""
    assert rule(view(PLACE, "", "robot")).hindrance(X, jog(0.5), AT_REST) == NOT_GRANTED
    assert rule(view(PLACE, "robot", "robot")).hindrance(X, jog(0.5), AT_REST) == ""


def test_occupants_are_named_whoever_owns_the_zone() -> None:
    words = "place is occupied by conveyor and spindle"
    for owner in ("robot", ""):
        crowded = view(PLACE, owner, "robot", "conveyor", "spindle")
        assert rule(crowded).hindrance(Z, jog(-0.5), AT_REST) == words


def test_a_station_that_is_no_member_is_bound_by_nothing() -> None:
    stranger = replace(AXIS, name="grind_infeed", station="spindle")
    assert rule(view(PLACE, "", "robot")).hindrance(stranger, jog(-0.5), AT_REST) == ""


def test_every_zone_is_asked_until_one_forbids() -> None:
    foreign = Zone("foreign", (TOOL,))
    not_granted = "other is not granted to conveyor"
    for first in (view(foreign), view(PLACE, "conveyor")):
        assert rule(first, view(OTHER)).hindrance(B, jog(0.5), AT_REST) == not_granted
    assert rule(view(PLACE, "conveyor"), view(OTHER, "conveyor")).hindrance(B, jog(0.5), AT_REST) == ""
    high = replace(TOOL, below_m=-1.0)
    deep = rule(view(Zone("deep", (high,))), view())
    assert deep.hindrance(Z, move(0.0), at(1.0)) == NOT_GRANTED, "the first does not concern it"


FREE = "place is not granted to conveyor"


@pytest.mark.parametrize(
    ("state", "setpoint", "words"),
    [
        (at(0.5 + OFF_M), move(0.5), ""),
        (at(0.5), move(0.5 + OFF_M), ""),
        (at(0.5), move(0.5 - OFF_M), ""),
        (at(0.5), move(above(0.5 + OFF_M)), FREE),
        (at(0.5), move(below(0.5 - OFF_M)), FREE),
        (at(above(0.5 + OFF_M)), move(0.5), FREE),
        (at(0.5), move(1.0), FREE),
        (at(0.5), jog(2.0**-20), FREE),
        (at(0.5), SEARCH, FREE),
        (at(nan), move(0.5), FREE),
    ],
)
def test_a_belt_needs_its_grant_for_all_but_to_stay_on_its_pitch(
    state: DriveState, setpoint: DriveSetpoint, words: str
) -> None:
    assert rule(view()).hindrance(B, setpoint, state) == words


def test_an_axis_looks_for_its_zero_in_a_zone_that_nobody_owns() -> None:
    lost = at(0.5, is_homed=False, drive="belt")
    near = move(0.5 + OFF_M)
    for setpoint in (SEARCH, jog(0.5), near):
        assert rule(view()).hindrance(B, setpoint, lost) == ""
        for owner in ("robot", "nobody"):
            assert rule(view(PLACE, owner)).hindrance(B, setpoint, lost) == FREE
        assert rule(view(PLACE, "", "robot")).hindrance(B, setpoint, lost) == "place is occupied by robot"
        assert rule(view()).hindrance(B, setpoint, replace(lost, drive="feed")) == FREE
