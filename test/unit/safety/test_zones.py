"""Zones are held by measured position; motion in them needs the grant and the clearance both."""

from __future__ import annotations

import pytest

from cell_controller.messages import Allowed, DriveSetpoint, SetpointKind, ZoneOwner
from support.interlock_bench import Bench


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.to_motion()
    return bench


def move(drive: str, target_m: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.MOVE, 1, target_m, 0.05, 1.0)


def jog(drive: str, speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


def reference(drive: str) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.REFERENCE, 1, target_speed_m_s=0.05)


def allowed(bench: Bench, station: str, *wishes: DriveSetpoint) -> Allowed:
    """What the first of these wishes leads to."""
    bench.wish(station, *wishes)
    bench.run(0.1)
    return bench.allowed(wishes[0].drive)


def test_nobody_enters_a_zone_that_nobody_granted(bench: Bench) -> None:
    assert allowed(bench, "robot", move("weld_z", 0.01)) is Allowed.HOLD
    assert "weld_z: weld_place is not granted to robot" in bench.safety.warnings
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.HOLD


def test_the_owner_of_a_clear_zone_may_enter(bench: Bench) -> None:
    bench.grant(weld_place="robot")
    assert allowed(bench, "robot", move("weld_z", 0.01)) is Allowed.MOTION
    assert allowed(bench, "robot", jog("weld_z", -0.02)) is Allowed.MOTION


def test_the_owner_waits_until_the_other_is_measured_clear(bench: Bench) -> None:
    bench.grant(weld_place="robot")
    bench.edit("belt", measured_position_m=0.25)
    assert allowed(bench, "robot", move("weld_z", 0.01)) is Allowed.HOLD
    assert "weld_z: weld_place is occupied by conveyor" in bench.safety.warnings
    assert "weld_place:conveyor" in bench.safety.occupied_zones


@pytest.mark.parametrize(
    "changes", [{"measured_speed_m_s": 0.01}, {"is_stopped": False}, {"measured_position_m": 0.506}]
)
def test_a_belt_occupies_its_zones_while_it_moves_or_stands_off_its_pitch(
    bench: Bench, changes: dict[str, float]
) -> None:
    bench.edit("belt", **changes)
    bench.run(0.05)
    assert set(bench.safety.occupied_zones) == {"weld_place:conveyor", "grind_place:conveyor"}


def test_a_belt_on_a_pitch_is_clear_of_the_places(bench: Bench) -> None:
    bench.edit("belt", measured_position_m=1.504)
    bench.run(0.05)
    assert bench.safety.occupied_zones == ()


def test_leaving_upward_is_always_allowed(bench: Bench) -> None:
    bench.edit("weld_z", measured_position_m=0.01)
    assert allowed(bench, "robot", move("weld_z", 0.06)) is Allowed.MOTION
    assert allowed(bench, "robot", jog("weld_z", 0.02)) is Allowed.MOTION
    assert allowed(bench, "robot", jog("weld_z", -0.02)) is Allowed.HOLD


def test_without_the_grant_no_axis_of_the_station_moves_inside(bench: Bench) -> None:
    bench.edit("weld_z", measured_position_m=0.01)
    assert allowed(bench, "robot", move("weld_x", 0.1)) is Allowed.HOLD
    assert allowed(bench, "robot", move("weld_x", 0.0001)) is Allowed.MOTION
    bench.grant(weld_place="robot")
    assert allowed(bench, "robot", move("weld_x", 0.1)) is Allowed.MOTION


def test_a_spindle_is_never_stopped_by_a_zone(bench: Bench) -> None:
    bench.edit("weld_z", measured_position_m=0.01)
    turn = DriveSetpoint("weld_spindle", SetpointKind.VELOCITY, target_speed_rpm=900.0)
    assert allowed(bench, "robot", turn) is Allowed.MOTION


