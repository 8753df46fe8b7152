"""From a LineCommand to shaft values: limits of command and cell file, and what makes no sense holds."""

from math import inf, nan

import pytest

from cell_controller.config import AxisDrive, ReferenceMethod, SpindleDrive
from cell_controller.drives.goal import HOLD, OFF, Goal, GoalKind, goal_of
from cell_controller.drives.profile import DriveProfile, Source
from cell_controller.messages import Allowed, DriveSetpoint, LineDrive, SetpointKind

AXIS = AxisDrive.model_validate(
    {
        "line": "l",
        "unit": 1,
        "profile": "p",
        "label": "Z",
        "kind": "axis",
        "m_per_rev": 0.005,
        "absolute": True,
        "min_m": 0.0,
        "max_m": 0.15,
        "max_speed_m_s": 0.1,
        "max_acceleration_m_s2": 2.0,
        "max_force_n": 15000.0,
        "moving_mass_kg": 60.0,
        "standstill_m_s": 0.0005,
    }
)
SPINDLE = SpindleDrive.model_validate(
    {
        "line": "l",
        "unit": 4,
        "profile": "p",
        "label": "S",
        "kind": "spindle",
        "rpm_per_hz": 30.0,
        "max_speed_rpm": 1800.0,
        "ramp_s": 0.6,
        "inertia_kg_m2": 0.02,
        "max_torque_nm": 120.0,
        "standstill_rpm": 10.0,
    }
)


def axis_command(setpoint: DriveSetpoint, allowed: Allowed = Allowed.MOTION, **limits: float) -> LineDrive:
    return LineDrive(
        "z",
        allowed,
        max_speed_m_s=limits.get("speed", 0.1),
        max_force_n=limits.get("force", 15000.0),
        setpoint=setpoint,
    )


def move(
    position_m: float = 0.05, speed_m_s: float = 0.05, acceleration: float = 1.0, force_n: float = 0.0
) -> DriveSetpoint:
    return DriveSetpoint(
        "z",
        SetpointKind.MOVE,
        move_id=7,
        target_position_m=position_m,
        target_speed_m_s=speed_m_s,
        target_acceleration_m_s2=acceleration,
        force_limit_n=force_n,
    )


def velocity(speed_m_s: float) -> DriveSetpoint:
    return DriveSetpoint("z", SetpointKind.VELOCITY, target_speed_m_s=speed_m_s)


def value(goal: Goal, source: Source) -> float:
    return dict(goal.values)[source]


def test_a_move_is_in_revolutions_and_rpm(servo: DriveProfile) -> None:
    goal = goal_of(servo, AXIS, axis_command(move()))
    assert (goal.kind, goal.move_id) == (GoalKind.MOVE, 7)
    assert value(goal, Source.TARGET_POSITION) == pytest.approx(10.0)
    assert value(goal, Source.TARGET_SPEED) == pytest.approx(600.0)
    assert value(goal, Source.ACCELERATION) == pytest.approx(12000.0)


@pytest.mark.parametrize(("limit", "expected"), [(0.1, 600.0), (0.01, 120.0)])
def test_the_speed_of_the_permit_clips(servo: DriveProfile, limit: float, expected: float) -> None:
    goal = goal_of(servo, AXIS, axis_command(move(), Allowed.RECOVERY, speed=limit))
    assert value(goal, Source.TARGET_SPEED) == pytest.approx(expected)


def test_a_target_outside_the_axis_is_brought_inside(servo: DriveProfile) -> None:
    assert goal_of(servo, AXIS, axis_command(move(position_m=9.0))).target_m == 0.15


@pytest.mark.parametrize(
    ("permit_n", "setpoint_n", "expected_n"),
    [(15000, 0, 15000), (3000, 0, 3000), (3000, 1000, 1000), (0, 0, 15000)],
)
def test_the_smallest_force_limit_counts(
    servo: DriveProfile, permit_n: float, setpoint_n: float, expected_n: float
) -> None:
    goal = goal_of(servo, AXIS, axis_command(move(force_n=setpoint_n), force=permit_n))
    rated_n = 16.0 * 2 * 3.141592653589793 / 0.005
    assert value(goal, Source.TORQUE_LIMIT) == pytest.approx(100.0 * expected_n / rated_n)


def test_a_velocity_goes_to_a_drive_that_takes_velocities(servo: DriveProfile) -> None:
    goal = goal_of(servo, AXIS, axis_command(velocity(-0.001)))
    assert goal.kind is GoalKind.VELOCITY
    assert value(goal, Source.TARGET_SPEED) == pytest.approx(-12.0)


