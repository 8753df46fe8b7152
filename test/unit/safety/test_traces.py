"""Rules that need more than one reading: acceleration, frozen and jumping values, the speed of a tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cell_controller.messages import (
    Allowed,
    DriveCondition,
    DriveSetpoint,
    LinePhase,
    Permit,
    SafetyPhase,
    SetpointKind,
)
from cell_controller.packml import Mode
from support.interlock_bench import PERIODS_S, Bench

READING_S = PERIODS_S["drive_states"]


@pytest.fixture
def bench() -> Bench:
    return Bench.in_motion()


def jog(drive: str, speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


def move(drive: str, target_m: float, move_id: int = 7) -> DriveSetpoint:
    return DriveSetpoint(
        drive,
        SetpointKind.MOVE,
        move_id=move_id,
        target_position_m=target_m,
        target_speed_m_s=0.05,
        target_acceleration_m_s2=1.0,
    )


def turn(drive: str, speed_rpm: float) -> DriveSetpoint:
    return DriveSetpoint(drive, SetpointKind.VELOCITY, target_speed_rpm=speed_rpm)


def tripped_after_s(bench: Bench, limit_s: float = 1.0) -> float:
    """Time to the trip; inf when there is none."""
    begun_s = bench.now_s
    while bench.now_s < begun_s + limit_s:
        bench.run(0.01)
        if bench.safety.phase is SafetyPhase.TRIPPED:
            return bench.now_s - begun_s
    return float("inf")


def speed_up(bench: Bench, acceleration_m_s2: float) -> None:
    bench.edit("weld_x", measured_speed_m_s=-0.2)
    bench.run(0.06)
    for n in range(1, 7):
        speed_m_s = n * acceleration_m_s2 * READING_S - 0.2
        bench.edit("weld_x", jumps=True, measured_speed_m_s=speed_m_s)
        bench.run(READING_S)


# limit 2.0 m/s2; standstill noise, 0.5 mm/s, in 40 ms is 0.0125 m/s2
@pytest.mark.parametrize(
    ("acceleration_m_s2", "trips", "warns"),
    [(2.51, False, False), (2.53, False, True), (3.01, False, True), (3.03, True, False)],
)
def test_acceleration_trips_at_one_and_a_half_times_the_limit(
    bench: Bench, acceleration_m_s2: float, trips: bool, warns: bool
) -> None:
    speed_up(bench, acceleration_m_s2)
    assert bench.safety.first_out.startswith("acceleration weld_x:") is trips, bench.safety
    assert any("acceleration is nearly too high" in s for s in bench.safety.warnings) is warns


def test_a_hard_stop_is_an_acceleration_too(bench: Bench) -> None:
    bench.edit("weld_x", measured_speed_m_s=0.2)
    bench.run(0.06)
    bench.edit("weld_x", jumps=True, measured_speed_m_s=0.0)
    bench.run(0.05)
    assert bench.safety.first_out.startswith("acceleration weld_x:")


def test_acceleration_counts_only_while_something_may_move() -> None:
    bench = Bench()
    bench.to_hold()
    speed_up(bench, 5.0)
    assert "acceleration" not in bench.rules


@pytest.mark.parametrize(("way_m", "trips"), [(0.00209, False), (0.00211, True), (-0.00211, True)])
def test_a_position_that_jumps_trips(bench: Bench, way_m: float, trips: bool) -> None:
    """From standstill in a reading and its jitter, 0.02 s each, at 2 m/s2, and half a millimetre: 2.1 mm."""
    bench.edit("weld_x", measured_position_m=0.1)
    bench.run(0.1)
    bench.edit("weld_x", jumps=True, measured_position_m=0.1 + way_m)
    bench.run(0.03)
    assert bench.safety.first_out.startswith("implausible weld_x:") is trips


@pytest.mark.parametrize(("way_m", "trips"), [(0.0104, False), (0.0106, True)])
def test_no_axis_goes_further_than_at_its_fastest(bench: Bench, way_m: float, trips: bool) -> None:
    """0.25 m/s for 0.04 s, and half a millimetre: 10.5 mm."""
    bench.edit("weld_x", measured_position_m=0.1, measured_speed_m_s=0.25)
    bench.run(0.02)
    bench.edit("weld_x", jumps=True, measured_position_m=0.1 + way_m)
    bench.run(0.03)
    assert bench.safety.first_out.startswith("implausible weld_x:") is trips


def test_a_position_may_jump_when_the_axis_finds_its_zero(bench: Bench) -> None:
    bench.edit("weld_x", jumps=True, is_homed=False)
    bench.run(0.05)
    bench.edit("weld_x", jumps=True, measured_position_m=0.2, is_homed=True)
    bench.run(0.05)
    assert "implausible" not in bench.rules


def test_a_search_that_is_over_between_two_readings_is_no_jump(bench: Bench) -> None:
    """A belt that stands on its mark is never seen without its reference. Later it is a jump."""
    bench.grant(weld_place="conveyor", grind_place="conveyor")
    bench.wish("conveyor", DriveSetpoint("belt", SetpointKind.REFERENCE, 1, target_speed_m_s=0.05))
    bench.run(0.2)
    assert bench.allowed("belt") is Allowed.MOTION
    bench.edit("belt", jumps=True, measured_position_m=-1.5)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION
    bench.wish("conveyor", DriveSetpoint("belt"))
    bench.run(bench.interlock._limits.ages.reaction_s["belt"] + 0.1)
    bench.edit("belt", jumps=True, measured_position_m=0.0)
    bench.run(0.1)
    assert bench.safety.first_out.startswith("implausible belt:")


FROZEN: dict[str, tuple[str, DriveSetpoint]] = {
    "jog": ("weld_z", jog("weld_z", -0.01)),
    "slow infeed": ("grind_infeed", jog("grind_infeed", 0.000015)),
    "move": ("weld_x", move("weld_x", 0.3)),
    "spindle": ("weld_spindle", turn("weld_spindle", 181.0)),
}


@pytest.mark.parametrize("case", FROZEN)
def test_a_reading_that_does_not_change_under_a_command_trips_in_time(bench: Bench, case: str) -> None:
    drive, wish = FROZEN[case]
    bench.edit(drive, move_id=wish.move_id)
    bench.buses[bench.cell.drives[drive].line].stuck.add(drive)
    bench.run(0.5)
    assert bench.safety.phase is SafetyPhase.MOTION, "nothing is commanded yet"
    bench.wish(bench.cell.station_of_drive(drive), wish)
    arrives_s = 0.0 if wish.kind is SetpointKind.MOVE else bench.interlock._limits.ages.reaction_s[drive]
    after_s = tripped_after_s(bench, 3.0)
    assert bench.safety.first_out.startswith(f"frozen {drive}:")
    assert 0.3 + arrives_s <= after_s <= 0.3 + arrives_s + 0.12


@pytest.mark.parametrize("case", FROZEN)
def test_a_reading_that_changes_by_a_count_is_not_frozen(bench: Bench, case: str) -> None:
    drive, wish = FROZEN[case]
    bench.edit(drive, move_id=wish.move_id)
    bench.wish(bench.cell.station_of_drive(drive), wish)
    assert tripped_after_s(bench, 2.0) == float("inf")


NOT_FROZEN: dict[str, tuple[DriveSetpoint, Callable[[Bench], None]]] = {
    "no speed": (jog("weld_z", 0.0), lambda b: None),
    "too slow to show": (jog("weld_z", 0.000001), lambda b: None),
    "at its target": (move("weld_x", 0.0004), lambda b: None),
    "move not accepted yet": (move("weld_x", 0.3, 8), lambda b: None),
    "not switched on yet": (
        jog("weld_z", 0.01),
        lambda b: b.edit("weld_z", condition=DriveCondition.SWITCHED_ON),
    ),
    "spindle with slip": (turn("weld_spindle", 179.0), lambda b: None),
    "spindle not switched on": (
        turn("weld_spindle", 900.0),
        lambda b: b.edit("weld_spindle", condition=DriveCondition.SWITCHED_ON),
    ),
    "bus does not obey yet": (
        jog("weld_z", 0.01),
        lambda b: (
            setattr(b.buses["weld_line"], "frozen", True),
            b.edit_line("weld_line", phase=LinePhase.STOPPED),
        )[1],
    ),
}


@pytest.mark.parametrize("case", NOT_FROZEN)
def test_what_need_not_move_is_not_frozen(bench: Bench, case: str) -> None:
    wish, happen = NOT_FROZEN[case]
    bench.edit("weld_x", move_id=7)
    bench.buses["weld_line"].stuck |= {"weld_x", "weld_z", "weld_spindle"}
    happen(bench)
    bench.wish("robot", wish)
    tripped_after_s(bench, 1.9)
    assert "frozen" not in bench.rules


def test_a_tool_is_slow_in_manual_mode_by_the_sum_of_its_axes(bench: Bench) -> None:
    for mode in (Mode.MANUAL, Mode.MAINTENANCE):
        slow = bench.fork()
        slow.ask(Permit.MOTION, mode=mode)
        slow.run(0.1)
        slow.edit("weld_x", measured_speed_m_s=0.167)
        slow.edit("weld_y", measured_speed_m_s=-0.167)
        slow.run(0.1)
        assert slow.safety.phase is SafetyPhase.MOTION
        assert not slow.safety.warnings, "0.236 m/s"
        slow.edit("weld_z", measured_speed_m_s=0.08)
        slow.run(0.1)
        assert any(w.startswith("robot: its tool is nearly too fast") for w in slow.safety.warnings)
        slow.edit("weld_z", measured_speed_m_s=0.09)
        slow.run(0.03)
        assert slow.safety.first_out.startswith("reduced_speed robot:"), "0.253 m/s"


def test_production_is_not_slowed(bench: Bench) -> None:
    bench.edit("weld_x", measured_speed_m_s=0.24)
    bench.edit("weld_y", measured_speed_m_s=0.24)
    bench.run(0.1)
    assert bench.safety.phase is SafetyPhase.MOTION


def test_a_repeated_reading_is_no_new_one(bench: Bench) -> None:
    """A slow drive is published many times between two readings: nothing of it has stood still."""
    bench.wish("robot", jog("weld_x", 0.01))
    bus = bench.buses["weld_line"]
    bench.run(0.2)
    held = next(d for d in bus.message(bench.now_s).drives if d.drive == "weld_x")
    trace = bench.interlock._snapshot.axes["weld_x"]
    trace.take(held, None)
    at = (trace.position_m, trace.acceleration_m_s2, trace.still_s)
    for _ in range(50):
        trace.take(replace(held, measured_position_m=held.measured_position_m + 1.0), None)
    assert (trace.position_m, trace.acceleration_m_s2, trace.still_s) == at


def test_a_spindle_of_which_nothing_is_known_turns(bench: Bench) -> None:
    trace = bench.interlock._snapshot.spindles["grind_wheel"]
    assert not trace.is_turning
    trace.take(None, None)
    assert trace.is_turning