def test_above_the_zone_no_grant_is_needed(bench: Bench) -> None:
    assert allowed(bench, "robot", move("weld_z", 0.04)) is Allowed.MOTION
    assert allowed(bench, "robot", jog("weld_z", -0.01)) is Allowed.MOTION
    assert allowed(bench, "robot", move("weld_x", 0.1)) is Allowed.MOTION


def test_velocity_downward_is_held_before_it_can_no_longer_stop_above(bench: Bench) -> None:
    bench.edit("weld_z", measured_position_m=0.031)
    assert allowed(bench, "robot", jog("weld_z", -0.05)) is Allowed.HOLD


def test_the_belt_needs_every_zone_it_crosses(bench: Bench) -> None:
    bench.grant(weld_place="conveyor")
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.HOLD
    bench.grant(weld_place="conveyor", grind_place="conveyor")
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.MOTION


def test_the_belt_does_not_move_under_a_tool(bench: Bench) -> None:
    bench.grant(weld_place="conveyor", grind_place="conveyor")
    bench.edit("grind_infeed", measured_position_m=0.010)
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.HOLD
    assert "belt: grind_place is occupied by spindle" in bench.safety.warnings


def test_a_belt_that_stands_where_it_shall_needs_no_grant(bench: Bench) -> None:
    bench.edit("belt", measured_position_m=0.5004)
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.MOTION
    bench.edit("belt", measured_position_m=0.502)
    assert allowed(bench, "conveyor", move("belt", 0.5)) is Allowed.MOTION


def test_a_zone_granted_twice_belongs_to_nobody(bench: Bench) -> None:
    bench.grant(weld_place="robot")
    twice = (*bench.permit.zone_owners, ZoneOwner("weld_place", "conveyor"))
    bench.permit = type(bench.permit)(bench.permit.mode, bench.permit.permit, twice, bench.permit.clear_id)
    assert allowed(bench, "robot", move("weld_z", 0.01)) is Allowed.HOLD


def test_a_belt_that_is_not_homed_occupies_everything_it_can_reach(bench: Bench) -> None:
    bench.edit("belt", is_homed=False)
    bench.grant(weld_place="robot")
    assert allowed(bench, "robot", move("weld_z", 0.01)) is Allowed.HOLD


@pytest.mark.parametrize("owner", ["", "conveyor"])
def test_a_belt_homes_when_everybody_else_is_measured_clear(bench: Bench, owner: str) -> None:
    bench.edit("belt", is_homed=False)
    bench.grant(weld_place=owner, grind_place=owner)
    assert allowed(bench, "conveyor", jog("belt", 0.05)) is Allowed.MOTION
    assert allowed(bench, "conveyor", reference("belt")) is Allowed.MOTION


def test_a_belt_with_a_zero_needs_the_grant_to_look_for_it_again(bench: Bench) -> None:
    assert allowed(bench, "conveyor", reference("belt")) is Allowed.HOLD
    assert "belt: weld_place is not granted to conveyor" in bench.safety.warnings
    bench.grant(weld_place="conveyor", grind_place="conveyor")
    assert allowed(bench, "conveyor", reference("belt")) is Allowed.MOTION


def test_a_belt_does_not_home_into_a_place_that_somebody_owns(bench: Bench) -> None:
    bench.edit("belt", is_homed=False)
    bench.grant(weld_place="robot")
    assert allowed(bench, "conveyor", jog("belt", 0.05)) is Allowed.HOLD
    assert allowed(bench, "conveyor", reference("belt")) is Allowed.HOLD


def test_a_belt_that_is_not_homed_under_a_tool_hinders_the_reset() -> None:
    bench = Bench()
    bench.edit("belt", is_homed=False)
    bench.edit("weld_z", measured_position_m=0.01)
    bench.run(0.3)
    assert bench.safety.reset_hindrance == (
        "weld_place: is occupied by robot and conveyor: jog one of them out in manual mode"
    )
    bench.to_recovery("robot", "weld_z")
    bench.wish("robot", jog("weld_z", 0.01))
    bench.run(0.1)
    assert bench.allowed("weld_z") is Allowed.RECOVERY