@pytest.mark.parametrize(("speed", "end_m"), [(0.01, 0.15), (-0.01, 0.0)])
def test_a_drive_that_takes_moves_only_goes_towards_its_soft_limit(
    asda: DriveProfile, speed: float, end_m: float
) -> None:
    goal = goal_of(asda, AXIS, axis_command(velocity(speed)))
    assert (goal.kind, goal.target_m, goal.move_id) == (GoalKind.MOVE, end_m, 0)
    assert value(goal, Source.TARGET_SPEED) == pytest.approx(120.0)
    assert goal_of(asda, AXIS, axis_command(velocity(0.0))) == HOLD


@pytest.mark.parametrize(
    "setpoint",
    [
        DriveSetpoint("z"),
        DriveSetpoint("z", SetpointKind.STOP),
        DriveSetpoint("z", SetpointKind.OUTPUTS),
        move(position_m=nan),
        move(speed_m_s=inf, acceleration=nan),
        move(speed_m_s=0.0),
        move(acceleration=0.0),
        velocity(nan),
        velocity(inf),
    ],
)
def test_what_makes_no_sense_or_is_no_wish_holds(servo: DriveProfile, setpoint: DriveSetpoint) -> None:
    assert goal_of(servo, AXIS, axis_command(setpoint)) == HOLD


def test_without_a_speed_in_the_permit_nothing_moves(servo: DriveProfile) -> None:
    assert goal_of(servo, AXIS, axis_command(move(), speed=0.0)) == HOLD
    assert goal_of(servo, AXIS, axis_command(velocity(0.01), speed=0.0)) == HOLD


@pytest.mark.parametrize(
    ("allowed", "goal"), [(Allowed.NONE, OFF), (Allowed.HOLD, HOLD), (Allowed.STOP_PROGRAM, HOLD)]
)
def test_without_a_permit_for_motion_a_setpoint_counts_for_nothing(
    servo: DriveProfile, allowed: Allowed, goal: Goal
) -> None:
    assert goal_of(servo, AXIS, axis_command(move(), allowed)) == goal


@pytest.mark.parametrize(
    ("wish_rpm", "permit_rpm", "hz"),
    [(1200.0, 1800.0, 40.0), (-1200.0, 1800.0, -40.0), (5000.0, 1800.0, 60.0), (1200.0, 600.0, 20.0)],
)
def test_a_spindle_speed_is_a_frequency_inside_both_limits(
    inverter: DriveProfile, wish_rpm: float, permit_rpm: float, hz: float
) -> None:
    setpoint = DriveSetpoint("s", SetpointKind.VELOCITY, target_speed_rpm=wish_rpm)
    command = LineDrive("s", Allowed.MOTION, max_speed_rpm=permit_rpm, setpoint=setpoint)
    goal = goal_of(inverter, SPINDLE, command)
    assert value(goal, Source.TARGET_SPEED) == pytest.approx(hz)


@pytest.mark.parametrize("wish_rpm", [0.0, nan, inf])
def test_a_spindle_without_a_sensible_speed_stops(inverter: DriveProfile, wish_rpm: float) -> None:
    setpoint = DriveSetpoint("s", SetpointKind.VELOCITY, target_speed_rpm=wish_rpm)
    command = LineDrive("s", Allowed.MOTION, max_speed_rpm=1800.0, setpoint=setpoint)
    assert goal_of(inverter, SPINDLE, command) == HOLD


@pytest.mark.parametrize(("wished", "permitted"), [(nan, 0.1), (0.05, nan), (0.0, 0.1), (0.05, 0.0)])
def test_a_reference_without_a_speed_limit_is_a_hold(
    servo: DriveProfile, wished: float, permitted: float
) -> None:
    belt = AXIS.model_copy(update={"absolute": False, "reference": ReferenceMethod.MARK_BACK})
    setpoint = DriveSetpoint("z", SetpointKind.REFERENCE, move_id=3, target_speed_m_s=wished)
    assert goal_of(servo, belt, axis_command(setpoint, speed=permitted)) == HOLD
    sound = DriveSetpoint("z", SetpointKind.REFERENCE, move_id=3, target_speed_m_s=0.05)
    assert goal_of(servo, belt, axis_command(sound)).kind is GoalKind.REFERENCE
